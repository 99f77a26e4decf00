"""The only source of randomness, seeded: the same seed and the same requests give the same ids, names and draws."""

import ipaddress
import random

ADJECTIVES = [
    "amber",
    "brisk",
    "calm",
    "daring",
    "eager",
    "fuzzy",
    "gentle",
    "hardy",
    "jolly",
    "keen",
    "lively",
    "mellow",
    "nimble",
    "patient",
    "quiet",
    "rapid",
    "sunny",
    "tidy",
    "upbeat",
    "vivid",
    "witty",
    "zesty",
    "bold",
    "clever",
    "dapper",
    "frosty",
    "happy",
    "loyal",
    "merry",
    "noble",
]
SURNAMES = [
    "babbage",
    "bohr",
    "cerf",
    "curie",
    "darwin",
    "dijkstra",
    "easley",
    "euler",
    "faraday",
    "franklin",
    "gauss",
    "goodall",
    "hopper",
    "jepsen",
    "kepler",
    "lamarr",
    "lovelace",
    "meitner",
    "newton",
    "noether",
    "pascal",
    "perlman",
    "ritchie",
    "shannon",
    "tesla",
    "thompson",
    "turing",
    "wing",
    "wozniak",
    "yalow",
]


class Ids:
    """Draws everything that Docker makes up: ids, names, MAC addresses, ports."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = random.SystemRandom().getrandbits(32) if seed is None else seed
        self.random = random.Random(self.seed)

    def hex(self, digits: int = 64) -> str:
        """Lower-case hexadecimal; a container id is 64 digits of it."""
        return f"{self.random.getrandbits(digits * 4):0{digits}x}"

    def id64(self) -> str:
        """64 digits whose first 12 are not all decimal, as dockerd insists (a short id must not look like a number)."""
        while True:
            drawn = self.hex(64)
            if not drawn[:12].isdigit():
                return drawn

    def name(self, attempt: int = 0) -> str:
        """A container name in Docker's style; from the second attempt on with a digit behind it."""
        name = f"{self.random.choice(ADJECTIVES)}_{self.random.choice(SURNAMES)}"
        return f"{name}{self.random.randrange(10)}" if attempt else name

    def mac(self) -> str:
        """A locally administered unicast MAC address, drawn as libnetwork draws one."""
        octets = [(self.random.randrange(256) | 0x02) & 0xFE]
        octets += [self.random.randrange(256) for _ in range(5)]
        return ":".join(f"{octet:02x}" for octet in octets)

    def uuid(self) -> str:
        """A version 4 UUID."""
        digits = self.hex(32)
        variant = "89ab"[self.random.randrange(4)]
        return (
            f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
        )

    def address(self, network: ipaddress.IPv4Network) -> ipaddress.IPv4Address:
        """Any host address of `network`."""
        return network[self.random.randrange(1, network.num_addresses - 1)]

    def identity(self) -> str:
        """BuildKit's ids: 25 characters of base 36."""
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"
        return "".join(self.random.choices(digits, k=25))

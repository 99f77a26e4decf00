"""Asking for names: nslookup, host, dig and getent."""

import ipaddress
from collections.abc import Callable, Sequence

from daemon.process.process import Process
from daemon.programs.net.addresses import is_address, lookup
from daemon.programs.tools.kit import Failure, UsageError, is_gnu, tool
from daemon.programs.tools.options import Options

EMBEDDED_DNS = "127.0.0.11"


def nameserver(proc: Process) -> str:
    """The first server in /etc/resolv.conf."""
    try:
        text = proc.machine.fs.read_bytes("/etc/resolv.conf").decode("utf-8", "replace")
    except OSError:
        return EMBEDDED_DNS
    servers = [
        words[1]
        for line in text.splitlines()
        if (words := line.split())[:1] == ["nameserver"] and words[1:]
    ]
    return servers[0] if servers else EMBEDDED_DNS


async def dns(proc: Process, name: str) -> Sequence[str]:
    """What the DNS server says, /etc/hosts left out."""
    if is_address(name):
        return []
    return list(proc.net.resolver(name.removesuffix(".")))


def name_of(proc: Process, address: str) -> str:
    """Whose an address is: the container's name and its network's, if the DNS server knows."""
    return proc.net.reverse(ipaddress.ip_address(address))


@tool("[-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]", raw=True, about="Query DNS about HOST")
async def nslookup(proc: Process, options: Options) -> int:
    words = [word for word in options.args if not word.startswith("-")]
    if not words:
        raise UsageError()
    server = words[1] if len(words) > 1 else nameserver(proc)
    if proc.net.way_out is None and not server.startswith("127."):
        raise Failure(f"can't connect to remote host ({server}): Network is unreachable")
    await proc.out(f"Server:\t\t{server}\nAddress:\t{_with_port(proc, server)}\n\n")
    if is_address(words[0]):
        answers = [_pointer(proc, words[0])]
    else:
        found = await dns(proc, words[0])
        answers = [_answer(words[0], kind, found) for kind in _kinds(options.args)]
    await proc.out("".join(answers))
    return 1 if any("NXDOMAIN" in answer for answer in answers) else 0


def _kinds(words: Sequence[str]) -> list[str]:
    """What is asked for: A and AAAA, if nothing else is said."""
    said = [word.partition("=")[2].lower() for word in words if word.startswith("-t")]
    return [kind for kind in said if kind] or ["a", "aaaa"]


def _answer(name: str, kind: str, found: Sequence[str]) -> str:
    """Docker's server knows addresses, says nothing of mail and texts, and forwards all other questions."""
    if not found or kind not in ("a", "aaaa", "mx", "txt"):
        return f"** server can't find {name}: NXDOMAIN\n\n"
    addresses = [a for a in found if kind == ("aaaa" if ":" in a else "a")]
    rows = "".join(f"Name:\t{name}\nAddress: {address}\n" for address in addresses)
    return f"Non-authoritative answer:\n{rows}\n"


def _pointer(proc: Process, address: str) -> str:
    pointer = ipaddress.ip_address(address).reverse_pointer
    if not (name := name_of(proc, address)):
        return f"** server can't find {pointer}: NXDOMAIN\n\n"
    return f"Non-authoritative answer:\n{pointer}\tname = {name}\n\n"


def _with_port(proc: Process, server: str) -> str:
    return f"{server}#53" if is_gnu(proc) else f"{server}:53"


@tool(
    "[-4] [-6] [-t TYPE] NAME [SERVER]",
    "46t:va",
    about="Look a name up in the DNS",
    package="9.18.33",
)
async def host(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    name = options.args[0]
    if is_address(name) and (known := name_of(proc, name)):
        pointer = ipaddress.ip_address(name).reverse_pointer
        await proc.out(f"{pointer} domain name pointer {known}.\n")
        return 0
    found = await dns(proc, name)
    if not found:
        await proc.out(f"Host {name} not found: 3(NXDOMAIN)\n")
        return 1
    for address in found:
        kind = "IPv6 address" if ":" in address else "address"
        await proc.out(f"{name} has {kind} {address}\n")
    return 0


async def dig(proc: Process) -> int:
    """dig NAME [TYPE] [+short]: the answers, in a zone file's form or alone."""
    words = [w for w in proc.argv[1:] if not w.startswith(("@", "-"))]
    short = "+short" in words
    names = [
        w for w in words if not w.startswith("+") and w.upper() not in ("A", "AAAA", "ANY", "IN")
    ]
    kind = "AAAA" if any(w.upper() == "AAAA" for w in words) else "A"
    name = names[0] if names else "."
    found = [a for a in await dns(proc, name) if (":" in a) == (kind == "AAAA")]
    if short:
        await proc.out("".join(f"{address}\n" for address in found))
        return 0
    status = "NOERROR" if found else "NXDOMAIN"
    await proc.out(
        f"\n; <<>> DiG 9.18.33 <<>> {' '.join(proc.argv[1:])}\n;; global options: +cmd\n;; Got answer:\n"
        f";; ->>HEADER<<- opcode: QUERY, status: {status}, id: {proc.machine.ids.random.randrange(65536)}\n"
        f";; flags: qr rd ra; QUERY: 1, ANSWER: {len(found)}, AUTHORITY: 0, ADDITIONAL: 0\n\n"
        f";; QUESTION SECTION:\n;{name}.\t\t\tIN\t{kind}\n\n"
    )
    if found:
        rows = "".join(f"{name}.\t\t600\tIN\t{kind}\t{address}\n" for address in found)
        await proc.out(f";; ANSWER SECTION:\n{rows}\n")
    await proc.out(
        f";; Query time: 0 msec\n;; SERVER: {nameserver(proc)}#53({nameserver(proc)}) (UDP)\n\n"
    )
    return 0


async def getent(proc: Process) -> int:
    """getent DATABASE [KEY...]: 0 found, 1 bad usage, 2 a key was not found."""
    words = [word for word in proc.argv[1:] if not word.startswith("-")]
    if not words:
        await proc.err(
            "getent: wrong number of arguments\nTry `getent --help' for more information.\n"
        )
        return 1
    database, keys = words[0], words[1:]
    if database in ("hosts", "ahosts", "ahostsv4", "ahostsv6"):
        return await _hosts(proc, database, keys)
    if database not in FILES:
        await proc.err(f"Unknown database: {database}\nTry `getent --help' for more information.\n")
        return 1
    return await _file(proc, database, keys)


async def _hosts(proc: Process, database: str, keys: list[str]) -> int:
    if not keys:
        for address, names in _entries(proc):
            await proc.out(f"{address:<15} {' '.join(names)}\n")
        return 0
    for key in keys:
        lines = await _host_lines(proc, database, key)
        if not lines:
            return 2
        await proc.out("".join(lines))
    return 0


async def _host_lines(proc: Process, database: str, key: str) -> list[str]:
    if is_address(key):
        names = next((names for address, names in _entries(proc) if address == key), [])
        names = names or [known for known in (name_of(proc, key),) if known]
        return [f"{key:<15} {' '.join(names)}\n"] if names else []
    found = list(await lookup(proc, key))
    if database == "ahostsv4":
        found = [address for address in found if ":" not in address]
    if database == "hosts":
        # The first family that answers, IPv6 before IPv4, as gethostbyname2 asks.
        found = [a for a in found if ":" in a] or found
        aliases = next((names for address, names in _entries(proc) if key in names), [key])
        return [f"{address:<15} {' '.join(aliases)}\n" for address in found]
    rows: list[str] = []
    for address in found:
        for kind in ("STREAM", "DGRAM", "RAW"):
            name = key if not rows else ""
            rows.append(f"{address:<15} {kind:<6} {name}".rstrip(" ") + "\n")
    return rows


def _entries(proc: Process) -> list[tuple[str, list[str]]]:
    try:
        text = proc.machine.fs.read_bytes("/etc/hosts").decode("utf-8", "replace")
    except OSError:
        return []
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [(words[0], words[1:]) for words in lines if len(words) > 1]


FILES: dict[str, Callable[[list[str]], tuple[str, ...]]] = {
    "passwd": lambda fields: (fields[0], fields[2]),
    "group": lambda fields: (fields[0], fields[2]),
    "shadow": lambda fields: (fields[0],),
    "services": lambda fields: (fields[0].split()[0], fields[0].split()[1].partition("/")[0]),
    "protocols": lambda fields: tuple(fields[0].split()[:2]),
}
"""Databases that are files: which words of a line are its keys."""


async def _file(proc: Process, database: str, keys: list[str]) -> int:
    try:
        text = proc.machine.fs.read_bytes(f"/etc/{database}", who=proc.cred).decode(
            "utf-8", "replace"
        )
    except OSError:
        text = ""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if not keys:
        await proc.out("".join(f"{line}\n" for line in lines))
        return 0
    for key in keys:
        line = next((line for line in lines if key in FILES[database](line.split(":"))), None)
        if line is None:
            return 2
        await proc.out(f"{line}\n")
    return 0

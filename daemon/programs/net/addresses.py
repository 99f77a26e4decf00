"""Names and addresses, as every client among the tools needs them."""

import ipaddress
from collections.abc import Sequence

from daemon.process.process import Process

SERVICES = {
    "ftp": 21,
    "ssh": 22,
    "telnet": 23,
    "smtp": 25,
    "domain": 53,
    "http": 80,
    "pop3": 110,
    "ntp": 123,
    "imap": 143,
    "https": 443,
    "mysql": 3306,
    "postgresql": 5432,
    "redis": 6379,
    "http-alt": 8080,
}


def is_address(text: str) -> bool:
    """Whether the text is an address of either family already."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


async def lookup(proc: Process, name: str) -> Sequence[str]:
    """The addresses of a name, those of IPv4 first; empty if it has none."""
    if is_address(name):
        return [name]
    try:
        found = await proc.resolve(name)
    except OSError:
        return []
    return sorted(found, key=lambda address: ":" in address)


def port_number(text: str) -> int | None:
    """A port by its number or by the name of its service."""
    number = int(text) if text.isdigit() else SERVICES.get(text, 0)
    return number if 0 < number < 65536 else None


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address

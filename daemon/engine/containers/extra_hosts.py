"""`--add-host` entries: a name and an address, or the word for the host's gateway."""

import ipaddress
import re

from daemon.errors import InvalidParameter

HOST_GATEWAY = "host-gateway"


def split_extra_host(entry: str) -> tuple[str, str]:
    """Name and address; the separator is the first colon, or an equals sign."""
    match = re.match(r"([^:=]*)[:=]", entry)
    if not match:
        return entry, ""
    return match.group(1), entry[match.end() :].strip("[]")


def check_extra_host(entry: str) -> None:
    name, address = split_extra_host(entry)
    if not name or not address:
        raise InvalidParameter(f'bad format for add-host: "{entry}"')
    if address == HOST_GATEWAY:
        return
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise InvalidParameter(f'invalid IP address in add-host: "{address}"') from None

"""`--add-host` entries: a name and an address, or the word for the host's gateway."""

import ipaddress

from daemon.errors import InvalidParameter

HOST_GATEWAY = "host-gateway"


def split_extra_host(entry: str) -> tuple[str, str]:
    """Name and address; the separator is the first colon."""
    name, _, address = entry.partition(":")
    return name, address


def check_extra_host(entry: str) -> None:
    name, address = split_extra_host(entry)
    if not name or ":" not in entry:
        raise InvalidParameter(f'bad format for add-host: "{entry}"')
    if address == HOST_GATEWAY:
        return
    try:
        if "%" in address:
            raise ValueError(address)
        ipaddress.ip_address(address)
    except ValueError:
        raise InvalidParameter(f'invalid IP address in add-host: "{address}"') from None

"""ip, as busybox and as iproute2 have it: it shows interfaces, addresses, routes and neighbours."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_address

from daemon.process.net import Interface
from daemon.process.process import Process
from daemon.programs.net.interfaces import Route, numbered, routes
from daemon.programs.tools.kit import is_gnu, is_musl

USAGE = """Usage: ip [OPTIONS] address|route|link|neigh|rule [ARGS]

OPTIONS := -f[amily] inet|inet6|link | -o[neline]
"""
OBJECTS = ("address", "link", "route", "neighbour", "rule")
SHOWS = ("", "show", "list", "ls", "lst", "s", "l", "sh")
ALIASES = {
    "ipaddr": "address",
    "iplink": "link",
    "iproute": "route",
    "iprule": "rule",
    "ipneigh": "neighbour",
}
RULES = (
    "0:\tfrom all lookup local \n32766:\tfrom all lookup main \n32767:\tfrom all lookup default \n"
)


class IpError(Exception):
    """What ip complains about, and its exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


@dataclass(slots=True)
class Request:
    """The command line, read."""

    family: str = ""
    oneline: bool = False
    brief: bool = False
    thing: str = ""
    verb: str = ""
    words: list[str] = field(default_factory=list)

    @property
    def device(self) -> str:
        """The interface that is asked about; empty for all."""
        words = [word for word in self.words if word not in ("up", "scope", "global")]
        if "dev" in words and words[-1] != "dev":
            return words[words.index("dev") + 1]
        return words[0] if words and self.thing in ("address", "link") else ""


async def ip(proc: Process) -> int:
    try:
        request = _read(proc)
        await proc.out(VIEWS[request.thing](proc, request))
    except IpError as error:
        await proc.err(error.text)
        return error.code
    return 0


def _read(proc: Process) -> Request:
    request = Request(thing=ALIASES.get(proc.argv[0].rpartition("/")[2], ""))
    words = list(proc.argv[1:])
    while words and words[0].startswith("-"):
        _option(request, words.pop(0), words)
    if not request.thing:
        if not words:
            raise IpError(USAGE, 1 if not is_gnu(proc) else 255)
        request.thing = _object(proc, words.pop(0))
    if words and not (words[0] in ("dev", "get") or words[0] in proc.net.interfaces):
        request.verb = words.pop(0)
    request.words = words
    if request.verb not in SHOWS:
        raise _refused(proc, request)
    return request


def _option(request: Request, word: str, rest: list[str]) -> None:
    name = word.lstrip("-")
    if name in ("4", "6"):
        request.family = name
    elif name in ("f", "family") and rest:
        request.family = {"inet": "4", "inet6": "6"}.get(rest.pop(0), "")
    elif name in ("o", "oneline"):
        request.oneline = True
    elif name in ("br", "brief"):
        request.brief = True


def _object(proc: Process, word: str) -> str:
    for thing in OBJECTS:
        if thing.startswith(word):
            return thing
    if is_gnu(proc):
        raise IpError(f'Object "{word}" is unknown, try "ip help".\n')
    raise IpError(USAGE)


def _refused(proc: Process, request: Request) -> IpError:
    """Changes need NET_ADMIN, which a container does not have unless it was given."""
    if request.verb in ("add", "del", "delete", "set", "change", "replace", "append", "flush"):
        mark = "" if is_gnu(proc) else "ip: "
        return IpError(f"{mark}RTNETLINK answers: Operation not permitted\n", 2)
    if is_gnu(proc):
        return IpError(
            f'Command "{request.verb}" is unknown, try "ip {request.thing} help".\n', 255
        )
    return IpError(USAGE)


def _chosen(proc: Process, request: Request) -> list[tuple[int, Interface]]:
    found = numbered(proc)
    if not request.device:
        return found
    found = [(number, link) for number, link in found if link.name == request.device]
    if not found:
        gnu = f'Device "{request.device}" does not exist.\n'
        raise IpError(gnu if is_gnu(proc) else f"ip: can't find device '{request.device}'\n")
    return found


# --- addresses and links


def _addresses(proc: Process, request: Request) -> str:
    return "".join(_address_block(proc, request, n, link) for n, link in _chosen(proc, request))


def _address_block(proc: Process, request: Request, number: int, link: Interface) -> str:
    addresses = [
        address
        for address in link.addresses
        if request.family in ("", str(address.version)) and _in_scope(request, address)
    ]
    if request.brief:
        shown = "".join(f"{address} " for address in addresses)
        return f"{_label(number, link):<16} {_state(link):<14} {shown}\n"
    if request.oneline:
        lines = [f"{_inet(link, address)}\\       {LIFETIMES}" for address in addresses]
        return "".join(f"{number}: {link.name}    {line}\n" for line in lines)
    if not addresses and (request.family or "scope" in request.words):
        return ""
    body = "".join(f"    {_inet(link, address)}\n       {LIFETIMES}\n" for address in addresses)
    return _link_block(proc, request, number, link) + body


def _in_scope(request: Request, address: IPv4Interface | IPv6Interface) -> bool:
    return "global" not in request.words or not address.ip.is_loopback


LIFETIMES = "valid_lft forever preferred_lft forever"


def _inet(link: Interface, address: IPv4Interface | IPv6Interface) -> str:
    if address.version == 6:
        scope = "host " if address.ip.is_loopback else "global flags 02 "
        return f"inet6 {address} scope {scope}"
    if address.ip.is_loopback:
        return f"inet {address} scope host {link.name}"
    return f"inet {address} brd {address.network.broadcast_address} scope global {link.name}"


def _links(proc: Process, request: Request) -> str:
    return "".join(_link_block(proc, request, n, link) for n, link in _chosen(proc, request))


def _link_block(proc: Process, request: Request, number: int, link: Interface) -> str:
    if request.brief:
        return f"{_label(number, link):<16} {_state(link):<14} {link.mac} {_flags(proc, link)} \n"
    joint = "\\" if request.oneline else "\n"
    kind, broadcast = (
        ("loopback", "00:00:00:00:00:00") if link.name == "lo" else ("ether", "ff:ff:ff:ff:ff:ff")
    )
    peer = "" if link.name == "lo" or not is_gnu(proc) else " link-netnsid 0"
    return (
        f"{number}: {_label(number, link)}: {_flags(proc, link)} mtu {link.mtu} qdisc noqueue "
        f"{_tail(proc, link)}{joint}    link/{kind} {link.mac} brd {broadcast}{peer}\n"
    )


def _label(number: int, link: Interface) -> str:
    """A veth names its other end, which has the next number on the host."""
    return link.name if link.name == "lo" else f"{link.name}@if{number + 1}"


def _state(link: Interface) -> str:
    return "UNKNOWN" if link.name == "lo" else "UP"


def _flags(proc: Process, link: Interface) -> str:
    if link.name == "lo":
        return "<LOOPBACK,UP,LOWER_UP>"
    return f"<BROADCAST,MULTICAST,UP,LOWER_UP{'' if is_gnu(proc) else ',M-DOWN'}>"


def _tail(proc: Process, link: Interface) -> str:
    queue = "qlen 1000" if link.name == "lo" else ""
    if is_gnu(proc):
        return f"state {_state(link)} group default {queue}"
    return f"state {_state(link)} {queue}" if is_musl(proc) else queue


# --- routes and the rest


def _routes(proc: Process, request: Request) -> str:
    if request.words[:1] == ["get"] and len(request.words) > 1:
        return _route_to(proc, request.words[1])
    if request.family == "6":
        return ""
    found = [route for route in routes(proc) if request.device in ("", route.device)]
    return "".join(_route_line(proc, route) for route in found)


def _route_line(proc: Process, route: Route) -> str:
    if route.gateway:
        return f"default via {route.gateway} dev {route.device} \n"
    kernel = "proto kernel scope link src" if is_gnu(proc) else "scope link  src"
    return f"{route.network} dev {route.device} {kernel} {route.source} \n"


def _route_to(proc: Process, text: str) -> str:
    try:
        target = ip_address(text)
    except ValueError:
        raise IpError(f"ip: invalid argument '{text}' to 'ip route get'\n") from None
    for route in routes(proc, default_last=True):
        if route.gateway or target in route.network:
            via = f"via {route.gateway} " if route.gateway else ""
            gap = " " if is_gnu(proc) else "  "
            return f"{text} {via}dev {route.device}{gap}src {route.source} \n"
    raise IpError("ip: RTNETLINK answers: Network is unreachable\n", 2)


def _neighbours(proc: Process, request: Request) -> str:
    return ""


def _rules(proc: Process, request: Request) -> str:
    return RULES


VIEWS: dict[str, Callable[[Process, Request], str]] = {
    "address": _addresses,
    "link": _links,
    "route": _routes,
    "neighbour": _neighbours,
    "rule": _rules,
}

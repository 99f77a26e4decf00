"""The files of /proc/net, from the namespace's own tables."""

from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_address
from typing import Final

from daemon.fs.synthetic import SyntheticFile, SyntheticFolder
from daemon.process.net import Interface, NetNamespace
from daemon.process.sockets import Address, Connection, Datagrams, Listener, Socket

TCP_STATES: Final = {
    "ESTABLISHED": 0x01,
    "FIN_WAIT2": 0x05,
    "TIME_WAIT": 0x06,
    "CLOSED": 0x07,
    "CLOSE_WAIT": 0x08,
    "LISTEN": 0x0A,
}
ROUTE_UP, ROUTE_GATEWAY = 1, 2
LINE: Final = 149
"""The kernel pads IPv4 socket lines to this width."""


def net_folder(namespace: NetNamespace) -> SyntheticFolder:
    def reader(make: Callable[[NetNamespace], str]) -> Callable[[], bytes]:
        return lambda: make(namespace).encode()

    return SyntheticFolder.of({name: SyntheticFile(reader(make)) for name, make in _FILES.items()})


def _hex(address: str) -> str:
    """An address as the kernel prints it: each 32-bit word in the host's byte order."""
    packed = ip_address(address).packed
    words = (packed[at : at + 4][::-1].hex().upper() for at in range(0, len(packed), 4))
    return "".join(words)


def _endpoint(address: Address, six: bool) -> str:
    host = address.host or ("::" if six else "0.0.0.0")
    if six and ip_address(host).version == 4:
        host = f"::ffff:{host}"
    return f"{_hex(host)}:{address.port:04X}"


def _is_six(socket: Socket) -> bool:
    return ":" in socket.local.host


def _tcp_line(number: int, socket: Socket, six: bool) -> str:
    if isinstance(socket, Connection):
        state, waiting, uid = TCP_STATES[socket.state], socket.unread, socket.uid
    else:
        state, uid = TCP_STATES["LISTEN"], socket.uid
        waiting = socket.waiting if isinstance(socket, Listener) else 0
    return (
        f"{number:4d}: {_endpoint(socket.local, six)} {_endpoint(socket.peer, six)} {state:02X} "
        f"00000000:{waiting:08X} 00:00000000 00000000 {uid:5d}        0 {socket.inode} "
        f"1 {socket.inode:016x} 100 0 0 10 0"
    )


def _tcp(namespace: NetNamespace, six: bool) -> str:
    listeners: Iterable[Socket] = (s for s in namespace.bound_sockets() if isinstance(s, Listener))
    sockets = [s for s in [*listeners, *namespace.connections] if _is_six(s) == six]
    lines = [_tcp_line(number, socket, six) for number, socket in enumerate(sockets)]
    if six:
        head = (
            "  sl  local_address                         remote_address                        "
            "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
        )
        return "".join(f"{line}\n" for line in [head, *lines])
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
    return "".join(f"{line:<{LINE}}\n" for line in [head, *lines])


def _udp(namespace: NetNamespace, six: bool) -> str:
    head = (
        "  sl  local_address                         remote_address                        "
        if six
        else "   sl  local_address rem_address   "
    ) + "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops"
    lines = [head if six else f"{head:<127}"]
    for number, socket in enumerate(namespace.bound_sockets(), 100):
        if isinstance(socket, Datagrams) and _is_six(socket) == six:
            lines.append(
                f"{number:5d}: {_endpoint(socket.local, six)} {_endpoint(socket.peer, six)} 07 "
                f"00000000:{socket.queued:08X} 00:00000000 00000000 {socket.uid:5d}        0 "
                f"{socket.inode} 2 {socket.inode:016x} 0"
            )
    return "".join(f"{line}\n" for line in lines)


def _dev(namespace: NetNamespace) -> str:
    lines = [
        "Inter-|   Receive                                                |  Transmit",
        " face |bytes    packets errs drop fifo frame compressed multicast"
        "|bytes    packets errs drop fifo colls carrier compressed",
    ]
    for interface in namespace.interfaces.values():
        t = interface.traffic
        lines.append(
            f"{interface.name:>6}:{t.received:>8} {t.received_packets:>7}    0    0    0     0          0         0 "
            f"{t.sent:>8} {t.sent_packets:>7}    0    0    0     0       0          0"
        )
    return "".join(f"{line}\n" for line in lines)


def _route_line(name: str, to: str, gateway: str, flags: int, mask: str) -> str:
    return f"{name}\t{_hex(to)}\t{_hex(gateway)}\t{flags:04X}\t0\t0\t0\t{_hex(mask)}\t0\t0\t0"


def _route(namespace: NetNamespace) -> str:
    head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
    lines = [head]
    zero = "0.0.0.0"
    if (out := namespace.way_out) is not None:
        flags = ROUTE_UP | ROUTE_GATEWAY
        lines.append(_route_line(out.name, zero, out.gateway, flags, zero))
    for interface in _outer(namespace):
        for address in interface.addresses:
            if address.version == 4:
                net = address.network
                lines.append(
                    _route_line(
                        interface.name, str(net.network_address), zero, ROUTE_UP, str(net.netmask)
                    )
                )
    return "".join(f"{line:<127}\n" for line in lines)


def _outer(namespace: NetNamespace) -> list[Interface]:
    return [i for i in namespace.interfaces.values() if i.name != "lo"]


def _if_inet6(namespace: NetNamespace) -> str:
    lines = []
    for index, interface in enumerate(namespace.interfaces.values(), 1):
        scope = "10" if interface.name == "lo" else "00"
        for address in interface.addresses:
            if isinstance(address.ip, IPv6Address):
                length = address.network.prefixlen
                lines.append(
                    f"{address.ip.packed.hex()} {index:02x} {length:02x} {scope} 80 {interface.name:>8}\n"
                )
    return "".join(lines)


def _arp(namespace: NetNamespace) -> str:
    return "IP address       HW type     Flags       HW address            Mask     Device\n"


def _sockstat(namespace: NetNamespace) -> str:
    bound = list(namespace.bound_sockets())
    tcp = sum(isinstance(s, Listener) for s in bound) + len(namespace.connections)
    udp = sum(isinstance(s, Datagrams) for s in bound)
    return (
        f"sockets: used {tcp + udp}\nTCP: inuse {tcp} orphan 0 tw 0 alloc {tcp} mem 0\n"
        f"UDP: inuse {udp} mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n"
    )


_FILES: Final[dict[str, Callable[[NetNamespace], str]]] = {
    "arp": _arp,
    "dev": _dev,
    "if_inet6": _if_inet6,
    "route": _route,
    "sockstat": _sockstat,
    "tcp": lambda namespace: _tcp(namespace, False),
    "tcp6": lambda namespace: _tcp(namespace, True),
    "udp": lambda namespace: _udp(namespace, False),
    "udp6": lambda namespace: _udp(namespace, True),
    "unix": lambda _n: "Num       RefCount Protocol Flags    Type St Inode Path\n",
}

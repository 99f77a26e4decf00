"""ifconfig, route and arp, as busybox and net-tools have them."""

from daemon.process.net import Interface
from daemon.process.process import Process
from daemon.programs.net.interfaces import numbered, routes
from daemon.programs.tools.kit import is_gnu


async def ifconfig(proc: Process) -> int:
    words = [word for word in proc.argv[1:] if not word.startswith("-")]
    links = {link.name: link for _, link in numbered(proc)}
    if len(words) > 1:
        await proc.err("ifconfig: SIOCSIFADDR: Operation not permitted\n")
        return 1
    if words and words[0] not in links:
        busybox = f"ifconfig: {words[0]}: error fetching interface information: Device not found\n"
        gnu = f"{words[0]}: error fetching interface information: Device not found\n"
        await proc.err(gnu if is_gnu(proc) else busybox)
        return 1
    shown = [links[name] for name in words or sorted(links)]
    block = _net_tools if is_gnu(proc) else _busybox
    await proc.out("".join(f"{block(link)}\n" for link in shown))
    return 0


def _human(nbytes: int, unit: str) -> str:
    for name in ("", "Ki", "Mi"):
        if nbytes < 1024 or name == "Mi":
            return f"{nbytes:.1f} {name}{unit}"
        nbytes = nbytes // 102.4 / 10  # type: ignore[assignment]
    raise AssertionError("the last unit takes all")


def _busybox(link: Interface) -> str:
    loop, pad = link.name == "lo", " " * 10
    kind = "Local Loopback  " if loop else f"Ethernet  HWaddr {link.mac.upper()}  "
    lines = [f"{link.name:<10}Link encap:{kind}"]
    for address in link.addresses:
        if address.version == 6:
            scope = "Host" if address.ip.is_loopback else "Global"
            lines.append(f"{pad}inet6 addr: {address} Scope:{scope}")
        else:
            broadcast = "" if loop else f"  Bcast:{address.network.broadcast_address}"
            lines.append(f"{pad}inet addr:{address.ip}{broadcast}  Mask:{address.netmask}")
    flags = "UP LOOPBACK RUNNING" if loop else "UP BROADCAST RUNNING MULTICAST"
    traffic = link.traffic
    return "\n".join(
        [
            *lines,
            f"{pad}{flags}  MTU:{link.mtu}  Metric:1",
            f"{pad}RX packets:{traffic.received_packets} errors:0 dropped:0 overruns:0 frame:0",
            f"{pad}TX packets:{traffic.sent_packets} errors:0 dropped:0 overruns:0 carrier:0",
            f"{pad}collisions:0 txqueuelen:{1000 if loop else 0} ",
            f"{pad}RX bytes:{traffic.received} ({_human(traffic.received, 'B')})  "
            f"TX bytes:{traffic.sent} ({_human(traffic.sent, 'B')})",
            "",
        ]
    )


def _net_tools(link: Interface) -> str:
    loop, pad = link.name == "lo", " " * 8
    number, flags = (
        (73, "UP,LOOPBACK,RUNNING") if loop else (4163, "UP,BROADCAST,RUNNING,MULTICAST")
    )
    lines = [f"{link.name}: flags={number}<{flags}>  mtu {link.mtu}"]
    for address in link.addresses:
        if address.version == 6:
            scope = "0x10<host>" if address.ip.is_loopback else "0x0<global>"
            lines.append(
                f"{pad}inet6 {address.ip}  prefixlen {address.network.prefixlen}  scopeid {scope}"
            )
        else:
            broadcast = "" if loop else f"  broadcast {address.network.broadcast_address}"
            lines.append(f"{pad}inet {address.ip}  netmask {address.netmask}{broadcast}")
    kind = (
        "loop  txqueuelen 1000  (Local Loopback)"
        if loop
        else f"ether {link.mac}  txqueuelen 0  (Ethernet)"
    )
    traffic = link.traffic
    return "\n".join(
        [
            *lines,
            f"{pad}{kind}",
            f"{pad}RX packets {traffic.received_packets}  bytes {traffic.received} ({_human(traffic.received, 'B')})",
            f"{pad}RX errors 0  dropped 0  overruns 0  frame 0",
            f"{pad}TX packets {traffic.sent_packets}  bytes {traffic.sent} ({_human(traffic.sent, 'B')})",
            f"{pad}TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0",
            "",
        ]
    )


async def route(proc: Process) -> int:
    """The routing table; -n shows numbers only."""
    words = proc.argv[1:]
    if any(word in ("add", "del") for word in words):
        await proc.err("route: SIOCADDRT: Operation not permitted\n")
        return 1
    numeric = any(word.startswith("-") and "n" in word for word in words)
    await proc.out(route_table(proc, numeric=numeric))
    return 0


def route_table(proc: Process, *, numeric: bool) -> str:
    text = (
        "Kernel IP routing table\n"
        "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
    )
    for row in routes(proc):
        network = row.network
        target = str(network.network_address)
        if row.gateway and not numeric:
            target = "default"
        gateway = row.gateway or ("0.0.0.0" if numeric or is_gnu(proc) else "*")
        flags = "UG" if row.gateway else "U"
        text += f"{target:<15} {gateway:<15} {network.netmask!s:<15} {flags:<5} 0      0        0 {row.device}\n"
    return text


async def arp(proc: Process) -> int:
    """The neighbours that are known: the gateway of each network."""
    for _, link in numbered(proc):
        if link.gateway:
            await proc.out(f"? ({link.gateway}) at 02:42:00:00:00:01 [ether]  on {link.name}\n")
    return 0

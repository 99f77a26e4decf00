"""/sys: network interfaces, processors and the folders that programs look for."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from daemon.fs.synthetic import SyntheticFile, SyntheticFolder, SyntheticNode
from daemon.process.net import Interface

if TYPE_CHECKING:
    from daemon.process.machine import Machine


def sys_root(machine: "Machine") -> SyntheticFolder:
    """Every start mounts this, few programs read it."""
    return SyntheticFolder.made_for(machine, _ROOT)


def _empty(_machine: "Machine") -> SyntheticFolder:
    return SyntheticFolder.of({})


def _classes(machine: "Machine") -> SyntheticFolder:
    return SyntheticFolder.made_for(machine, _CLASSES)


def _devices(machine: "Machine") -> SyntheticFolder:
    count = machine.host.cpus
    cpus = f"0-{count - 1}" if count > 1 else "0"
    cpu = SyntheticFolder.of(_texts({"online": cpus, "possible": cpus, "present": cpus}))
    return SyntheticFolder.of(
        {"system": SyntheticFolder.of({"cpu": cpu}), "virtual": SyntheticFolder.of({})}
    )


def _kernel(_machine: "Machine") -> SyntheticFolder:
    pages = _texts({"enabled": "always [madvise] never", "hpage_pmd_size": "2097152"})
    memory = SyntheticFolder.of({"transparent_hugepage": SyntheticFolder.of(pages)})
    return SyntheticFolder.of({"mm": memory, "security": SyntheticFolder.of({})})


def _texts(entries: Mapping[str, str]) -> dict[str, SyntheticNode]:
    return {name: SyntheticFile(f"{text}\n".encode) for name, text in entries.items()}


# --- /sys/class/net


def _net_class(machine: "Machine") -> SyntheticFolder:
    def find(name: str) -> SyntheticNode | None:
        interface = machine.net.interfaces.get(name)
        return _interface(machine, interface) if interface is not None else None

    return SyntheticFolder(lambda: list(machine.net.interfaces), find)


def _interface(machine: "Machine", interface: Interface) -> SyntheticFolder:
    index = str(list(machine.net.interfaces).index(interface.name) + 1)
    loopback = interface.name == "lo"
    traffic = interface.traffic
    entries = _texts(
        {
            "address": interface.mac,
            "addr_len": "6",
            "broadcast": "00:00:00:00:00:00" if loopback else "ff:ff:ff:ff:ff:ff",
            "carrier": "1",
            "dormant": "0",
            "flags": "0x9" if loopback else "0x1003",
            "ifindex": index,
            "iflink": index,
            "mtu": str(interface.mtu),
            "operstate": "unknown" if loopback else "up",
            "tx_queue_len": "1000" if loopback else "0",
            "type": "772" if loopback else "1",
        }
        | ({} if loopback else {"duplex": "full", "speed": "10000"})
    )
    entries["statistics"] = SyntheticFolder.of(
        _texts(
            {
                "rx_bytes": str(traffic.received),
                "rx_dropped": "0",
                "rx_errors": "0",
                "rx_packets": str(traffic.received_packets),
                "tx_bytes": str(traffic.sent),
                "tx_dropped": "0",
                "tx_errors": "0",
                "tx_packets": str(traffic.sent_packets),
            }
        )
    )
    return SyntheticFolder.of(entries)


_Makers = dict[str, Callable[["Machine"], SyntheticNode]]

_CLASSES: Final[_Makers] = {
    **dict.fromkeys(("bdi", "block", "mem", "misc", "thermal", "tty", "vtconsole"), _empty),
    "net": _net_class,
}

_ROOT: Final[_Makers] = {
    "block": _empty,
    "bus": _empty,
    "class": _classes,
    "dev": _empty,
    "devices": _devices,
    "firmware": _empty,
    "fs": lambda _machine: SyntheticFolder.of({"cgroup": SyntheticFolder.of({})}),
    "kernel": _kernel,
    "module": _empty,
    "power": _empty,
}

"""What the drivers macvlan and ipvlan refuse of a network, in their words and their order.

The simulated host has a few devices, and the drivers make VLANs of them as they do on Linux.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.engine.networks import bridge_rules
from daemon.engine.networks.network import Network
from daemon.errors import System

_DEVICES = ("lo", "eth0", "docker0")
_PARENT = "parent"
_LAST_VLAN = 4094

# By driver: each option with the values that it may have; the first one is the default.
_CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "macvlan": {"mode": ("bridge", "private", "vepa", "passthru")},
    "ipvlan": {"mode": ("l2", "l3", "l3s"), "flag": ("bridge", "private", "vepa")},
}


def check_options(network: Network) -> None:
    """What can be said before there are addresses."""
    driver = network.driver
    for kind, values in _CHOICES[driver].items():
        value = network.options.get(f"{driver}_{kind}", "")
        if value and value not in values:
            default = f"'{values[0]}' {kind}" if kind == "mode" else f"'{values[0]}'"
            raise System(
                f"requested {driver} {kind} '{value}' is not valid, {default} is the {driver} driver default"
            )
    if network.options.get(_PARENT) == "lo":
        raise System(f"loopback interface is not a valid {driver} parent link")


def without_gateway(network: Network) -> frozenset[int]:
    """Without a parent there is nowhere to go; an ipvlan in layer 3 routes to the device itself."""
    layer3 = network.driver == "ipvlan" and network.options.get("ipvlan_mode") in ("l3", "l3s")
    closed = network.internal or not network.options.get(_PARENT)
    return frozenset({4, 6}) if closed or layer3 else frozenset()


def check_made(network: Network, others: Iterable[Network]) -> None:
    """The parent may be used, and is there or can be made."""
    parent = network.options.get(_PARENT, "")
    if not parent:
        return
    siblings = [
        other
        for other in others
        if other.driver == network.driver and other.options.get(_PARENT) == parent
    ]
    for other in siblings:
        _check_sharing(network, other, parent)
    bridges = [bridge_rules.bridge_name(other) for other in others if other.driver == "bridge"]
    if parent not in (*_DEVICES, *bridges):
        _check_vlan(parent, (*_DEVICES, *bridges))


def _check_sharing(network: Network, other: Network, parent: str) -> None:
    if network.driver == "ipvlan":
        raise System(f"network di-{other.id[:12]} is already using parent interface {parent}")
    if network.options.get("macvlan_mode") == "passthru":
        raise System(
            f"cannot use mode passthru, macvlan network {other.id} is already using parent interface {parent}"
        )
    if other.options.get("macvlan_mode") == "passthru":
        raise System(
            f"macvlan network {other.id} is already using parent interface {parent} in mode passthru"
        )


def _check_vlan(name: str, devices: Iterable[str]) -> None:
    """`eth0.10` is made of eth0; anything else that does not exist is refused."""
    if "." not in name:
        raise System(f"invalid subinterface vlan name {name}, example formatting is eth0.10")
    parent, _dot, vlan = name.partition(".")
    if "." in vlan:
        raise System(
            f"required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received {name}"
        )
    number = vlan.removeprefix("-").removeprefix("+")
    if not (number.isascii() and number.isdecimal()):
        raise System(f"unable to parse a valid vlan id from: {vlan} (ex. eth0.10 for vlan 10)")
    if parent not in devices:
        raise System(f"-o parent interface was not found on the host: {parent}")
    if not 1 <= int(vlan) <= _LAST_VLAN:
        raise System(f"vlan id must be between 1-4094, received: {int(vlan)}")

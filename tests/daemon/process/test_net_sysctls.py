"""/proc/sys/net: the namespace's own, with a folder for each interface."""

import pytest

from daemon.clock import Clock
from daemon.process.net import Fabric, NetNamespace
from daemon.process.net_sysctls import net_sysctls, read, write


@pytest.fixture
def namespace() -> NetNamespace:
    fabric = Fabric()
    fabric.add_network("net", subnets=["10.0.0.0/24"], gateways=[])
    made = NetNamespace(clock=Clock(), fabric=fabric)
    made.attach("net", addresses=["10.0.0.2/24"], mtu=1400)
    return made


def test_each_interface_has_a_folder(namespace: NetNamespace) -> None:
    conf = net_sysctls(namespace, "ipv4/conf/")
    assert list(conf.names()) == ["all", "default", "lo", "eth0"]
    assert list(net_sysctls(namespace, "ipv6/neigh/").names()) == ["lo", "eth0"]
    assert read(namespace, "ipv4/conf/eth1/forwarding") is None
    assert read(namespace, "ipv6/conf/eth0/mtu") == "1400"
    assert read(namespace, "ipv6/conf/lo/disable_ipv6") == "0"
    assert read(namespace, "ipv6/conf/eth0/disable_ipv6") == "1"


def test_numbers_stay_numbers(namespace: NetNamespace) -> None:
    write(namespace, "ipv4/conf/eth0/log_martians", "1\n")
    assert read(namespace, "ipv4/conf/eth0/log_martians") == "1"
    assert read(namespace, "ipv4/conf/all/log_martians") == "0"
    with pytest.raises(OSError, match="Invalid argument"):
        write(namespace, "ipv4/conf/eth0/log_martians", "x")
    with pytest.raises(FileNotFoundError):
        write(namespace, "ipv4/conf/eth0/nosuch", "1")
    write(namespace, "ipv4/tcp_congestion_control", "reno")
    assert read(namespace, "ipv4/tcp_congestion_control") == "reno"


def test_all_without_ipv6_is_each_without(namespace: NetNamespace) -> None:
    write(namespace, "ipv6/conf/all/disable_ipv6", "1")
    assert read(namespace, "ipv6/conf/lo/disable_ipv6") == "1"

"""Containers come onto networks and go: addresses, names, refusals. Asked of Engine 28.5.2."""

from ipaddress import ip_address
from typing import Any

import pytest

from api_schema.endpoint_settings import EndpointIPAMConfig, EndpointSettings
from api_schema.networks import IPAM, IPAMConfig, NetworkCreateRequest
from daemon.clock import ManualClock
from daemon.engine.networks import Networks
from daemon.errors import DockerError, Forbidden, System
from daemon.events import Events
from daemon.filters import Filters
from daemon.ids import Ids
from daemon.process.fabric import Host
from daemon.process.net import NetNamespace

CLOCK = ManualClock()


@pytest.fixture
def networks() -> Networks:
    return Networks(CLOCK, Ids(1), Events(CLOCK))


def create(networks: Networks, name: str, *subnets: str, **extra: Any) -> None:
    pools = [IPAMConfig(subnet=subnet) for subnet in subnets]
    ipam = IPAM(config=pools) if pools else None
    networks.create(NetworkCreateRequest(name=name, ipam=ipam, **extra))


def join(
    networks: Networks,
    network: str,
    name: str,
    namespace: NetNamespace | None = None,
    *,
    hostname: str = "",
    **settings: Any,
) -> EndpointSettings:
    return networks.join(
        networks.get(network),
        container_id=(name * 64)[:64],
        container_name=name,
        settings=EndpointSettings(**settings),
        namespace=namespace or NetNamespace(clock=CLOCK),
        hostname=hostname,
    )


def leave(networks: Networks, network: str, name: str) -> None:
    networks.leave(networks.get(network).id, (name * 64)[:64])


def test_the_lowest_free_address_is_given(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24")
    assert [join(networks, "n", name).ip_address for name in "ab"] == ["10.9.0.2", "10.9.0.3"]
    leave(networks, "n", "a")
    assert join(networks, "n", "c").ip_address == "10.9.0.2"


def test_an_endpoint_tells_what_the_network_made_of_it(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24", "fd00:9::/64", enable_ipv6=True)
    shown = join(networks, "n", "web", aliases=["www"], hostname="host")
    assert (shown.ip_address, shown.ip_prefix_len, shown.gateway) == ("10.9.0.2", 24, "10.9.0.1")
    assert (shown.global_ipv6_address, shown.global_ipv6_prefix_len) == ("fd00:9::2", 64)
    assert shown.ipv6_gateway == "fd00:9::1"
    assert shown.dns_names == ["web", "www", "webwebwebweb", "host"]
    assert shown.network_id == networks.get("n").id
    resource = networks.get("n").inspect().containers[("web" * 64)[:64]]
    assert (resource.ipv4_address, resource.ipv6_address) == ("10.9.0.2/24", "fd00:9::2/64")


def test_an_internal_network_leads_to_the_host_and_no_further(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24", internal=True)
    namespace = NetNamespace(clock=CLOCK)
    assert join(networks, "n", "a", namespace).gateway == ""
    assert isinstance(networks.fabric.route(namespace, ip_address("10.9.0.1")), Host)
    with pytest.raises(OSError, match="Network is unreachable"):
        networks.fabric.route(namespace, ip_address("10.8.0.1"))


def test_a_wanted_address_is_had_once(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24")
    wanted = EndpointIPAMConfig(ipv4_address="10.9.0.50")
    assert join(networks, "n", "a", ipam_config=wanted).ip_address == "10.9.0.50"
    with pytest.raises(Forbidden, match="Address already in use"):
        join(networks, "n", "b", ipam_config=wanted)


def test_a_full_network_refuses_and_keeps_nothing(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/30", "fd00:9::/64", enable_ipv6=True)
    join(networks, "n", "a")
    with pytest.raises(
        System, match="no available IPv4 addresses on this network's address pools: n"
    ):
        join(networks, "n", "b")
    leave(networks, "n", "a")
    assert join(networks, "n", "b").ip_address == "10.9.0.2"


def test_nobody_joins_twice(networks: Networks) -> None:
    create(networks, "n")
    join(networks, "n", "web")
    with pytest.raises(Forbidden, match="endpoint with name web already exists in network n"):
        join(networks, "n", "web")


def test_a_network_in_use_stays(networks: Networks) -> None:
    create(networks, "n")
    endpoint = join(networks, "n", "web").endpoint_id[:12]
    with pytest.raises(Forbidden) as caught:
        networks.remove("n")
    assert str(caught.value) == (
        f'error while removing network: network n has active endpoints (name:"web" id:"{endpoint}")'
    )
    leave(networks, "n", "web")
    networks.remove("n")


@pytest.mark.parametrize("name", ["bridge", "host", "none"])
def test_predefined_networks_stay(networks: Networks, name: str) -> None:
    with pytest.raises(Forbidden, match=f"{name} is a pre-defined network and cannot be removed"):
        networks.remove(name)


def test_names_lead_to_everybody_who_has_them_in_turn(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24")
    asking = NetNamespace(clock=CLOCK)
    join(networks, "n", "me", asking)
    join(networks, "n", "a", aliases=["db"])
    join(networks, "n", "b", aliases=["db"])
    assert asking.resolver("a") == asking.resolver("A.n") == ["10.9.0.3"]
    assert sorted(asking.resolver("db")) == ["10.9.0.3", "10.9.0.4"]
    assert asking.resolver("db") != asking.resolver("db")
    assert asking.resolver("nosuch") == []


def test_an_address_leads_back_to_the_name_of_who_has_it(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24")
    create(networks, "other", "10.8.0.0/24")
    asking = NetNamespace(clock=CLOCK)
    join(networks, "n", "me", asking)
    join(networks, "n", "a", aliases=["db"])
    join(networks, "other", "b")
    addresses = map(ip_address, ("10.9.0.3", "10.9.0.9", "10.8.0.2"))
    assert [asking.reverse(address) for address in addresses] == ["a.n", "", ""]


def test_the_default_route_follows_the_priority_and_then_the_names(networks: Networks) -> None:
    for name in "xa":
        create(networks, name)
    for priority, expected in ((0, "a"), (1, "x")):
        namespace = NetNamespace(clock=CLOCK)
        join(networks, "x", f"x{priority}", namespace, gw_priority=priority)
        join(networks, "a", f"a{priority}", namespace)
        assert namespace.way_out is not None
        assert namespace.way_out.gateway == networks.get(expected).gateway(4)


def test_a_link_is_a_name_that_only_one_container_knows(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24")
    linked, other = NetNamespace(clock=CLOCK), NetNamespace(clock=CLOCK)
    join(networks, "n", "db")
    join(networks, "n", "app", linked, links=["db:store", "db"])
    join(networks, "n", "other", other)
    assert linked.resolver("store") == linked.resolver("db") == ["10.9.0.2"]
    assert other.resolver("store") == []


def test_names_end_where_the_network_ends(networks: Networks) -> None:
    create(networks, "n")
    create(networks, "other")
    asking = NetNamespace(clock=CLOCK)
    join(networks, "n", "me", asking)
    join(networks, "other", "stranger")
    join(networks, "bridge", "neighbour")
    join(networks, "bridge", "me", asking)
    assert asking.resolver("stranger") == []
    assert asking.resolver("neighbour") == [], "the default bridge knows no names"


def test_a_renamed_container_answers_to_its_new_name(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24")
    asking = NetNamespace(clock=CLOCK)
    join(networks, "n", "old", asking)
    networks.rename(("old" * 64)[:64], "new")
    assert (asking.resolver("new"), asking.resolver("old")) == (["10.9.0.2"], [])


def test_host_and_none_give_no_addresses(networks: Networks) -> None:
    for name in ("host", "none"):
        shown = join(networks, name, "a")
        assert (shown.ip_address, shown.mac_address, bool(shown.endpoint_id)) == ("", "", True)


def test_a_removed_network_gives_its_subnet_back(networks: Networks) -> None:
    create(networks, "n")
    first = [pool.subnet for pool in networks.get("n").pools]
    networks.remove("n")
    create(networks, "m")
    assert [pool.subnet for pool in networks.get("m").pools] == first


def test_ranges_of_one_subnet_share_its_addresses(networks: Networks) -> None:
    for name, ip_range in (("n", "10.9.0.0/29"), ("m", "10.9.0.0/25")):
        pool = IPAMConfig(subnet="10.9.0.0/24", ip_range=ip_range)
        options = {"parent": "eth0"}
        networks.create(
            NetworkCreateRequest(
                name=name, driver="macvlan", options=options, ipam=IPAM(config=[pool])
            )
        )
    assert [join(networks, name, "a").ip_address for name in "nm"] == ["10.9.0.3", "10.9.0.4"]
    networks.leave(networks.get("n").id, ("a" * 64)[:64])
    networks.remove("n")
    with pytest.raises(Forbidden, match="Pool overlaps with other one on this address space"):
        create(networks, "o", "10.9.0.0/24")
    assert join(networks, "m", "b").ip_address == "10.9.0.1"


def test_an_ipvlan_has_the_addresses_of_its_parent(networks: Networks) -> None:
    create(networks, "n", "10.9.0.0/24", driver="ipvlan", options={"parent": "eth0"})
    shown = join(networks, "n", "a")
    assert (shown.mac_address, shown.ip_address) == ("", "10.9.0.2")
    with pytest.raises(System, match="ipvlan interfaces do not support custom mac address"):
        join(networks, "n", "b", mac_address="02:42:0a:09:00:09")


def test_an_auxiliary_address_may_be_the_gateway(networks: Networks) -> None:
    pool = IPAMConfig(subnet="10.9.0.0/24", aux_address={"DefaultGatewayIPv4": "10.9.0.254"})
    networks.create(NetworkCreateRequest(name="n", ipam=IPAM(config=[pool])))
    assert join(networks, "n", "a").gateway == "10.9.0.254"


def test_the_default_pools_run_out_in_words(networks: Networks) -> None:
    for number in range(30):
        create(networks, f"n{number}")
    with pytest.raises(DockerError, match="all predefined address pools have been fully subnetted"):
        create(networks, "one too many")


def test_prune_removes_what_nobody_is_on(networks: Networks) -> None:
    create(networks, "used")
    create(networks, "kept", labels={"keep": "1"})
    create(networks, "unused")
    join(networks, "used", "a")
    assert networks.prune(Filters({"label!": ["keep"]}), None) == ["unused"]
    assert networks.prune(Filters(), None) == ["kept"]


def test_found_by_name_id_and_the_start_of_an_id(networks: Networks) -> None:
    bridge = networks.get("bridge")
    assert networks.get(bridge.id) is networks.get(bridge.id[:6]) is bridge
    with pytest.raises(DockerError, match="network bri not found"):
        networks.get("bri")

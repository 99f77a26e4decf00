"""docker network create: what becomes of a request, and what is refused. Asked of Engine 28.5.2."""

from typing import Any

import pytest

from daemon.filters import Filters
from mockerd import MockDaemon
from tests.behaviour.conftest import Client

SWARM = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect '
    "this node to swarm and try again."
)


def pool(**config: Any) -> dict[str, Any]:
    return {"IPAM": {"Config": [config]}}


@pytest.mark.parametrize(
    ("request_body", "refusal"),
    [
        ({}, (400, "invalid name: name is empty")),
        ({"Name": "bridge"}, (403, "operation is not permitted on predefined bridge network ")),
        ({"Name": "default"}, (403, "operation is not permitted on predefined default network ")),
        ({"Name": "n", "Driver": "nosuch"}, (404, 'plugin "nosuch" not found')),
        ({"Name": "n", "Driver": "host"}, (403, 'only one instance of "host" network is allowed')),
        ({"Name": "n", "Driver": "null"}, (403, 'only one instance of "null" network is allowed')),
        ({"Name": "n", "Driver": "overlay"}, (403, SWARM)),
        ({"Name": "n", "Scope": "swarm"}, (403, "cannot create a swarm scoped network when swarm is not active")),
        ({"Name": "n", "Ingress": True}, (403, "Ingress network can only be global scope network")),
        ({"Name": "n", "EnableIPv4": False}, (400, "IPv4 or IPv6 must be enabled")),
        ({"Name": "n", "ConfigOnly": True, "ConfigFrom": {"Network": "x"}}, (403, "a configuration network cannot depend on another configuration network")),
        ({"Name": "n", "ConfigFrom": {"Network": "bridge"}}, (404, 'configuration network "bridge" does not exist')),
        ({"Name": "n", "ConfigFrom": {"Network": "x"}, "Labels": {"a": "b"}}, (403, "user specified configurations are not supported if the network depends on a configuration network")),
        ({"Name": "n", "ConfigFrom": {"Network": "x"}, "Options": {"a": "b"}}, (403, "network driver options are not supported if the network depends on a configuration network")),
        ({"Name": "n", "Driver": "macvlan", "Options": {"parent": "nosuch"}}, (500, "invalid subinterface vlan name nosuch, example formatting is eth0.10")),
        ({"Name": "n", "IPAM": {"Driver": "nosuch"}}, (404, 'plugin "nosuch" not found')),
        ({"Name": "n", "IPAM": {"Driver": "null"}}, (400, "ipv4 pool is empty")),
        ({"Name": "n", "Options": {"com.docker.network.bridge.name": "toolongnameforabridge"}}, (500, "numerical result out of range")),
        ({"Name": "n", "Options": {"com.docker.network.bridge.enable_icc": "maybe"}}, (400, 'failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: parsing "maybe": invalid syntax)')),
        ({"Name": "n", "Options": {"com.docker.network.driver.mtu": "x"}}, (400, 'failed to parse com.docker.network.driver.mtu value: x (strconv.Atoi: parsing "x": invalid syntax)')),
        ({"Name": "n", "Driver": "ipvlan", "Options": {"ipvlan_mode": "l9"}}, (500, "requested ipvlan mode 'l9' is not valid, 'l2' mode is the ipvlan driver default")),
    ],
)  # fmt: skip
async def test_refuses(docker: Client, request_body: Any, refusal: tuple[int, str]) -> None:
    assert (await docker.post("/networks/create", request_body)).refusal == refusal
    assert len((await docker.get("/networks")).json) == 3


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"Subnet": "banana"}, "invalid subnet banana: invalid CIDR block notation"),
        ({"Gateway": "10.91.0.1"}, "invalid subnet : invalid CIDR block notation"),
        ({"Subnet": "10.91.0.5/24"}, "invalid subnet 10.91.0.5/24: it should be 10.91.0.0/24"),
        ({"Subnet": "10.91.0.0/24", "Gateway": "x"}, "invalid gateway x: invalid address"),
        ({"Subnet": "10.91.0.0/24", "Gateway": "10.92.0.1"}, "invalid gateway 10.92.0.1: parent subnet 10.91.0.0/24 doesn't contain this address"),
        ({"Subnet": "10.91.0.0/24", "Gateway": "fd00::1"}, "invalid gateway fd00::1: parent subnet is an IPv4 block"),
        ({"Subnet": "10.91.0.0/24", "IPRange": "10.92.0.0/28"}, "invalid ip-range 10.92.0.0/28: parent subnet 10.91.0.0/24 doesn't contain ip-range"),
        ({"Subnet": "10.91.0.0/24", "IPRange": "10.91.0.5/25"}, "invalid ip-range 10.91.0.5/25: it should be 10.91.0.0/25"),
        ({"Subnet": "10.91.0.0/24", "AuxiliaryAddresses": {"a": "x"}}, "invalid auxiliary address a: invalid address"),
        ({"Subnet": "10.91.0.0/24", "Gateway": "x", "IPRange": "y"}, "* invalid ip-range y: invalid CIDR block notation\n* invalid gateway x: invalid address"),
    ],
)  # fmt: skip
async def test_lists_the_faults_of_a_pool(docker: Client, config: Any, fault: str) -> None:
    answer = await docker.post("/networks/create", {"Name": "n", **pool(**config)})
    assert answer.refusal == (400, f"invalid network config:\n{fault}")


async def test_tells_what_it_made(docker: Client) -> None:
    body = {"Name": "n", "Labels": {"b": "1", "a": "2"}, "Internal": True, "Options": {"foo": "x"}}
    created = await docker.post("/networks/create", body)
    assert created.status == 201
    assert created.json["Warning"] == ""
    shown = (await docker.get("/networks/n")).json
    assert shown["Id"] == created.json["Id"]
    assert shown["IPAM"] == {
        "Driver": "default",
        "Options": None,
        "Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}],
    }
    assert list(shown) == [
        "Name", "Id", "Created", "Scope", "Driver", "EnableIPv4", "EnableIPv6", "IPAM", "Internal",
        "Attachable", "Ingress", "ConfigFrom", "ConfigOnly", "Containers", "Options", "Labels",
    ]  # fmt: skip
    assert (shown["Internal"], shown["Options"], list(shown["Labels"])) == (True, {"foo": "x"}, ["a", "b"])  # fmt: skip


async def test_a_configured_pool_is_shown_as_it_was_configured(docker: Client) -> None:
    await docker.post("/networks/create", {"Name": "n", **pool(Subnet="10.91.0.0/24")})
    shown = (await docker.get("/networks/n")).json
    assert shown["IPAM"]["Config"] == [{"Subnet": "10.91.0.0/24"}]


async def test_ipv6_gets_a_pool_of_its_own(docker: Client) -> None:
    await docker.post("/networks/create", {"Name": "n", "EnableIPv6": True})
    four, six = (await docker.get("/networks/n")).json["IPAM"]["Config"]
    assert four["Subnet"] == "172.18.0.0/16"
    assert six["Subnet"].startswith("fd")
    assert six["Subnet"].endswith("::/64")
    assert six["Gateway"] == six["Subnet"].replace("::/64", "::1")


async def test_a_name_is_taken_once(docker: Client) -> None:
    await docker.post("/networks/create", {"Name": "n"})
    again = await docker.post("/networks/create", {"Name": "n"})
    assert again.refusal == (409, "network with name n already exists")


@pytest.mark.parametrize("subnet", ["172.17.0.0/16", "172.17.5.0/24", "0.0.0.0/0", "10.91.0.0/16"])
async def test_subnets_do_not_overlap(docker: Client, subnet: str) -> None:
    await docker.post("/networks/create", {"Name": "first", **pool(Subnet="10.91.0.0/24")})
    answer = await docker.post("/networks/create", {"Name": "n", **pool(Subnet=subnet)})
    text = "invalid pool request: Pool overlaps with other one on this address space"
    assert answer.refusal == (403, text)


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ({"Gateway": "10.91.0.0"}, "failed to allocate gateway (10.91.0.0): Address already in use"),
        ({"Gateway": "10.91.0.255"}, "failed to allocate gateway (10.91.0.255): Address already in use"),
        ({"AuxiliaryAddresses": {"a": "10.91.0.1"}}, "failed to allocate secondary ip address (a:10.91.0.1): Address already in use"),
    ],
)  # fmt: skip
async def test_an_address_is_given_once_and_a_failure_takes_nothing(
    docker: Client, extra: Any, text: str
) -> None:
    body = {"Name": "n", **pool(Subnet="10.91.0.0/24", **extra)}
    assert (await docker.post("/networks/create", body)).refusal == (500, text)
    body = {"Name": "n", **pool(Subnet="10.91.0.0/24")}
    assert (await docker.post("/networks/create", body)).status == 201


async def test_a_bridge_has_one_subnet_of_each_kind(docker: Client) -> None:
    config = [{"Subnet": "10.91.0.0/24"}, {"Subnet": "10.92.0.0/24"}]
    answer = await docker.post("/networks/create", {"Name": "n", "IPAM": {"Config": config}})
    assert answer.refusal == (403, "bridge driver doesn't support multiple subnets")


async def test_a_configuration_network_lends_its_configuration(docker: Client) -> None:
    await docker.post("/networks/create", {"Name": "c", "ConfigOnly": True, **pool(Subnet="10.93.0.0/24")})  # fmt: skip
    await docker.post("/networks/create", {"Name": "n", "ConfigFrom": {"Network": "c"}})
    lender, borrower = (await docker.get("/networks/c")).json, (await docker.get("/networks/n")).json  # fmt: skip
    assert (lender["Driver"], lender["ConfigOnly"]) == ("null", True)
    assert borrower["ConfigFrom"] == {"Network": "c"}
    assert borrower["IPAM"]["Config"] == [{"Subnet": "10.93.0.0/24"}]
    refused = await docker.delete("/networks/c")
    text = 'error while removing network: configuration network "c" is in use'
    assert refused.refusal == (403, text)


async def test_says_so_in_an_event(mock: MockDaemon, docker: Client) -> None:
    created = (await docker.post("/networks/create", {"Name": "n"})).json["Id"]
    (event,) = mock.daemon.events.remembered(0, None, Filters({"type": ["network"]}))
    assert (event.action, event.id) == ("create", created)
    assert event.attributes == {"name": "n", "type": "bridge"}

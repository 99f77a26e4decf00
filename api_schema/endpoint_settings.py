"""How a container is attached to a network: what create and connect ask for, and what inspect reports."""

from typing import Annotated

from pydantic import Field

from api_schema.base import Go, OmitEmpty, WireModel
from api_schema.go_types import Int


class EndpointIPAMConfig(WireModel):
    """The addresses a client asks for."""

    go_type = "network.EndpointIPAMConfig"

    ipv4_address: OmitEmpty[str] = Field("", alias="IPv4Address")
    ipv6_address: OmitEmpty[str] = Field("", alias="IPv6Address")
    link_local_ips: OmitEmpty[list[str] | None] = Field(None, alias="LinkLocalIPs")


class EndpointSettings(WireModel):
    """The upper half is configuration, the lower half (from NetworkID on) is what the network made of it."""

    go_type = "network.EndpointSettings"

    ipam_config: EndpointIPAMConfig | None = Field(None, alias="IPAMConfig")
    links: list[str] | None = None
    aliases: list[str] | None = None
    mac_address: str = ""
    driver_opts: dict[str, str] | None = None
    gw_priority: Int = 0
    network_id: str = Field("", alias="NetworkID")
    endpoint_id: str = Field("", alias="EndpointID")
    gateway: str = ""
    ip_address: str = Field("", alias="IPAddress")
    ip_prefix_len: Int = Field(0, alias="IPPrefixLen")
    ipv6_gateway: str = Field("", alias="IPv6Gateway")
    global_ipv6_address: str = Field("", alias="GlobalIPv6Address")
    global_ipv6_prefix_len: Int = Field(0, alias="GlobalIPv6PrefixLen")
    dns_names: list[str] | None = Field(None, alias="DNSNames")


class NetworkingConfig(WireModel):
    """What create wants to know about networks, by network name."""

    go_type = "network.NetworkingConfig"

    endpoints_config: Annotated[
        dict[str, EndpointSettings | None] | None, Go("map[string]*network.EndpointSettings")
    ] = None

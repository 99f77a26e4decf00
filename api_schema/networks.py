"""What /networks takes and tells."""

from typing import ClassVar

from pydantic import Field

from api_schema.base import OmitEmpty, WireModel
from api_schema.endpoint_settings import EndpointSettings


class IPAMConfig(WireModel):
    go_type: ClassVar[str] = "network.IPAMConfig"

    subnet: OmitEmpty[str] = ""
    ip_range: OmitEmpty[str] = Field("", alias="IPRange")
    gateway: OmitEmpty[str] = ""
    aux_address: OmitEmpty[dict[str, str] | None] = Field(None, alias="AuxiliaryAddresses")


class IPAM(WireModel):
    go_type: ClassVar[str] = "network.IPAM"

    driver: str = ""
    options: dict[str, str] | None = None
    config: list[IPAMConfig] | None = None


class ConfigReference(WireModel):
    go_type: ClassVar[str] = "network.ConfigReference"

    network: str = ""


class NetworkCreateRequest(WireModel):
    go_type: ClassVar[str] = "network.CreateRequest"

    name: str = ""
    driver: str = ""
    scope: str = ""
    enable_ipv4: bool | None = Field(None, alias="EnableIPv4")
    enable_ipv6: bool | None = Field(None, alias="EnableIPv6")
    ipam: IPAM | None = None
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    config_only: bool = False
    config_from: ConfigReference | None = None
    options: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    check_duplicate: bool | None = None


class NetworkCreateResponse(WireModel):
    id: str = ""
    warning: str = ""


class EndpointResource(WireModel):
    """A container on a network, as the network tells it."""

    name: str = ""
    endpoint_id: str = Field("", alias="EndpointID")
    mac_address: str = ""
    ipv4_address: str = Field("", alias="IPv4Address")
    ipv6_address: str = Field("", alias="IPv6Address")


class NetworkInspect(WireModel):
    name: str
    id: str
    created: str
    scope: str = "local"
    driver: str = ""
    enable_ipv4: bool = Field(True, alias="EnableIPv4")
    enable_ipv6: bool = Field(False, alias="EnableIPv6")
    ipam: IPAM
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    config_from: ConfigReference
    config_only: bool = False
    containers: dict[str, EndpointResource] = Field(default_factory=dict)
    options: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)


class NetworkConnectRequest(WireModel):
    go_type: ClassVar[str] = "network.ConnectOptions"

    container: str = ""
    endpoint_config: EndpointSettings | None = None


class NetworkDisconnectRequest(WireModel):
    go_type: ClassVar[str] = "network.DisconnectOptions"

    container: str = ""
    force: bool = False


class NetworksPrune(WireModel):
    networks_deleted: list[str] | None = None

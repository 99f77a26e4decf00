"""Containers on the wire: create, inspect, list, wait, top, changes, prune."""

from typing import Annotated

from pydantic import Field

from api_schema.base import Go, OmitEmpty, OmitNil, WireModel
from api_schema.endpoint_settings import EndpointSettings, NetworkingConfig
from api_schema.go_types import Duration, Int, StrSlice
from api_schema.host_config import HostConfig, PortMap

Strings = list[str] | None
StringMap = dict[str, str] | None


class Empty(WireModel):
    """Go's `struct{}`: the value of a set's keys."""

    go_type = "struct {}"


Set = dict[str, Empty] | None
PortSet = Annotated[Set, Go("nat.PortSet")]


class HealthConfig(WireModel):
    """How to ask a container whether it is well; nanoseconds."""

    go_type = "v1.HealthcheckConfig"

    test: OmitEmpty[Strings] = None
    interval: OmitEmpty[Duration] = 0
    timeout: OmitEmpty[Duration] = 0
    start_period: OmitEmpty[Duration] = 0
    start_interval: OmitEmpty[Duration] = 0
    retries: OmitEmpty[Int] = 0


class ContainerConfig(WireModel):
    """What of a container does not depend on its host."""

    go_type = "container.CreateRequest"
    go_struct = ""

    hostname: str = ""
    domainname: str = ""
    user: str = ""
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    exposed_ports: OmitEmpty[PortSet] = None
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    env: Strings = None
    cmd: StrSlice = None
    healthcheck: OmitNil[HealthConfig | None] = None
    args_escaped: OmitEmpty[bool] = False
    image: str = ""
    volumes: Set = None
    working_dir: str = ""
    entrypoint: StrSlice = None
    network_disabled: OmitEmpty[bool] = False
    mac_address: OmitEmpty[str] = ""
    on_build: Strings = None
    labels: StringMap = None
    stop_signal: OmitEmpty[str] = ""
    stop_timeout: OmitNil[Int | None] = None
    shell: OmitEmpty[StrSlice] = None


class ContainerCreateRequest(ContainerConfig):
    """The config, and beside it, on the same level, the host's half and the networks'."""

    go_type = "container.CreateRequest"
    go_struct = ""

    host_config: HostConfig | None = None
    networking_config: NetworkingConfig | None = None


class ContainerCreateResponse(WireModel):
    id: str
    warnings: list[str]


class ContainerUpdateResponse(WireModel):
    warnings: Strings = None


class HealthcheckResult(WireModel):
    start: str
    end: str
    exit_code: int
    output: str


class Health(WireModel):
    status: str
    failing_streak: int
    log: list[HealthcheckResult] | None


class ContainerState(WireModel):
    """The flags overlap: a paused container is also running."""

    status: str
    running: bool
    paused: bool
    restarting: bool
    oom_killed: bool = Field(alias="OOMKilled")
    dead: bool
    pid: int
    exit_code: int
    error: str
    started_at: str
    finished_at: str
    health: OmitNil[Health | None] = None


class GraphDriver(WireModel):
    data: StringMap
    name: str


class MountPoint(WireModel):
    type: OmitEmpty[str] = ""
    name: OmitEmpty[str] = ""
    source: str = ""
    destination: str = ""
    driver: OmitEmpty[str] = ""
    mode: str = ""
    rw: bool = Field(True, alias="RW")
    propagation: str = ""


class NetworkSettings(WireModel):
    """The fields from EndpointID to MacAddress repeat the default bridge's endpoint."""

    bridge: str = ""
    sandbox_id: str = Field("", alias="SandboxID")
    sandbox_key: str = ""
    ports: PortMap
    hairpin_mode: bool = False
    link_local_ipv6_address: str = Field("", alias="LinkLocalIPv6Address")
    link_local_ipv6_prefix_len: int = Field(0, alias="LinkLocalIPv6PrefixLen")
    secondary_ip_addresses: Strings = Field(None, alias="SecondaryIPAddresses")
    secondary_ipv6_addresses: Strings = Field(None, alias="SecondaryIPv6Addresses")
    endpoint_id: str = Field("", alias="EndpointID")
    gateway: str = ""
    global_ipv6_address: str = Field("", alias="GlobalIPv6Address")
    global_ipv6_prefix_len: int = Field(0, alias="GlobalIPv6PrefixLen")
    ip_address: str = Field("", alias="IPAddress")
    ip_prefix_len: int = Field(0, alias="IPPrefixLen")
    ipv6_gateway: str = Field("", alias="IPv6Gateway")
    mac_address: str = ""
    networks: dict[str, EndpointSettings]


class ContainerInspect(WireModel):
    id: str
    created: str
    path: str
    args: list[str]
    state: ContainerState
    image: str
    resolv_conf_path: str
    hostname_path: str
    hosts_path: str
    log_path: str
    name: str
    restart_count: int
    driver: str = "overlay2"
    platform: str = "linux"
    mount_label: str = ""
    process_label: str = ""
    app_armor_profile: str = ""
    exec_ids: Strings = Field(None, alias="ExecIDs")
    host_config: HostConfig
    graph_driver: GraphDriver
    size_rw: OmitNil[int | None] = None
    size_root_fs: OmitNil[int | None] = None
    mounts: list[MountPoint]
    config: ContainerConfig
    network_settings: NetworkSettings


class Port(WireModel):
    """A port in the list: `ip` is there only when it is published."""

    ip: OmitEmpty[str] = Field("", alias="IP")
    private_port: int
    public_port: OmitEmpty[int] = 0
    type: str


class SummaryHostConfig(WireModel):
    network_mode: OmitEmpty[str] = ""
    annotations: OmitEmpty[StringMap] = None


class SummaryNetworkSettings(WireModel):
    networks: dict[str, EndpointSettings] | None


class ContainerSummary(WireModel):
    id: str
    names: list[str]
    image: str
    image_id: str = Field(alias="ImageID")
    command: str
    created: int
    ports: list[Port]
    size_rw: OmitEmpty[int] = 0
    size_root_fs: OmitEmpty[int] = 0
    labels: StringMap
    state: str
    status: str
    host_config: SummaryHostConfig
    network_settings: SummaryNetworkSettings
    mounts: list[MountPoint]


class WaitError(WireModel):
    message: str = ""


class ContainerWait(WireModel):
    status_code: int
    error: OmitNil[WaitError | None] = None


class ContainerTop(WireModel):
    processes: list[list[str]] | None
    titles: list[str]


class FilesystemChange(WireModel):
    path: str
    kind: int


class ContainersPrune(WireModel):
    containers_deleted: Strings
    space_reclaimed: int

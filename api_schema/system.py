"""What /version, /info, /events and /system/df say."""

from typing import Any

from pydantic import Field

from api_schema.base import OmitEmpty, OmitNil, WireModel

# /version


class PlatformInfo(WireModel):
    name: str = ""


class ComponentVersion(WireModel):
    name: str = ""
    version: str = ""
    details: dict[str, str] | None = None


class VersionReply(WireModel):
    platform: PlatformInfo = Field(default_factory=PlatformInfo)
    components: OmitEmpty[list[ComponentVersion] | None] = None
    version: str = ""
    api_version: str = ""
    min_api_version: OmitEmpty[str] = Field("", alias="MinAPIVersion")
    git_commit: str = ""
    go_version: str = ""
    os: str = ""
    arch: str = ""
    kernel_version: OmitEmpty[str] = ""
    experimental: OmitEmpty[bool] = False
    build_time: OmitEmpty[str] = ""


# /info


class PluginsInfo(WireModel):
    volume: list[str] | None = None
    network: list[str] | None = None
    authorization: list[str] | None = None
    log: list[str] | None = None


class IndexInfo(WireModel):
    mirrors: list[str] = Field(default_factory=list)
    name: str = ""
    official: bool = False
    secure: bool = True


class RegistryServiceConfig(WireModel):
    index_configs: dict[str, IndexInfo] | None = None
    insecure_registry_cidrs: list[str] | None = Field(None, alias="InsecureRegistryCIDRs")
    mirrors: list[str] | None = None


class RuntimeInfo(WireModel):
    path: OmitEmpty[str] = Field("", alias="path")
    status: OmitEmpty[dict[str, str] | None] = Field(None, alias="status")


class SwarmInfo(WireModel):
    node_id: str = Field("", alias="NodeID")
    node_addr: str = ""
    local_node_state: str = "inactive"
    control_available: bool = False
    error: str = ""
    remote_managers: list[str] | None = None


class Commit(WireModel):
    id: str = Field("", alias="ID")


class FirewallInfo(WireModel):
    driver: str = ""


class ContainerdNamespaces(WireModel):
    containers: str = ""
    plugins: str = ""


class ContainerdInfo(WireModel):
    address: OmitEmpty[str] = ""
    namespaces: ContainerdNamespaces = Field(default_factory=ContainerdNamespaces)


class Info(WireModel):
    id: str = Field("", alias="ID")
    containers: int = 0
    containers_running: int = 0
    containers_paused: int = 0
    containers_stopped: int = 0
    images: int = 0
    driver: str = ""
    driver_status: list[tuple[str, str]] = Field(default_factory=list)
    plugins: PluginsInfo = Field(default_factory=PluginsInfo)
    memory_limit: bool = True
    swap_limit: bool = True
    kernel_memory_tcp: OmitEmpty[bool] = Field(True, alias="KernelMemoryTCP")
    cpu_cfs_period: bool = True
    cpu_cfs_quota: bool = True
    cpu_shares: bool = Field(True, alias="CPUShares")
    cpu_set: bool = Field(True, alias="CPUSet")
    pids_limit: bool = True
    ipv4_forwarding: bool = Field(True, alias="IPv4Forwarding")
    debug: bool = False
    nfd: int = Field(0, alias="NFd")
    oom_kill_disable: bool = True
    ngoroutines: int = Field(0, alias="NGoroutines")
    system_time: str = ""
    logging_driver: str = ""
    cgroup_driver: str = ""
    cgroup_version: OmitEmpty[str] = ""
    nevents_listener: int = Field(0, alias="NEventsListener")
    kernel_version: str = ""
    operating_system: str = ""
    os_version: str = Field("", alias="OSVersion")
    os_type: str = Field("", alias="OSType")
    architecture: str = ""
    index_server_address: str = ""
    registry_config: RegistryServiceConfig | None = None
    ncpu: int = Field(0, alias="NCPU")
    mem_total: int = 0
    generic_resources: list[Any] | None = None
    docker_root_dir: str = ""
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    name: str = ""
    labels: list[str] = Field(default_factory=list)
    experimental_build: bool = False
    server_version: str = ""
    runtimes: dict[str, RuntimeInfo] | None = None
    default_runtime: str = ""
    swarm: SwarmInfo = Field(default_factory=SwarmInfo)
    live_restore_enabled: bool = False
    isolation: str = ""
    init_binary: str = ""
    containerd_commit: Commit = Field(default_factory=Commit)
    runc_commit: Commit = Field(default_factory=Commit)
    init_commit: Commit = Field(default_factory=Commit)
    security_options: list[str] = Field(default_factory=list)
    product_license: OmitEmpty[str] = ""
    default_address_pools: OmitEmpty[list[dict[str, Any]] | None] = None
    firewall_backend: OmitNil[FirewallInfo | None] = None
    cdi_spec_dirs: list[str] | None = Field(None, alias="CDISpecDirs")
    containerd: OmitNil[ContainerdInfo | None] = None
    warnings: list[str] | None = None


# /events


class EventActor(WireModel):
    id: str = Field("", alias="ID")
    attributes: dict[str, str] = Field(default_factory=dict)


class EventMessage(WireModel):
    """`status`, `id` and `from` repeat the type, actor and image for clients from before 1.22."""

    status: OmitEmpty[str] = Field("", alias="status")
    id: OmitEmpty[str] = Field("", alias="id")
    from_: OmitEmpty[str] = Field("", alias="from")
    type: str = ""
    action: str = ""
    actor: EventActor = Field(default_factory=EventActor)
    scope: OmitEmpty[str] = Field("", alias="scope")
    time: OmitEmpty[int] = Field(0, alias="time")
    time_nano: OmitEmpty[int] = Field(0, alias="timeNano")


# /system/df


class BuildCacheRecord(WireModel):
    id: str = Field("", alias="ID")
    # dockerd's own typing error: the blank is part of the name.
    parents: OmitEmpty[list[str] | None] = Field(None, alias=" Parents")
    type: str = ""
    description: str = ""
    in_use: bool = False
    shared: bool = False
    size: int = 0
    created_at: str = ""
    last_used_at: str | None = None
    usage_count: int = 0


class DiskUsage(WireModel):
    """What was not asked for is null; the parts are the models of their own lists."""

    layers_size: int = 0
    images: list[Any] | None = None
    containers: list[Any] | None = None
    volumes: list[Any] | None = None
    build_cache: list[Any] | None = None

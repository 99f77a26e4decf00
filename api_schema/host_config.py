"""What of a container depends on its host: limits, mounts, ports, namespaces, restarts."""

from typing import Annotated

from pydantic import Field

from api_schema.base import Go, OmitEmpty, OmitNil, WireModel
from api_schema.go_types import FileMode, Int, Size, StrSlice, Uint16, Uint64

Strings = list[str] | None
StringMap = dict[str, str] | None


class PortBinding(WireModel):
    """Where on the host a port is to be found; both empty: any free port on every address."""

    go_type = "nat.PortBinding"

    host_ip: str = Field("", alias="HostIp")
    host_port: str = ""


PortMap = Annotated[
    dict[str, Annotated[list[PortBinding] | None, Go("[]nat.PortBinding")]] | None,
    Go("nat.PortMap"),
]


class LogConfig(WireModel):
    go_type = "container.LogConfig"

    type: str = ""
    config: StringMap = None


class RestartPolicy(WireModel):
    go_type = "container.RestartPolicy"

    name: Annotated[str, Go("container.RestartPolicyMode")] = ""
    maximum_retry_count: Int = 0


class WeightDevice(WireModel):
    go_type = "blkiodev.WeightDevice"

    path: str = ""
    weight: Uint16 = 0


class ThrottleDevice(WireModel):
    go_type = "blkiodev.ThrottleDevice"

    path: str = ""
    rate: Uint64 = 0


class DeviceMapping(WireModel):
    go_type = "container.DeviceMapping"

    path_on_host: str = ""
    path_in_container: str = ""
    cgroup_permissions: str = ""


class DeviceRequest(WireModel):
    go_type = "container.DeviceRequest"

    driver: str = ""
    count: Int = 0
    device_ids: Strings = Field(None, alias="DeviceIDs")
    capabilities: list[list[str]] | None = None
    options: StringMap = None


class Ulimit(WireModel):
    go_type = "units.Ulimit"

    name: str = ""
    hard: int = 0
    soft: int = 0


class BindOptions(WireModel):
    go_type = "mount.BindOptions"

    propagation: OmitEmpty[Annotated[str, Go("mount.Propagation")]] = ""
    non_recursive: OmitEmpty[bool] = False
    create_mountpoint: OmitEmpty[bool] = False
    read_only_non_recursive: OmitEmpty[bool] = False
    read_only_force_recursive: OmitEmpty[bool] = False


class VolumeDriver(WireModel):
    go_type = "mount.Driver"

    name: OmitEmpty[str] = ""
    options: OmitEmpty[StringMap] = None


class VolumeOptions(WireModel):
    go_type = "mount.VolumeOptions"

    no_copy: OmitEmpty[bool] = False
    labels: OmitEmpty[StringMap] = None
    subpath: OmitEmpty[str] = ""
    driver_config: OmitNil[VolumeDriver | None] = None


class ImageOptions(WireModel):
    go_type = "mount.ImageOptions"

    subpath: OmitEmpty[str] = ""


class TmpfsOptions(WireModel):
    go_type = "mount.TmpfsOptions"

    size_bytes: OmitEmpty[int] = 0
    mode: OmitEmpty[FileMode] = 0
    options: OmitEmpty[list[list[str]] | None] = None


class ClusterOptions(WireModel):
    go_type = "mount.ClusterOptions"


class Mount(WireModel):
    """One `--mount`; the options of other types must be absent."""

    go_type = "mount.Mount"

    type: OmitEmpty[Annotated[str, Go("mount.Type")]] = ""
    source: OmitEmpty[str] = ""
    target: OmitEmpty[str] = ""
    read_only: OmitEmpty[bool] = False
    consistency: OmitEmpty[Annotated[str, Go("mount.Consistency")]] = ""
    bind_options: OmitNil[BindOptions | None] = None
    volume_options: OmitNil[VolumeOptions | None] = None
    image_options: OmitNil[ImageOptions | None] = None
    tmpfs_options: OmitNil[TmpfsOptions | None] = None
    cluster_options: OmitNil[ClusterOptions | None] = None


class Resources(WireModel):
    """The limits; `update` may change some of them."""

    cpu_shares: int = Field(0, alias="CpuShares")
    memory: int = 0
    nano_cpus: int = Field(0, alias="NanoCpus")
    cgroup_parent: str = ""
    blkio_weight: Uint16 = 0
    blkio_weight_device: list[WeightDevice | None] | None = None
    blkio_device_read_bps: list[ThrottleDevice | None] | None = None
    blkio_device_write_bps: list[ThrottleDevice | None] | None = None
    blkio_device_read_iops: list[ThrottleDevice | None] | None = Field(
        None, alias="BlkioDeviceReadIOps"
    )
    blkio_device_write_iops: list[ThrottleDevice | None] | None = Field(
        None, alias="BlkioDeviceWriteIOps"
    )
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    devices: list[DeviceMapping] | None = None
    device_cgroup_rules: Strings = None
    device_requests: list[DeviceRequest] | None = None
    kernel_memory: OmitEmpty[int] = 0
    kernel_memory_tcp: OmitEmpty[int] = Field(0, alias="KernelMemoryTCP")
    memory_reservation: int = 0
    memory_swap: int = 0
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    pids_limit: int | None = None
    ulimits: Annotated[list[Ulimit | None] | None, Go("[]*units.Ulimit")] = None
    cpu_count: int = 0
    cpu_percent: int = 0
    io_maximum_iops: Uint64 = Field(0, alias="IOMaximumIOps")
    io_maximum_bandwidth: Uint64 = Field(0, alias="IOMaximumBandwidth")


class UpdateConfig(Resources):
    """What `update` may carry."""

    go_type = "container.UpdateConfig"

    restart_policy: RestartPolicy = Field(default_factory=RestartPolicy)


class _BeforeResources(WireModel):
    """The fields that Docker writes before the limits: pydantic keeps the order of inheritance."""

    binds: Strings = None
    container_id_file: str = Field("", alias="ContainerIDFile")
    log_config: LogConfig = Field(default_factory=LogConfig)
    network_mode: Annotated[str, Go("container.NetworkMode")] = ""
    port_bindings: PortMap = None
    restart_policy: RestartPolicy = Field(default_factory=RestartPolicy)
    auto_remove: bool = False
    volume_driver: str = ""
    volumes_from: Strings = None
    console_size: Size = Field(default_factory=lambda: [0, 0])
    annotations: OmitEmpty[StringMap] = None
    cap_add: StrSlice = None
    cap_drop: StrSlice = None
    cgroupns_mode: Annotated[str, Go("container.CgroupnsMode")] = ""
    dns: Strings = Field(None, alias="Dns")
    dns_options: Strings = Field(None, alias="DnsOptions")
    dns_search: Strings = Field(None, alias="DnsSearch")
    extra_hosts: Strings = None
    group_add: Strings = None
    ipc_mode: Annotated[str, Go("container.IpcMode")] = Field("", alias="IpcMode")
    cgroup: Annotated[str, Go("container.CgroupSpec")] = ""
    links: Strings = None
    oom_score_adj: Int = 0
    pid_mode: Annotated[str, Go("container.PidMode")] = ""
    privileged: bool = False
    publish_all_ports: bool = False
    readonly_rootfs: bool = False
    security_opt: Strings = None
    storage_opt: OmitEmpty[StringMap] = None
    tmpfs: OmitEmpty[StringMap] = None
    uts_mode: Annotated[str, Go("container.UTSMode")] = Field("", alias="UTSMode")
    userns_mode: Annotated[str, Go("container.UsernsMode")] = ""
    shm_size: int = 0
    sysctls: OmitEmpty[StringMap] = None
    runtime: OmitEmpty[str] = ""
    isolation: Annotated[str, Go("container.Isolation")] = ""


class HostConfig(Resources, _BeforeResources):
    go_type = "container.HostConfig"

    mounts: OmitEmpty[list[Mount] | None] = None
    masked_paths: Strings = None
    readonly_paths: Strings = None
    init: OmitNil[bool | None] = None

"""What a container uses, as `docker stats` reads it."""

from pydantic import Field

from api_schema.base import OmitEmpty, WireModel
from api_schema.go_time import ZERO_TIME

Numbers = dict[str, int]


class _Lower(WireModel):
    """The stats alone are spelled as in C."""


class PidsStats(_Lower):
    current: OmitEmpty[int] = Field(0, alias="current")
    limit: OmitEmpty[int] = Field(0, alias="limit")


class BlkioEntry(_Lower):
    major: int = Field(alias="major")
    minor: int = Field(alias="minor")
    op: str = Field(alias="op")
    value: int = Field(alias="value")


Entries = list[BlkioEntry] | None


class BlkioStats(_Lower):
    io_service_bytes_recursive: Entries = Field(None, alias="io_service_bytes_recursive")
    io_serviced_recursive: Entries = Field(None, alias="io_serviced_recursive")
    io_queue_recursive: Entries = Field(None, alias="io_queue_recursive")
    io_service_time_recursive: Entries = Field(None, alias="io_service_time_recursive")
    io_wait_time_recursive: Entries = Field(None, alias="io_wait_time_recursive")
    io_merged_recursive: Entries = Field(None, alias="io_merged_recursive")
    io_time_recursive: Entries = Field(None, alias="io_time_recursive")
    sectors_recursive: Entries = Field(None, alias="sectors_recursive")


class CpuUsage(_Lower):
    total_usage: int = Field(0, alias="total_usage")
    percpu_usage: OmitEmpty[list[int] | None] = Field(None, alias="percpu_usage")
    usage_in_kernelmode: int = Field(0, alias="usage_in_kernelmode")
    usage_in_usermode: int = Field(0, alias="usage_in_usermode")


class ThrottlingData(_Lower):
    periods: int = Field(0, alias="periods")
    throttled_periods: int = Field(0, alias="throttled_periods")
    throttled_time: int = Field(0, alias="throttled_time")


class CpuStats(_Lower):
    cpu_usage: CpuUsage = Field(default_factory=CpuUsage, alias="cpu_usage")
    system_cpu_usage: OmitEmpty[int] = Field(0, alias="system_cpu_usage")
    online_cpus: OmitEmpty[int] = Field(0, alias="online_cpus")
    throttling_data: ThrottlingData = Field(default_factory=ThrottlingData, alias="throttling_data")


class MemoryStats(_Lower):
    usage: OmitEmpty[int] = Field(0, alias="usage")
    max_usage: OmitEmpty[int] = Field(0, alias="max_usage")
    stats: OmitEmpty[Numbers | None] = Field(None, alias="stats")
    failcnt: OmitEmpty[int] = Field(0, alias="failcnt")
    limit: OmitEmpty[int] = Field(0, alias="limit")


class NetworkStats(_Lower):
    rx_bytes: int = Field(0, alias="rx_bytes")
    rx_packets: int = Field(0, alias="rx_packets")
    rx_errors: int = Field(0, alias="rx_errors")
    rx_dropped: int = Field(0, alias="rx_dropped")
    tx_bytes: int = Field(0, alias="tx_bytes")
    tx_packets: int = Field(0, alias="tx_packets")
    tx_errors: int = Field(0, alias="tx_errors")
    tx_dropped: int = Field(0, alias="tx_dropped")


class ContainerStats(WireModel):
    """One sample. Docker leaves name and id out of a one-shot sample of a running container."""

    name: OmitEmpty[str] = Field("", alias="name")
    id: OmitEmpty[str] = Field("", alias="id")
    read: str = Field(ZERO_TIME, alias="read")
    preread: str = Field(ZERO_TIME, alias="preread")
    pids_stats: PidsStats = Field(default_factory=PidsStats, alias="pids_stats")
    blkio_stats: BlkioStats = Field(default_factory=BlkioStats, alias="blkio_stats")
    num_procs: int = Field(0, alias="num_procs")
    storage_stats: dict[str, int] = Field(default_factory=dict, alias="storage_stats")
    cpu_stats: CpuStats = Field(default_factory=CpuStats, alias="cpu_stats")
    precpu_stats: CpuStats = Field(default_factory=CpuStats, alias="precpu_stats")
    memory_stats: MemoryStats = Field(default_factory=MemoryStats, alias="memory_stats")
    networks: OmitEmpty[dict[str, NetworkStats] | None] = Field(None, alias="networks")

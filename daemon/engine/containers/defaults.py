"""What dockerd fills in where a host configuration says nothing, and one object for equal configurations."""

from typing import Any
from weakref import WeakValueDictionary

from api_schema.host_config import HostConfig, LogConfig, RestartPolicy

SHM_SIZE = 64 * 1024 * 1024
LOG_DRIVER = "json-file"
RUNTIME = "runc"
CGROUP_NAMESPACE = "host"
"""The default of a host with version 1 control groups."""

MASKED_PATHS = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
]
READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def filled_in(host: HostConfig) -> HostConfig:
    """The configuration that inspect will show."""
    update: dict[str, Any] = {
        "network_mode": network_mode(host),
        "log_config": LogConfig(
            type=host.log_config.type or LOG_DRIVER, config=host.log_config.config or {}
        ),
        "restart_policy": RestartPolicy(
            name=host.restart_policy.name or "no",
            maximum_retry_count=host.restart_policy.maximum_retry_count,
        ),
        "shm_size": host.shm_size or SHM_SIZE,
        "cgroupns_mode": host.cgroupns_mode or CGROUP_NAMESPACE,
        "ipc_mode": host.ipc_mode or "private",
        "runtime": host.runtime or RUNTIME,
        "links": None,
        "security_opt": _security_options(host),
        **_limits(host),
    }
    if not host.privileged:
        update["masked_paths"] = MASKED_PATHS if host.masked_paths is None else host.masked_paths
        readonly = host.readonly_paths
        update["readonly_paths"] = READONLY_PATHS if readonly is None else readonly
    return host.model_copy(update=update)


def network_mode(host: HostConfig) -> str:
    return "bridge" if host.network_mode in ("", "default") else host.network_mode


def _limits(host: HostConfig) -> dict[str, Any]:
    """Limits that this kernel does not know are dropped (the old one of kernel memory is shown); swap is twice the memory unless said."""
    doubles = host.memory > 0 and host.memory_swap == 0
    has_pids_limit = host.pids_limit is not None and host.pids_limit > 0
    return {
        "memory_swap": host.memory * 2 if doubles else host.memory_swap,
        "memory_swappiness": None if host.memory_swappiness == -1 else host.memory_swappiness,
        "oom_kill_disable": bool(host.oom_kill_disable),
        "pids_limit": host.pids_limit if has_pids_limit else None,
        "cpu_percent": 0,
        "blkio_weight": 0,
        "blkio_weight_device": [] if host.blkio_weight_device is not None else None,
    }


def _security_options(host: HostConfig) -> list[str] | None:
    if host.security_opt is None and (
        host.privileged or host.ipc_mode == "host" or host.pid_mode == "host"
    ):
        return ["label=disable"]
    return host.security_opt


class Interned:
    """Fills configurations in, and keeps one object for all that were asked for in the same words."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[bytes, HostConfig] = WeakValueDictionary()

    def __call__(self, asked: HostConfig) -> HostConfig:
        words = asked.__pydantic_serializer__.to_json(asked, exclude_unset=True)
        known = self._known.get(words)
        if known is None:
            known = self._known[words] = filled_in(asked)
        return known

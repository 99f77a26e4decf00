"""What create and update refuse about a host configuration, and what they only warn of.

A rule is a function; RULES gives the order in which dockerd looks, so that of two mistakes the same one is named.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from api_schema.containers import ContainerConfig
from api_schema.host_config import HostConfig, Resources, RestartPolicy
from daemon.engine.containers.cpu_sets import check_cpu_set
from daemon.engine.containers.extra_hosts import check_extra_host
from daemon.engine.containers.modes import joins, owner_of
from daemon.engine.port_specs import check_port_bindings
from daemon.errors import InvalidParameter, System
from daemon.process.capabilities import CAPABILITIES

MINIMUM_MEMORY = 6 * 1024 * 1024
RESTART_POLICIES = ("", "no", "always", "on-failure", "unless-stopped")
_LABEL_OPTIONS = ("label", "apparmor", "seccomp", "no-new-privileges", "writable-cgroups")

BLKIO_WARNING = (
    "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded."
)
OOM_WARNING = (
    "OOM killer is disabled for the container, but no memory limit is set, "
    "this can result in the system running out of resources."
)
CPU_PERCENT_WARNING = "linux does not support CPU percent. Percent discarded."
HOST_PORTS_WARNING = "Published ports are discarded when using host network mode"
HOST_AND_LINKS = (
    "conflicting options: host type networking can't be used with links. "
    "This would result in undefined behavior"
)
MAC_WARNING = (
    "The container-wide MacAddress field is now deprecated. "
    "It should be specified in EndpointsConfig instead."
)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What of the machine decides whether a limit makes sense."""

    cpus: int
    memory_nodes: int = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rules look at."""

    config: ContainerConfig
    host: HostConfig
    facts: HostFacts


def _refuse(text: str) -> InvalidParameter:
    return InvalidParameter(text)


def _namespaces(s: Subject) -> None:
    modes = (
        ("network", s.host.network_mode, None),
        ("IPC", s.host.ipc_mode, ("", "none", "private", "shareable", "host")),
        ("PID", s.host.pid_mode, ("", "host")),
        ("UTS", s.host.uts_mode, ("", "host")),
        ("cgroup namespace", s.host.cgroupns_mode, ("", "private", "host")),
    )
    for what, mode, allowed in modes:
        shared = joins(mode) and what in ("network", "IPC", "PID")
        nobody = shared and not owner_of(mode)
        if nobody and what == "network":
            raise _refuse(f"invalid {what} mode: invalid container format container:<name|id>")
        if nobody and what == "PID":
            raise _refuse(f"invalid {what} mode: {mode}")
        if allowed is not None and mode not in allowed and not shared:
            raise _refuse(f"invalid {what} mode: {mode}")


def _conflicts(s: Subject) -> None:
    if s.host.uts_mode == "host" and s.config.hostname:
        raise _refuse("conflicting options: hostname and the UTS mode")
    if s.host.network_mode == "host" and s.host.links:
        raise _refuse(HOST_AND_LINKS)
    if joins(s.host.network_mode):
        _joined_network_conflicts(s)


def _joined_network_conflicts(s: Subject) -> None:
    """What cannot be said twice when the network namespace is somebody else's."""
    taken = (
        (s.config.hostname, "conflicting options: hostname and the network mode"),
        (
            s.host.links,
            "conflicting options: container type network can't be used with links. "
            "This would result in undefined behavior",
        ),
        (s.host.dns, "conflicting options: dns and the network mode"),
        (
            s.host.extra_hosts,
            "conflicting options: custom host-to-IP mapping and the network mode",
        ),
        (
            s.config.mac_address,
            "conflicting options: mac-address and the network mode",
        ),
        (
            s.host.port_bindings,
            "conflicting options: port publishing and the container type network mode",
        ),
        (
            s.config.exposed_ports,
            "conflicting options: port exposing and the container type network mode",
        ),
    )
    for given, text in taken:
        if given:
            raise _refuse(text)


def _isolation(s: Subject) -> None:
    if s.host.isolation not in ("", "default"):
        raise _refuse(f"invalid isolation ({s.host.isolation}): linux only supports 'default'")


def _quality_of_service(s: Subject) -> None:
    for value, what in (
        (s.host.io_maximum_bandwidth, "bandwidth"),
        (s.host.io_maximum_iops, "IOPS"),
    ):
        if value:
            raise _refuse(
                f"invalid option: QoS maximum {what} configuration is not supported on linux"
            )


def _removal_and_restart(s: Subject) -> None:
    if s.host.auto_remove and s.host.restart_policy.name not in ("", "no"):
        raise _refuse("can't create 'AutoRemove' container with restart policy")


def _extra_hosts(s: Subject) -> None:
    for entry in s.host.extra_hosts or ():
        check_extra_host(entry)


def _ports(s: Subject) -> None:
    check_port_bindings(s.host.port_bindings)


def check_restart_policy(policy: RestartPolicy) -> None:
    if policy.name not in RESTART_POLICIES:
        raise _refuse(
            f"invalid restart policy: unknown policy '{policy.name}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )
    if policy.name != "on-failure" and policy.maximum_retry_count != 0:
        raise _refuse(
            "invalid restart policy: maximum retry count can only be used with 'on-failure'"
            + (" and cannot be negative" if policy.maximum_retry_count < 0 else "")
        )
    if policy.maximum_retry_count < 0:
        raise _refuse("invalid restart policy: maximum retry count cannot be negative")


def _restart(s: Subject) -> None:
    check_restart_policy(s.host.restart_policy)


def _capabilities(s: Subject) -> None:
    for field, names in (("CapAdd", s.host.cap_add), ("CapDrop", s.host.cap_drop)):
        for name in names or ():
            bare = name.upper().removeprefix("CAP_")
            if bare != "ALL" and bare not in CAPABILITIES:
                raise _refuse(f'invalid {field}: unknown capability: "CAP_{bare}"')


def _annotations(s: Subject) -> None:
    if "" in (s.host.annotations or {}):
        raise _refuse("invalid Annotations: the empty string is not permitted as an annotation key")


def _sizes(s: Subject) -> None:
    if s.host.shm_size < 0:
        raise _refuse("SHM size can not be less than 0")
    if not -1000 <= s.host.oom_score_adj <= 1000:
        raise _refuse(
            f"Invalid value {s.host.oom_score_adj}, range for oom score adj is [-1000, 1000]"
        )


def _runtime(s: Subject) -> None:
    if s.host.runtime not in ("", "runc", "io.containerd.runc.v2"):
        raise _refuse(f"unknown or invalid runtime name: {s.host.runtime}")


RULES: tuple[Callable[[Subject], None], ...] = (
    _namespaces,
    _conflicts,
    _isolation,
    _quality_of_service,
    _removal_and_restart,
    _extra_hosts,
    _ports,
    _restart,
    _capabilities,
    _annotations,
    lambda s: check_resources(s.host, s.facts),
    _sizes,
    _runtime,
)


def check_host_config(config: ContainerConfig, host: HostConfig, facts: HostFacts) -> None:
    """Raise the first refusal."""
    subject = Subject(config, host, facts)
    for rule in RULES:
        rule(subject)


def check_resources(limits: Resources, facts: HostFacts, *, updating: bool = False) -> None:
    """The limits, for create and update alike."""
    _check_memory(limits, updating)
    _check_cpu(limits, facts, updating)
    check_cpu_set("cpus", limits.cpuset_cpus, facts.cpus)
    check_cpu_set("mems", limits.cpuset_mems, facts.memory_nodes)


def _check_memory(limits: Resources, updating: bool) -> None:
    memory, swap = limits.memory, limits.memory_swap
    if memory != 0 and memory < MINIMUM_MEMORY:
        raise _refuse("Minimum memory limit allowed is 6MB")
    if memory > 0 and 0 < swap < memory:
        raise _refuse("Minimum memoryswap limit should be larger than memory limit, see usage")
    if memory == 0 and swap > 0 and not updating:
        raise _refuse(
            "You should always set the Memory limit when using Memoryswap limit, see usage"
        )
    swappiness = limits.memory_swappiness
    if swappiness is not None and not -1 <= swappiness <= 100:
        raise _refuse(f"Invalid value: {swappiness}, valid memory swappiness range is 0-100")
    if 0 < limits.memory_reservation < MINIMUM_MEMORY:
        raise _refuse("Minimum memory reservation allowed is 6MB")
    if memory > 0 and limits.memory_reservation > memory:
        raise _refuse(
            "Minimum memory limit can not be less than memory reservation limit, see usage"
        )


def _check_cpu(limits: Resources, facts: HostFacts, updating: bool) -> None:
    if limits.nano_cpus > 0 and (limits.cpu_period or limits.cpu_quota):
        what = "Period" if limits.cpu_period else "Quota"
        raise _refuse(f"Conflicting options: Nano CPUs and CPU {what} cannot both be set")
    if not 0 <= limits.nano_cpus <= facts.cpus * 1_000_000_000:
        raise _refuse(
            f"range of CPUs is from 0.01 to {facts.cpus}.00, "
            f"as there are only {facts.cpus} CPUs available"
        )
    if limits.cpu_shares < 0 and not updating:
        raise _refuse(f"invalid CPU shares ({limits.cpu_shares}): value must be a positive integer")
    if limits.cpu_period and not 1000 <= limits.cpu_period <= 1_000_000:
        raise _refuse(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
        )
    if 0 < limits.cpu_quota < 1000:
        raise _refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)")


def check_security_options(options: list[str]) -> None:
    """dockerd looks at these last, after the image, and calls every mistake its own."""
    for option in options:
        if option == "no-new-privileges":
            continue
        key, separator, value = _split_option(option)
        if not separator:
            raise System(f'invalid --security-opt 1: "{option}"')
        switch = key in ("no-new-privileges", "writable-cgroups")
        if key not in _LABEL_OPTIONS or (switch and value not in ("true", "false", "1", "0")):
            raise System(f'invalid --security-opt 2: "{option}"')


def _split_option(option: str) -> tuple[str, str, str]:
    """`key=value`, or the older `key:value`."""
    match = re.fullmatch(r"([^=:]*)([=:])(.*)", option, re.DOTALL)
    return (match.group(1), match.group(2), match.group(3)) if match else (option, "", "")


def warnings(config: ContainerConfig, host: HostConfig) -> list[str]:
    """What dockerd accepts and says that it will not do."""
    found = limit_warnings(host)
    if host.network_mode == "host" and host.port_bindings:
        found.append(HOST_PORTS_WARNING)
    if config.mac_address:
        found.append(MAC_WARNING)
    return found


def limit_warnings(limits: Resources) -> list[str]:
    found = [
        (limits.blkio_weight or limits.blkio_weight_device, BLKIO_WARNING),
        (limits.oom_kill_disable and not limits.memory, OOM_WARNING),
        (limits.cpu_percent, CPU_PERCENT_WARNING),
    ]
    return [text for applies, text in found if applies]

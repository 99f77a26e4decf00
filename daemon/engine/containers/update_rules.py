"""Changing the limits and the restart policy of a container that exists."""

from typing import Any

from api_schema.host_config import HostConfig, RestartPolicy, UpdateConfig
from daemon.engine.container import Container
from daemon.engine.containers.host_rules import HostFacts, check_resources, check_restart_policy
from daemon.errors import Conflict, DockerError, System

LARGEST_SHARES = 262_144
_PLAIN = (
    "cpu_shares",
    "cpu_period",
    "cpu_quota",
    "cpuset_cpus",
    "cpuset_mems",
    "memory",
    "memory_swap",
    "memory_reservation",
    "nano_cpus",
    "cpu_realtime_period",
    "cpu_realtime_runtime",
)


def updated(container: Container, asked: UpdateConfig, facts: HostFacts) -> HostConfig:
    """The configuration with what `asked` says changed; zero means unchanged."""
    check_resources(asked, facts, updating=True)
    check_restart_policy(asked.restart_policy)
    host = container.host_config
    changes: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(asked, name))}
    if asked.pids_limit is not None:
        changes["pids_limit"] = asked.pids_limit if asked.pids_limit > 0 else None
    if asked.restart_policy.name:
        _check_policy(container, asked.restart_policy)
        changes["restart_policy"] = asked.restart_policy
    _check_cpu(container, asked, host)
    _check_memory(container, asked, host)
    return host.model_copy(update=changes)


def _refusal(kind: type[DockerError], container: Container, text: str) -> DockerError:
    return kind(f"Cannot update container {container.id}: {text}")


def _check_policy(container: Container, policy: RestartPolicy) -> None:
    if container.host_config.auto_remove and policy.name != "no":
        raise _refusal(
            Conflict,
            container,
            "Restart policy cannot be updated because AutoRemove is enabled for the container",
        )


def _check_cpu(container: Container, asked: UpdateConfig, host: HostConfig) -> None:
    if host.nano_cpus and (asked.cpu_quota or asked.cpu_period):
        what = "Quota" if asked.cpu_quota else "Period"
        raise _refusal(
            Conflict,
            container,
            f"Conflicting options: CPU {what} cannot be updated as NanoCPUs has already been set",
        )
    if asked.nano_cpus and (host.cpu_quota or host.cpu_period):
        what = "Quota" if host.cpu_quota else "Period"
        raise _refusal(
            Conflict,
            container,
            f"Conflicting options: Nano CPUs cannot be updated as CPU {what} has already been set",
        )
    if container.live is not None and not 0 <= asked.cpu_shares <= LARGEST_SHARES:
        raise _refusal(
            System,
            container,
            "runc did not terminate successfully: exit status 1: "
            f"the maximum allowed cpu-shares is {LARGEST_SHARES}\n",
        )


def _check_memory(container: Container, asked: UpdateConfig, host: HostConfig) -> None:
    if not asked.memory_swap and asked.memory > host.memory_swap:
        raise _refusal(
            Conflict,
            container,
            "Memory limit should be smaller than already set memoryswap limit, "
            "update the memoryswap at the same time",
        )
    if container.live is not None and asked.memory_swap > 0 and not (asked.memory or host.memory):
        folder = f"/sys/fs/cgroup/memory/docker/{container.id}"
        raise _refusal(
            System,
            container,
            "runc did not terminate successfully: exit status 1: failed to write "
            f'"{asked.memory_swap}": write {folder}/memory.memsw.limit_in_bytes: invalid argument\n',
        )

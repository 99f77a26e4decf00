"""Whose processes and whose shared memory a container uses instead of its own: `--pid` and `--ipc` container:X."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api_schema.host_config import HostConfig
from daemon.engine.container import Container, Live
from daemon.engine.container_state import State
from daemon.engine.containers.modes import joining, owner_of
from daemon.engine.containers.registry import Registry
from daemon.errors import Conflict, InvalidParameter, NotFound

_SHARED = ("network_mode", "ipc_mode", "pid_mode")
NOT_SHAREABLE = "non-shareable IPC (hint: use IpcMode:shareable for the donor container)"


@dataclass(frozen=True, slots=True)
class Donors:
    """The running containers that give a namespace, if any does."""

    pid: Live | None = None
    ipc: Live | None = None


def check_donors(host: HostConfig, registry: Registry) -> None:
    """Whoever is to share processes or memory has to exist before the container that asks for it."""
    for reference in (owner_of(host.ipc_mode), owner_of(host.pid_mode)):
        if reference and registry.find(reference) is None:
            raise InvalidParameter(f"No such container: {reference}")


def pinned(host: HostConfig, registry: Registry) -> HostConfig:
    """A container whose namespaces are shared stays the same when it is renamed: its id is kept."""
    donors = {name: registry.find(owner_of(getattr(host, name))) for name in _SHARED}
    ids = {name: joining(donor.id) for name, donor in donors.items() if donor}
    # Most containers ask for the same and share one object.
    return host.model_copy(update=ids) if ids else host


def donors_of(container: Container, registry: Registry) -> Donors:
    """Refuses as dockerd does, which looks at the shared memory first."""
    host = container.host_config
    ipc, pid = owner_of(host.ipc_mode), owner_of(host.pid_mode)
    return Donors(
        ipc=_donor(registry, ipc, "IPC", lends=_lends_memory) if ipc else None,
        pid=_donor(registry, pid, "PID", lends=lambda _: True) if pid else None,
    )


def _donor(
    registry: Registry, reference: str, what: str, *, lends: Callable[[Container], bool]
) -> Live:
    refusal = f"failed to join {what} namespace: "
    donor = registry.find(reference)
    if donor is None:
        raise NotFound(f"{refusal}No such container: {reference}")
    if donor.state is State.RESTARTING:
        raise Conflict(
            f"{refusal}Container {donor.id} is restarting, wait until the container is running"
        )
    if donor.live is None:
        raise Conflict(f"{refusal}container {donor.id} is not running")
    if not lends(donor):
        raise InvalidParameter(f"{refusal}container {donor.id}: {NOT_SHAREABLE}")
    return donor.live


def _lends_memory(donor: Container) -> bool:
    return donor.host_config.ipc_mode not in ("private", "none")

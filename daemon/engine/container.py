"""The record of one container: what was asked for, what happened to it, and its live half while it runs.

A record is small, ten thousand of them are nothing special: no asyncio object exists before the first start or
attach, and equal host configurations are one object.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api_schema.containers import ContainerConfig
from api_schema.endpoint_settings import EndpointSettings
from api_schema.host_config import HostConfig, PortBinding
from daemon.engine.container_state import State, Trigger, advance

if TYPE_CHECKING:
    from daemon.engine.health import HealthMonitor
    from daemon.engine.streams import Streams
    from daemon.fs.memory import MemoryTree
    from daemon.fs.overlay import OverlayTree
    from daemon.process.logs import LogStore
    from daemon.process.machine import Machine
    from daemon.process.process import Process

SHORT_ID = 12


@dataclass(slots=True)
class MountPoint:
    """One mount of a container, as create decided it; `subpath` is inside a volume or an image."""

    type: str
    destination: str
    source: str = ""
    name: str = ""
    driver: str = ""
    mode: str = ""
    writable: bool = True
    propagation: str = ""
    anonymous: bool = False
    unnamed: bool = False
    """A volume that inspect shows without its name."""
    copy_up: bool = False
    subpath: str = ""
    create_source: bool = False
    size: int = 0
    options: str = ""
    """Of a tmpfs, as `--tmpfs` spells them."""
    readonly_conflict: str = ""
    """What the options say of read-only mounts below, if that is refused when the container starts."""
    image_id: str = ""


@dataclass(slots=True)
class Sandbox:
    """A container's place in the networks while it runs."""

    id: str
    key: str
    ports: dict[str, list[PortBinding] | None] = field(default_factory=dict)


@dataclass(slots=True)
class Live:
    """What exists only while the container runs."""

    machine: Machine
    process: Process
    sandbox: Sandbox
    base_pid: int
    """The host's number of PID 0 in this container, so that PIDs look like a host's."""
    release: Callable[[], None]
    """Gives ports, addresses and mounts back; called once, at the exit of the main process."""

    def host_pid(self, pid: int) -> int:
        return self.base_pid + pid


@dataclass(slots=True)
class Waiter:
    """Somebody who asked `wait`."""

    condition: str
    done: asyncio.Future[int]


@dataclass(slots=True, eq=False)
class Container:
    """`name` has no leading slash; times are nanoseconds, None before they happened."""

    id: str
    name: str
    created: int
    config: ContainerConfig
    host_config: HostConfig
    image_id: str
    diff_ids: tuple[str, ...]
    """The layers that it stands on; the layer store keeps them for as long as the container exists."""
    platform: str
    mounts: tuple[MountPoint, ...]
    endpoints: dict[str, EndpointSettings]
    image_argv: tuple[str, ...] = ()
    is_build_step: bool = False
    """Made by a classic build, to run one instruction."""
    state: State = State.CREATED
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: int | None = None
    finished_at: int | None = None
    restart_count: int = 0
    manually_stopped: bool = False
    restart_cancelled: bool = False
    restart_delay: float = 0.0
    stop_requests: int = 0
    outlives_exit: bool = False
    """Set while a restart by hand is under way, so that `--rm` does not take effect in its middle."""
    exits: int = 0
    """How often a main process of this container has ended."""
    revision: int = 0
    """Grows with each change that a client may see; caches of replies compare it."""
    graph_id: str = ""
    overlay: OverlayTree | None = None
    logs: LogStore | None = None
    streams: Streams | None = None
    live: Live | None = None
    health: HealthMonitor | None = None
    exec_ids: list[str] | None = None
    waiters: list[Waiter] | None = None
    asked_macs: dict[str, str] | None = None
    """MAC addresses that the client wants, by network."""
    links: tuple[tuple[str, str], ...] = ()
    """Linked containers: id and alias."""
    start_lock: asyncio.Lock | None = None
    cancel_restart: Callable[[], None] | None = None
    files_of: str = ""
    """Whose host files these are, if not our own: of the container whose network namespace we share."""
    host_files: MemoryTree | None = None
    """/etc/hosts, /etc/hostname and /etc/resolv.conf: files of the host that are mounted into the container."""

    @property
    def short_id(self) -> str:
        return self.id[:SHORT_ID]

    @property
    def argv(self) -> list[str]:
        return [*(self.config.entrypoint or ()), *(self.config.cmd or ())]

    @property
    def is_running(self) -> bool:
        """For those who ask whether an image or a volume is in use."""
        return self.running

    @property
    def running(self) -> bool:
        """Docker's Running flag: a paused container runs, and so does one between two attempts."""
        return self.state in (State.RUNNING, State.PAUSED, State.RESTARTING) or (
            self.state is State.REMOVING and self.live is not None
        )

    def advance(self, trigger: Trigger, name: str | None = None) -> None:
        """Move to the state that follows, or raise dockerd's refusal; `name` is what the client called us."""
        self.state = advance(self.state, trigger, id=self.id, name=name or self.name)
        self.touch()

    def check(self, trigger: Trigger, name: str | None = None) -> None:
        """Raise dockerd's refusal if `trigger` may not happen now; move nothing."""
        advance(self.state, trigger, id=self.id, name=name or self.name)

    def touch(self) -> None:
        """Something that a client may see has changed."""
        self.revision += 1

    def event_attributes(self) -> dict[str, str]:
        """What every event of this container says of it: labels, image, name."""
        return {
            **(self.config.labels or {}),
            **({"image": self.config.image} if self.config.image else {}),
            "name": self.name,
        }

    @property
    def stop_signal(self) -> str:
        return self.config.stop_signal or "SIGTERM"

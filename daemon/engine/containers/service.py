"""What dockerd does with containers, one method for each operation."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

from api_schema.containers import ContainerCreateRequest
from api_schema.host_config import UpdateConfig
from daemon.behaviours import Run
from daemon.engine.container import Container
from daemon.engine.container_state import State, Trigger
from daemon.engine.containers import archive
from daemon.engine.containers.connecting import Connecting
from daemon.engine.containers.create import Creation, Surroundings
from daemon.engine.containers.doors import Doors
from daemon.engine.containers.host_rules import HostFacts, limit_warnings
from daemon.engine.containers.launcher import Launcher, Workshop, limits_of, streams_of
from daemon.engine.containers.links import Links
from daemon.engine.containers.listing import Listing, ListOptions
from daemon.engine.containers.networking import Networking
from daemon.engine.containers.prune import PruneReport, prune
from daemon.engine.containers.registry import Registry
from daemon.engine.containers.removal import Removal
from daemon.engine.containers.rootfs import Rootfs
from daemon.engine.containers.staging import Staging
from daemon.engine.containers.stats import StatsSource
from daemon.engine.containers.update_rules import updated
from daemon.engine.containers.volume_events import mounted
from daemon.engine.ports import Ports
from daemon.engine.signals import is_supported, parse_signal
from daemon.engine.streams import Streams
from daemon.engine.supervisor import REMOVED, WAIT_CONDITIONS, Supervisor
from daemon.errors import DockerError, InvalidParameter, NotFound, System
from daemon.events import Events
from daemon.faults import Faults
from daemon.filters import Filters
from daemon.process.machine import ProgramTable
from daemon.process.signals import Signal
from daemon.process.status import Program
from daemon.process.waiting import FairShare

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.engine.images.service import Images
    from daemon.engine.networks import Networks
    from daemon.engine.volumes import Volumes
    from daemon.ids import Ids


def _unheeded(_path: str) -> None:
    """Nobody keeps count of the programs that nothing simulates."""


def _until_the_end(chunks: Iterator[bytes], held: contextlib.ExitStack) -> Iterator[bytes]:
    """All chunks; what is `held` is given up with the last."""
    with held:
        yield from chunks


def _unscripted(_run: Run) -> Program | None:
    """Every program does what its simulation does."""
    return None


class Containers:
    """Every method that takes a `reference` raises NotFound `No such container: ...`."""

    def __init__(
        self,
        *,
        images: Images,
        networks: Networks,
        volumes: Volumes,
        events: Events,
        clock: Clock,
        ids: Ids,
        programs: ProgramTable,
        facts: HostFacts,
        own_socket: Callable[[], str | None],
        publish_host: str = "",
        bind_policy: str = "live",
        host_name: str = "mockerd",
        private_folder: Callable[[], str] = tempfile.gettempdir,
        faults: Faults | None = None,
        on_unsimulated: Callable[[str], None] = _unheeded,
        script: Callable[[Run], Program | None] = _unscripted,
    ) -> None:
        self.registry = Registry(ids)
        self._images = images
        self._volumes = volumes
        self._networks = networks
        self._events = events
        self._clock = clock
        self._facts = facts
        self.ports = Ports(publish_host)
        self.staging = Staging(Faults(clock, ids) if faults is None else faults, clock)
        self.rootfs = Rootfs(images, volumes, own_socket, clock.now, bind_policy, self.staging)
        self.networking = Networking(
            self.registry, networks, self.ports, events, ids, clock, self.staging
        )
        self.connecting = Connecting(self.registry, networks, self.networking)
        self.doors = Doors(self.rootfs, own_socket, private_folder)
        shop = self._workshop(programs, ids, on_unsimulated, script)
        self._launcher = Launcher(shop, self.rootfs, self.networking)
        self.supervisor = Supervisor(self._launcher, events, clock)
        self._removal = Removal(self.registry, self.supervisor, images, volumes)
        self.supervisor.auto_remove = self._removal.remove_with_its_process
        self.on_removed = self._removal.on_removed
        self.on_removed.append(self.doors.forget)
        self._creation = Creation(self._surroundings(ids, host_name))
        self._listing = Listing(self.registry, images)
        images.users = lambda: list(self.registry)
        volumes.users = self.volume_users
        self.stats = StatsSource(clock, facts.cpus)

    def _workshop(
        self,
        programs: ProgramTable,
        ids: Ids,
        on_unsimulated: Callable[[str], None],
        script: Callable[[Run], Program | None],
    ) -> Workshop:
        return Workshop(
            programs,
            self._clock,
            ids,
            self._events,
            FairShare(),
            self._host_gateway,
            self.doors,
            self.staging,
            on_unsimulated,
            script,
            self.image_names,
            Links(self.registry),
        )

    def _surroundings(self, ids: Ids, host_name: str) -> Surroundings:
        return Surroundings(
            self.registry,
            self._images,
            self._volumes,
            self._networks,
            self.rootfs,
            self._events,
            self._clock,
            ids,
            self._facts,
            host_name,
        )

    def image_names(self, container: Container) -> list[str]:
        """As create named it, and every name that it has now."""
        image = self._images.store.get(container.image_id)
        names = [] if image is None else self._images.repo_tags(image)
        return [container.config.image, *names]

    def _host_gateway(self) -> str:
        """What `host-gateway` stands for: the host on the default bridge."""
        return self._networks.get("bridge").gateway(4)

    # --- finding

    def get(self, reference: str) -> Container:
        return self.registry.get(reference)

    def __iter__(self) -> Iterator[Container]:
        return iter(self.registry)

    def listed(self, options: ListOptions) -> list[Container]:
        return self._listing.select(options)

    def volume_users(self, name: str) -> list[str]:
        """Ids of the containers that mount a volume."""
        return [
            container.id
            for container in self.registry
            if any(point.type == "volume" and point.name == name for point in container.mounts)
        ]

    def emit(self, container: Container, action: str, **attributes: str) -> None:
        self.supervisor.emit(container, action, **attributes)

    # --- creating and removing

    def create(
        self, request: ContainerCreateRequest, name: str = "", platform: str = ""
    ) -> tuple[Container, list[str]]:
        return self._creation.create(request, name, platform)

    async def remove(
        self, reference: str, *, force: bool = False, volumes: bool = False, link: bool = False
    ) -> None:
        if link:
            self._removal.remove_link(reference)
            return
        container = self.get(reference)
        await self._removal.remove(container, reference, force=force, volumes=volumes)

    def prune(self, filters: Filters) -> PruneReport:
        report = prune(self.registry, filters, self._clock.now(), self._remove_and_measure)
        self._events.emit("container", "prune", "", {"reclaimed": str(report.reclaimed)})
        return report

    def _remove_and_measure(self, container: Container) -> int:
        size = self.size_rw(container)
        self._removal.remove_idle(container)
        return size

    # --- the life

    async def start(self, reference: str) -> None:
        await self.supervisor.start(self.get(reference), reference)

    async def stop(self, reference: str, seconds: int | None = None, signal: str = "") -> None:
        container = self.get(reference)
        container.check(Trigger.STOP, reference)
        try:
            await self.supervisor.stop(container, seconds, signal)
        except InvalidParameter as error:
            raise System(f"cannot stop container: {reference}: {error}") from None

    async def restart(self, reference: str, seconds: int | None = None, signal: str = "") -> None:
        container = self.get(reference)
        waited = container.state is State.RESTARTING
        try:
            container.advance(Trigger.RESTART, reference)
            if waited:
                self.emit(container, "stop")
            await self.supervisor.restart(container, reference, seconds, signal)
        except DockerError as error:
            kind = System if isinstance(error, InvalidParameter) else type(error)
            raise kind(f"Cannot restart container {reference}: {error}") from None
        self.emit(container, "restart")

    async def kill(self, reference: str, signal: str = "") -> None:
        prefix = f"cannot kill container: {reference}: "
        try:
            number = parse_signal(signal or "SIGKILL")
            container = self.get(reference)
        except (InvalidParameter, NotFound) as error:
            raise type(error)(f"{prefix}{error}") from None
        if not is_supported(number):
            raise InvalidParameter(f"{prefix}the linux daemon does not support signal {number}")
        container.advance(Trigger.KILL, reference)
        if number == Signal.SIGKILL and container.live is not None:
            await self.supervisor.kill(container)
        else:
            self.supervisor.signal(container, number)

    def pause(self, reference: str) -> None:
        self.supervisor.pause(self.get(reference))

    def unpause(self, reference: str) -> None:
        self.supervisor.unpause(self.get(reference))

    def check_wait(self, reference: str, condition: str) -> Container:
        """What can be refused before the answer's head goes out."""
        if condition not in WAIT_CONDITIONS:
            raise InvalidParameter(f'invalid condition: "{condition}"')
        return self.get(reference)

    async def wait(self, container: Container, condition: str) -> int:
        if condition == REMOVED and self.registry.find(container.id) is None:
            return container.exit_code
        return await self.supervisor.wait(container, condition)

    # --- changing

    def rename(self, reference: str, new_name: str) -> None:
        bare = new_name.removeprefix("/")
        if not new_name:
            raise InvalidParameter("Neither old nor new names may be empty")
        container = self.get(reference)
        if bare == container.name:
            raise InvalidParameter("Renaming a container with the same name as its current name")
        try:
            self.registry.reserve(f"/{bare}", container.id)
        except DockerError as error:
            raise type(error)(f"Error when allocating new name: {error}") from None
        self._removal.drop_links(container)
        old, container.name = container.name, bare
        self.registry.release_name(old)
        for other_id, alias in container.links:
            self.registry.add_link(container, alias, self.get(other_id))
        for network, names in self._networks.rename(container.id, bare).items():
            settings = container.endpoints[network]
            container.endpoints[network] = settings.model_copy(update={"dns_names": names})
        container.touch()
        self.emit(container, "rename", oldName=f"/{old}")

    def update(self, reference: str, asked: UpdateConfig) -> list[str] | None:
        """Returns warnings."""
        container = self.get(reference)
        container.check(Trigger.UPDATE, reference)
        host = updated(container, asked, self._facts)
        container.host_config = host
        container.touch()
        if container.live is not None:
            machine = container.live.machine
            guard = machine.limits.guard
            machine.limits = limits_of(host)
            machine.limits.guard = guard
            machine.memory.limits = machine.limits
        self.emit(container, "update")
        return limit_warnings(asked) or None

    def resize(self, reference: str, rows: int, columns: int) -> None:
        container = self.get(reference)
        container.check(Trigger.RESIZE, reference)
        self.streams(container).resize(rows, columns)
        self.emit(container, "resize", height=str(rows), width=str(columns))

    def streams(self, container: Container) -> Streams:
        return streams_of(container)

    # --- files

    def changes(self, reference: str) -> list[tuple[int, str]]:
        """What differs from the image: kind (0 modified, 1 added, 2 deleted) and path."""
        container = self.get(reference)
        if container.overlay is None:
            return []
        return container.overlay.changes()

    def size_rw(self, container: Container) -> int:
        return container.overlay.size_rw() if container.overlay is not None else 0

    def size_root(self, container: Container) -> int:
        layers = self._images.layer_store
        image = sum(layers.get(diff_id).size for diff_id in container.diff_ids)
        return image + self.size_rw(container)

    def path_stat(self, reference: str, path: str) -> str:
        """The value of X-Docker-Container-Path-Stat."""
        archive.check_path(path)
        container = self.get(reference)
        with mounted(self._events, container):
            return archive.path_stat(self.rootfs.namespace(container), path, reference)

    def archive(self, reference: str, path: str) -> tuple[str, Iterator[bytes]]:
        """The same, and the tar."""
        archive.check_path(path)
        container = self.get(reference)
        with contextlib.ExitStack() as stack:
            stack.enter_context(mounted(self._events, container))
            stat, chunks = archive.pack(self.rootfs.namespace(container), path, reference)
            self.emit(container, "archive-path")
            return stat, _until_the_end(chunks, stack.pop_all())

    async def extract(
        self,
        reference: str,
        path: str,
        body: AsyncIterator[bytes],
        *,
        no_overwrite_dir_non_dir: bool = False,
        copy_uid_gid: bool = False,
    ) -> None:
        archive.check_path(path)
        container = self.get(reference)
        fs = self.rootfs.namespace(container)
        owner = archive.owner_of(fs, container.config.user) if copy_uid_gid else None
        options = archive.ExtractOptions(
            no_overwrite_dir_non_dir, owner, container.host_config.readonly_rootfs
        )
        with mounted(self._events, container):
            await archive.extract(fs, path, reference, body, options, self._clock)
            self.emit(container, "extract-to-dir")

    def export(self, reference: str) -> Iterator[bytes]:
        container = self.get(reference)
        self.emit(container, "export")
        return archive.export(self.rootfs.bare(container))

    async def close(self) -> None:
        """Kill everything that runs; nothing of a container is left afterwards."""
        await self.supervisor.close(list(self.registry))
        await self._launcher.host_processes.close()
        await self.ports.close()
        await self.doors.close()
        for container in self.registry:
            if container.logs is not None:
                container.logs.clear()

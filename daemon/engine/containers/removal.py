"""The end of a container: its names, volumes, layers, logs and streams are given up, and everybody is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from daemon.engine.container import Container
from daemon.engine.container_state import State, Trigger
from daemon.engine.containers.registry import Registry
from daemon.engine.supervisor import Supervisor
from daemon.errors import Conflict, NotFound, System

if TYPE_CHECKING:
    from daemon.engine.images.service import Images
    from daemon.engine.volumes import Volumes


class Removal:
    """`on_removed` is called with each container that is no more, so that caches can forget it."""

    def __init__(
        self, registry: Registry, supervisor: Supervisor, images: Images, volumes: Volumes
    ) -> None:
        self._registry = registry
        self._supervisor = supervisor
        self._images = images
        self._volumes = volumes
        self.on_removed: list[Callable[[Container], None]] = []

    async def remove(self, container: Container, name: str, *, force: bool, volumes: bool) -> None:
        """`name` is what the client called it. With `force` what runs is killed first."""
        container.advance(Trigger.FORCE_REMOVE if force else Trigger.REMOVE, name)
        if container.live is not None:
            await self._supervisor.kill(container)
        self._bury(container, volumes=volumes)

    async def remove_with_its_process(self, container: Container) -> None:
        """What `--rm` asks for."""
        if container.state in (State.EXITED, State.CREATED):
            self.remove_idle(container, volumes=True)

    def remove_idle(self, container: Container, *, volumes: bool = False) -> None:
        """Remove what does not run: nothing has to be waited for."""
        container.advance(Trigger.REMOVE)
        self._bury(container, volumes=volumes)

    def _bury(self, container: Container, *, volumes: bool) -> None:
        self._supervisor.give_up_restarting(container)
        self.drop_links(container)
        self._registry.remove(container)
        if volumes:
            self._remove_anonymous_volumes(container)
        self._release(container)
        self._supervisor.emit(container, "destroy")
        self._supervisor.removed(container)
        for forget in self.on_removed:
            forget(container)

    def _remove_anonymous_volumes(self, container: Container) -> None:
        for point in container.mounts:
            if point.anonymous:
                try:
                    self._volumes.remove(point.name)
                except (Conflict, NotFound):
                    continue  # another container uses it, or somebody was faster

    def _release(self, container: Container) -> None:
        for diff_id in container.diff_ids:
            self._images.layer_store.release(diff_id)
        if container.logs is not None:
            container.logs.clear()
        if container.streams is not None:
            container.streams.end()
        container.overlay = None
        container.host_files = None

    def remove_link(self, reference: str) -> None:
        """`rm --link parent/alias`: the child stays, the parent does not know it any more."""
        child = self._registry.get(reference)
        parent_name, _, alias = reference.strip("/").rpartition("/")
        parent = self._registry.find(parent_name) if parent_name else None
        if parent is None:
            raise System("Conflict, cannot remove the default link name of the container")
        self._registry.remove_link(parent, alias, child)
        parent.links = tuple(link for link in parent.links if link != (child.id, alias))
        parent.touch()

    def drop_links(self, container: Container) -> None:
        """Take the names back that the links of `container` gave to others."""
        for other_id, alias in container.links:
            child = self._registry.find(other_id)
            if child is not None:
                self._registry.remove_link(container, alias, child)

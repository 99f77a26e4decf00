"""Volumes of the local driver: created, found, removed, pruned, measured."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from api_schema.go_time import SECOND, go_time_seconds
from api_schema.volumes import VolumeInspect, VolumeUsage
from daemon.clock import Clock
from daemon.engine.volume_options import Source, check_length, check_name, check_options, source_of
from daemon.errors import Conflict, InvalidParameter, NotFound, System
from daemon.events import Events
from daemon.filters import Filters
from daemon.fs.binds import LIVE, bind_tree
from daemon.fs.content import Spool
from daemon.fs.memory import MemoryTree
from daemon.fs.tree import Tree
from daemon.ids import Ids

ROOT = "/var/lib/docker/volumes"
ANONYMOUS_LABEL = "com.docker.volume.anonymous"
DRIVER = "local"


@dataclass(slots=True)
class Volume:
    """A volume's record; what it holds is made at its first use."""

    name: str
    created: int
    labels: dict[str, str] | None
    options: dict[str, str] | None
    make_tree: Callable[[Volume], Tree[Any]]
    driver: str = DRIVER
    _tree: Tree[Any] | None = field(default=None, repr=False)

    @property
    def mountpoint(self) -> str:
        return f"{ROOT}/{self.name}/_data"

    @property
    def is_anonymous(self) -> bool:
        return ANONYMOUS_LABEL in (self.labels or {})

    @property
    def source(self) -> Source:
        return source_of(self.options or {})

    @property
    def tree(self) -> Tree[Any]:
        """What is mounted; System in the kernel's words if it cannot be."""
        if self._tree is None:
            self._tree = self.make_tree(self)
        return self._tree

    @property
    def size(self) -> int:
        """Bytes in use; what lies on the host is not counted."""
        return self._tree.used if isinstance(self._tree, MemoryTree) else 0

    def inspect(self, usage: VolumeUsage | None = None) -> VolumeInspect:
        return VolumeInspect(
            created_at=go_time_seconds(self.created // SECOND),
            driver=self.driver,
            labels=self.labels,
            mountpoint=self.mountpoint,
            name=self.name,
            options=self.options,
            usage_data=usage,
        )


class Volumes:
    """All volumes of one daemon. Who uses a volume is asked of `users`, which the containers give."""

    def __init__(
        self, clock: Clock, ids: Ids, events: Events, spool: Spool, bind_policy: str = LIVE
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._events = events
        self._spool = spool
        self._bind_policy = bind_policy
        self._volumes: dict[str, Volume] = {}
        self.users: Callable[[str], list[str]] = lambda _name: []

    def __iter__(self) -> Iterator[Volume]:
        return iter(self._volumes.values())

    def get(self, name: str) -> Volume:
        """NotFound `get x: no such volume`."""
        volume = self._volumes.get(name)
        if volume is None:
            raise NotFound(f"get {name}: no such volume")
        return volume

    def listed(self, filters: Filters) -> list[Volume]:
        """Those that every filter lets through."""
        dangling = _dangling(filters)
        return [
            volume
            for volume in self
            if filters.matches("name", volume.name)
            and filters.exact("driver", volume.driver)
            and filters.labels(volume.labels)
            and (dangling is None or dangling != bool(self.users(volume.name)))
        ]

    def create(
        self,
        name: str,
        *,
        driver: str = "",
        driver_opts: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Volume:
        """The volume of that name, made if there is none; without a name an anonymous one."""
        labels = dict(labels) if labels is not None else None
        if not name:
            name = self._ids.hex(64)
            labels = {**(labels or {}), ANONYMOUS_LABEL: ""}
        if driver not in ("", DRIVER):
            raise NotFound(
                f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found'
            )
        if name in self._volumes:
            return self._volumes[name]
        check_name(name)
        check_options(name, driver_opts or {})
        check_length(name, f"{ROOT}/{name}")
        options = dict(driver_opts) if driver_opts is not None else None
        volume = Volume(name, self._clock.now(), labels, options, self._make_tree)
        self._volumes[name] = volume
        self._emit("create", volume)
        return volume

    def remove(self, name: str, *, force: bool = False) -> None:
        """Gone, unless somebody uses it; `force` forgives that it is not there."""
        if force and name not in self._volumes:
            return
        volume = self.get(name)
        if users := self.users(name):
            raise Conflict(f"remove {name}: volume is in use - [{', '.join(users)}]")
        self._drop(volume)

    def _drop(self, volume: Volume) -> None:
        del self._volumes[volume.name]
        self._emit("destroy", volume)

    def prune(self, filters: Filters, *, all_by_default: bool) -> tuple[list[str], int]:
        """Remove the unused: anonymous ones, or all of them. Returns names and bytes."""
        everything = _prune_all(filters, all_by_default)
        doomed = [
            volume
            for volume in self
            if (everything or volume.is_anonymous)
            and not self.users(volume.name)
            and filters.labels(volume.labels)
            and not ("label!" in filters and filters.labels(volume.labels, "label!"))
        ]
        reclaimed = sum(volume.size for volume in doomed)
        for volume in doomed:
            self._drop(volume)
        self._events.emit("volume", "prune", "", {"reclaimed": str(reclaimed)})
        return [volume.name for volume in doomed], reclaimed

    def usage(self, volume: Volume) -> VolumeUsage:
        return VolumeUsage(ref_count=len(self.users(volume.name)), size=volume.size)

    def _emit(self, action: str, volume: Volume) -> None:
        self._events.emit("volume", action, volume.name, {"driver": volume.driver})

    def _make_tree(self, volume: Volume) -> Tree[Any]:
        source = volume.source
        if source.kind == "bind":
            try:
                return bind_tree(source.device, self._bind_policy, self._spool, self._clock.now)
            except OSError as error:
                raise System(
                    f"error while mounting volume '{volume.mountpoint}': failed to mount local volume: "
                    f"mount {source.device}:{volume.mountpoint}, flags: 0x1000: {(error.strerror or '').lower()}"
                ) from None
        if source.kind == "device":
            reason = (
                "block device required"
                if os.path.exists(source.device)
                else os.strerror(errno.ENOENT).lower()
            )
            raise System(
                f"error while mounting volume '{volume.mountpoint}': failed to mount local volume: "
                f"mount {source.device}:{volume.mountpoint}{_mount_data(volume)}: {reason}"
            )
        if source.kind != "tmpfs":
            return MemoryTree(self._spool, self._clock.now)
        tree = MemoryTree(
            self._spool, self._clock.now, fstype="tmpfs", size=source.size, mode=source.mode
        )
        tree.root.uid, tree.root.gid = source.uid, source.gid
        return tree


def _mount_data(volume: Volume) -> str:
    data = (volume.options or {}).get("o", "")
    return f", data: {data}" if data else ""


def _dangling(filters: Filters) -> bool | None:
    return filters.boolean("dangling", False) if "dangling" in filters else None


_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


def _prune_all(filters: Filters, default: bool) -> bool:
    values = filters.get("all")
    if not values:
        return default
    if len(values) > 1:
        shown = " ".join(sorted(values))
        raise InvalidParameter(f"invalid filter 'all=[{shown}]': only one value is expected")
    if values[0] in _TRUE:
        return True
    if values[0] in _FALSE:
        return False
    raise InvalidParameter(
        f"invalid filter 'all': strconv.ParseBool: parsing \"{values[0]}\": invalid syntax"
    )

"""What earlier builds made: layers by the key of the step that made them, and the folders of cache mounts."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from daemon.clock import Clock
from daemon.engine.images.threads import behind_the_loop
from daemon.fs.layers import LayerStore, chain_id
from daemon.fs.memory import MemoryTree
from daemon.fs.mirror import MirrorTree
from daemon.ids import Ids

REGULAR, CACHE_MOUNT, LOCAL = "regular", "exec.cachemount", "source.local"
GIT_CHECKOUT = "source.git.checkout"


@dataclass(slots=True)
class Record:
    """One entry, as `docker buildx du` lists it. Times in nanoseconds since the epoch."""

    id: str
    key: str
    kind: str
    description: str
    created: int
    last_used: int
    size: int = 0
    usage_count: int = 1
    diff_ids: tuple[str, ...] = ()
    parent: str = ""
    folder: MemoryTree | None = None
    source: str = ""
    """Of which client's folder it is."""
    host_folder: str = ""
    """On this machine's disk; it goes with the entry."""
    in_use: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def mutable(self) -> bool:
        """No layer, but something to work in."""
        return not self.diff_ids


class Cache:
    """All entries of a daemon. A layer that an entry names is kept alive by it."""

    def __init__(self, store: LayerStore, clock: Clock, ids: Ids) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.records: dict[str, Record] = {}
        self.has_image: Callable[[str], bool] = lambda chain: False
        """Whether an image has the layers of that chain id; set by whoever makes images."""
        self._bases: set[str] = set()

    def seen(self, chain: str) -> bool:
        """Whether a build has started from these layers before; from now on one has."""
        known = chain in self._bases
        self._bases.add(chain)
        return known

    def find(self, key: str) -> Record | None:
        """The entry of a step, now used once more; None if nobody took that step, or it was pruned."""
        record = self.records.get(key)
        if record:
            record.last_used = self.clock.now()
            record.usage_count += 1
        return record

    def keep(self, key: str, description: str, diff_ids: tuple[str, ...], parent: str) -> Record:
        """Remember the layers that a step led to; the newest result of a step counts."""
        # The same layer may have been made again: hold it before the old entry lets go.
        self.store.retain(diff_ids[-1])
        self._forget(key)
        now = self.clock.now()
        size = self.store.get(diff_ids[-1]).size
        identity = self.ids.identity()
        record = Record(identity, key, REGULAR, description, now, now, size, 1, diff_ids, parent)
        self.records[key] = record
        return record

    def mount(self, id: str, description: str = "") -> Record:
        """The folder behind `RUN --mount=type=cache,id=…`; made empty when first asked for."""
        key = f"mount:{id}"
        record = self.find(key)
        if record is None:
            record = self.add(key, CACHE_MOUNT, description)
            record.folder = MemoryTree(self.store.spool, self.clock.now)
        return record

    def source(self, name: str, key: str) -> Record:
        """What is kept of a client's folder, in use from now on; beside one that is in use, another is made."""
        for record in self.records.values():
            if record.source == key and not record.in_use:
                break
        else:
            record = self.add(f"local:{self.ids.identity()}", LOCAL, f"local source for {name}")
            record.folder = MirrorTree(self.store.spool, self.clock.now)
            record.source, record.usage_count = key, 0
        record.in_use += 1
        return record

    def release(self, record: Record) -> None:
        """A source is no longer in use."""
        record.in_use -= 1
        record.usage_count += 1
        record.last_used = self.clock.now()

    def spoil(self, record: Record) -> None:
        """Forget a source that was only half brought."""
        self._forget(record.key)

    def add(self, key: str, kind: str, description: str) -> Record:
        """A new entry without layers."""
        now = self.clock.now()
        record = Record(self.ids.identity(), key, kind, description, now, now)
        self.records[key] = record
        return record

    def shared(self, record: Record) -> bool:
        """An image has these layers too: to forget them frees nothing."""
        return bool(record.diff_ids) and self.has_image(chain_id(record.diff_ids))

    def hold(self, record: Record) -> Callable[[], None]:
        """Keep an entry and its layers until the returned function is called, even if another one takes its place."""
        layer = record.diff_ids[-1]
        self.store.retain(layer)
        record.in_use += 1

        def let_go() -> None:
            record.in_use -= 1
            self.store.release(layer)

        return let_go

    def prune(self, chosen: Iterable[Record]) -> list[Record]:
        """Forget entries; those in use stay. Returns what went."""
        gone = [record for record in chosen if not record.in_use]
        for record in gone:
            self._forget(record.key)
        return gone

    def _forget(self, key: str) -> None:
        record = self.records.pop(key, None)
        if record and record.diff_ids:
            self.store.release(record.diff_ids[-1])
        if record and record.source and record.folder:
            # The frames of a transfer that was cut off would keep what is in it.
            behind_the_loop(record.folder.used, record.folder.clear)
        if record and record.host_folder:
            shutil.rmtree(record.host_folder, ignore_errors=True)


def key_of(*parts: str | bytes) -> str:
    """A cache key from parts; no two lists of parts give the same one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()

"""What earlier builds made or read: layers by the key of the step that made them, base images, folders, files."""

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


@dataclass(slots=True, eq=False)
class Record:
    """One entry. Times in nanoseconds since the epoch.

    As with BuildKit it begins as a draft with an id of its own. What comes of it has another id, by which it goes while
    a build holds it, and for good once something is made on top of it. A cache mount stays a draft.
    """

    key: str
    kind: str
    description: str
    created: int
    draft: str = ""
    id: str = ""
    parent: Record | None = None
    diff_ids: tuple[str, ...] = ()
    size: int = 0
    measured: bool = False
    """Somebody has asked for the size; BuildKit does not look again."""
    last_used: int | None = None
    usage_count: int = 0
    holders: int = 0
    folder: MemoryTree | None = None
    host_folder: str = ""
    """On this machine's disk; it goes with the entry."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def mutable(self) -> bool:
        return bool(self.draft) and not (self.id and self.holders)

    def finalize(self) -> None:
        """Something stands on it: from now on nobody changes it."""
        if self.id:
            self.draft = ""

    def let_go(self, now: int) -> None:
        """One holder fewer; the last one counts as a use."""
        self.holders -= 1
        if not self.holders:
            self.used(now)

    def used(self, now: int) -> None:
        self.last_used = now
        self.usage_count += 1


class Cache:
    """All entries of a daemon. A layer that an entry names is kept alive by it."""

    def __init__(self, store: LayerStore, clock: Clock, ids: Ids) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.records: list[Record] = []
        self.has_image: Callable[[str], bool] = lambda chain: False
        """Whether an image has the layers of that chain id; set by whoever makes images."""
        self._done: set[str] = set()

    def note_done(self, way: str) -> None:
        self._done.add(way)

    def was_done(self, way: str) -> bool:
        """Whether such a step has ever been done on such files, whatever else it read."""
        return way in self._done

    def find(self, key: str) -> Record | None:
        """The entry of a step, the newest if it was taken more than once; None if nobody took it, or it was pruned."""
        found = (one for one in reversed(self.records) if one.key == key and one.id)
        return next(found, None)

    def begin(self, description: str, parent: Record | None = None) -> Record:
        """An entry for what is about to be made on top of another one."""
        if parent:
            parent.finalize()
        return self._add(Record("", REGULAR, description, self.clock.now(), parent=parent))

    def commit(self, record: Record, key: str, diff_ids: tuple[str, ...]) -> Record:
        """It is made: `diff_ids` are its layers and those below."""
        self.store.retain(diff_ids[-1])
        record.key, record.diff_ids = key, diff_ids
        record.id, record.created = self.ids.identity(), self.clock.now()
        record.size = self.store.get(diff_ids[-1]).size
        return record

    def abandon(self, record: Record) -> None:
        """It was not made after all."""
        self.records.remove(record)

    def base(self, diff_ids: tuple[str, ...], description: str) -> list[Record]:
        """The entries of an image's layers, the lowest first; made when a build first reads the image."""
        found: list[Record] = []
        for number in range(1, len(diff_ids) + 1):
            layers = diff_ids[:number]
            key = f"base:{chain_id(layers)}"
            record = self.find(key)
            if record is None:
                parent = found[-1] if found else None
                self.store.retain(layers[-1])
                record = self._add(Record(key, REGULAR, description, self.clock.now()))
                record.parent, record.diff_ids, record.id = parent, layers, self.ids.identity()
                record.finalize()
            found.append(record)
        return found

    def has_base(self, chain: str) -> bool:
        """Whether a build has read an image of these layers."""
        return self.find(f"base:{chain}") is not None

    def of_layers(self, diff_ids: tuple[str, ...]) -> Record | None:
        """An entry whose layers are these."""
        found = (one for one in reversed(self.records) if one.diff_ids == diff_ids)
        return next(found, None) if diff_ids else None

    def mount(self, id: str, description: str = "") -> Record:
        """The folder behind `RUN --mount=type=cache,id=…`; made empty when first asked for."""
        key = f"mount:{id}"
        for record in self.records:
            if record.key == key:
                return record
        record = Record(key, CACHE_MOUNT, description, self.clock.now())
        record.folder = MemoryTree(self.store.spool, self.clock.now)
        return self._add(record)

    def forget_mount(self, id: str) -> None:
        """The next one to ask for that folder gets an empty one; who is in it now keeps it."""
        for record in [one for one in self.records if self._is_mount(one, id)]:
            record.key = ""
            if not record.holders:
                self._forget(record)

    def _is_mount(self, record: Record, id: str) -> bool:
        return record.key == f"mount:{id}" or record.key.startswith(f"mount:{id} from ")

    def source(self, name: str, key: str) -> Record:
        """What is kept of a client's folder, in use from now on; beside one that is in use, another is made."""
        key = f"local:{key}"
        known = (one for one in self.records if one.key == key and not one.holders)
        record = next(known, None)
        if record is None:
            record = self._add(Record(key, LOCAL, f"local source for {name}", self.clock.now()))
            record.folder = MirrorTree(self.store.spool, self.clock.now)
        record.id = self.ids.identity()
        record.holders += 1
        return record

    def release(self, record: Record) -> None:
        """A source is no longer in use."""
        record.let_go(self.clock.now())

    def spoil(self, record: Record) -> None:
        """Forget a source that was only half brought."""
        self._forget(record)

    def keep_layer(self, record: Record) -> Callable[[], None]:
        """Keep what the entry was made of until the returned function is called, even if it is pruned meanwhile."""
        layer = record.diff_ids[-1]
        self.store.retain(layer)
        return lambda: self.store.release(layer)

    def add(self, key: str, kind: str, description: str) -> Record:
        """An entry for files that no step has made."""
        record = self._add(Record(key, kind, description, self.clock.now()))
        record.id = self.ids.identity()
        return record

    def file(self, key: str, description: str, size: int) -> Record:
        """Content that was fetched, or that stands in a Dockerfile."""
        key = f"file:{key}"
        record = next((one for one in self.records if one.key == key), None)
        if record is None:
            record = self.add(key, REGULAR, description)
            record.size = size
        return record

    def has_file(self, key: str) -> bool:
        return any(one.key == f"file:{key}" for one in self.records)

    def context(self, uses: Uses, url: str, digest: str, size: int, unpacked: int | None) -> None:
        """A context that came as one file, and what was in it: used where the same content was first fetched."""
        record = self.file(f"context {digest} {url}", f"http url {url}", size)
        record.used(self.clock.now())
        prefix = f"file:context {digest} "
        uses.hold(next(one for one in self.records if one.key.startswith(prefix)))
        if unpacked is not None:
            uses.hold(self.file(f"unpacked {digest}", "copy /context /", unpacked))

    def _add(self, record: Record) -> Record:
        record.draft = self.ids.identity()
        self.records.append(record)
        return record

    def shared(self, record: Record) -> bool:
        """An image has these layers too: to forget them frees nothing."""
        known = bool(record.diff_ids) and not record.mutable
        return known and self.has_image(chain_id(record.diff_ids))

    def in_use(self) -> set[Record]:
        """What builds hold, and what that stands on."""
        found: set[Record] = set()
        for record in self.records:
            one: Record | None = record if record.holders else None
            while one and one not in found:
                found.add(one)
                one = one.parent
        return found

    def prune(self, chosen: Iterable[Record]) -> list[Record]:
        """Forget entries, those on top first; what is in use or stands below others stays. Returns what went."""
        wanted, gone = set(chosen) - self.in_use(), []
        while free := wanted - {record.parent for record in self.records}:
            for record in [one for one in self.records if one in free]:
                self._forget(record)
                gone.append(record)
            wanted -= free
        return gone

    def _forget(self, record: Record) -> None:
        self.records.remove(record)
        if record.diff_ids:
            self.store.release(record.diff_ids[-1])
        if record.kind == LOCAL and record.folder:
            # The frames of a transfer that was cut off would keep what is in it.
            behind_the_loop(record.folder.used, record.folder.clear)
        if record.host_folder:
            shutil.rmtree(record.host_folder, ignore_errors=True)


class Uses:
    """The entries that a build, or a vertex of some builds, holds until it ends: used once by all who held it at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: list[Record] = []

    def hold(self, record: Record | None) -> None:
        if record and record not in self._held:
            record.holders += 1
            self._held.append(record)

    def drop(self, record: Record) -> None:
        """It came to nothing."""
        self._held.remove(record)
        record.holders -= 1

    def release(self) -> None:
        while self._held:
            self._held.pop().let_go(self._clock.now())


def key_of(*parts: str | bytes) -> str:
    """A cache key from parts; no two lists of parts give the same one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()

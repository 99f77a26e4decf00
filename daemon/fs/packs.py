"""Contents that arrive by the thousand: the small ones share a spool file, for making one takes longer than filling it."""

import hashlib
from collections.abc import Iterable
from typing import BinaryIO

from daemon.fs.content import EMPTY, Extent, RamSource, Spool, SpoolFile
from daemon.fs.nodes import Regular

IN_RAM = 1 << 16
"""What comes first needs no file: most folders have no more."""
SMALL = 1 << 18
"""Contents up to this size are packed."""
PACK = 16 << 20
"""A pack is as large as this, or the last content's size larger: it goes with the last content in it."""
BUFFER = 1 << 20
SLACK = 32 << 20
"""How much of packs may be dead before anybody minds."""


class Packs:
    """Takes contents in, whole or piece by piece. Before `flush` they may not be readable."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._file: SpoolFile | None = None
        self._output: BinaryIO | None = None
        self._size = self._in_ram = 0

    def add(self, data: bytes, digest: bytes) -> Extent:
        """A small content, frozen."""
        if not data:
            return EMPTY
        if self._in_ram + len(data) <= IN_RAM:
            self._in_ram += len(data)
            return Extent(RamSource(data), 0, len(data), digest)
        if self._output is None or self._size >= PACK:
            self._begin()
        assert self._file is not None
        assert self._output is not None
        self._output.write(data)
        self._size += len(data)
        return Extent(self._file, self._size - len(data), len(data), digest)

    def _begin(self) -> None:
        self.flush()
        self._file, self._size = self.spool.new(), 0
        self._output = open(self._file.path, "wb", buffering=BUFFER)  # noqa: SIM115  # closed by flush()

    def flush(self) -> None:
        """What is added from now on goes to another file."""
        if self._output is not None:
            self._output.close()
            self._output = None


class Arrival:
    """One content on its way: in RAM while small, then in a spool file of its own."""

    __slots__ = ("_file", "_hash", "_output", "_packs", "_pieces", "_size")

    def __init__(self, packs: Packs) -> None:
        self._packs = packs
        self._pieces: list[bytes] = []
        self._size = 0
        self._hash: hashlib._Hash | None = None
        self._file: SpoolFile | None = None
        self._output: BinaryIO | None = None

    def write(self, piece: bytes) -> None:
        """Add `piece`."""
        self._size += len(piece)
        if self._hash is None:
            self._pieces.append(piece)
            if self._size > SMALL:
                self._spill()
        else:
            assert self._output is not None
            self._hash.update(piece)
            self._output.write(piece)

    def _spill(self) -> None:
        self._file = self._packs.spool.new()
        self._output = open(self._file.path, "wb", buffering=BUFFER)  # noqa: SIM115  # closed by close()
        self._hash = hashlib.sha256()
        for piece in self._pieces:
            self._hash.update(piece)
            self._output.write(piece)
        self._pieces.clear()

    def close(self) -> None:
        """End the writing, for whatever reason."""
        if self._output is not None:
            self._output.close()
            self._output = None

    def content(self) -> Extent:
        """Close, and hand over all that was written, frozen."""
        self.close()
        if self._file is not None and self._hash is not None:
            return Extent(self._file, 0, self._size, self._hash.digest())
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        return self._packs.add(data, hashlib.sha256(data).digest())


def repack(files: Iterable[Regular], spool: Spool) -> None:
    """Give back what dead contents hold, when it is more than the living ones need and than SLACK; so with RAM."""
    living: dict[SpoolFile, int] = {}
    packed, in_ram = [], 0
    for node in files:
        content = node.content
        if not isinstance(content, Extent):
            continue
        if isinstance(content.source, SpoolFile):
            living[content.source] = living.get(content.source, 0) + content.size
        else:
            in_ram += content.size
        if content.size <= SMALL:
            packed.append((node, content))
    dead = sum(source.length() for source in living) - sum(living.values())
    if dead <= SLACK + sum(living.values()) and in_ram <= SLACK:
        return
    packs = Packs(spool)
    for node, content in packed:
        node.content = packs.add(content.pread(content.size, 0), content.digest)
    packs.flush()

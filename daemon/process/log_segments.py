"""Where log entries rest: the newest in RAM, older ones packed in a spool file, whole segments dropped by rotation."""

import struct
import tempfile
from dataclasses import dataclass, field
from typing import IO, Final, NamedTuple

BLOCK_BYTES: Final = 64 << 10
IN_MEMORY: Final = 1 << 20
_HEAD = struct.Struct("<qBI")
_STREAMS: Final = ("stdout", "stderr")


class Entry(NamedTuple):
    """One message: nanoseconds since the epoch, the stream, and the bytes with their newline if there was one."""

    time: int
    stream: str
    data: bytes

    @property
    def partial(self) -> bool:
        """Whether the line goes on in the next entry (or ended without a newline)."""
        return not self.data.endswith(b"\n")


@dataclass(slots=True)
class Block:
    """Neighbouring entries; in the spool file at `offset` once `entries` is None."""

    first: int
    count: int = 0
    nbytes: int = 0
    entries: list[Entry] | None = field(default_factory=list)
    offset: int = 0
    packed: int = 0


@dataclass(slots=True)
class Segment:
    """What one log file of the real engine holds: rotation drops it as a whole."""

    first: int
    size: int = 0
    blocks: list[Block] = field(default_factory=list)
    in_memory: int = 0
    _oldest_in_memory: int = 0
    _spool: IO[bytes] | None = None

    @property
    def end(self) -> int:
        """The position behind the last entry."""
        return self.blocks[-1].first + self.blocks[-1].count if self.blocks else self.first

    def append(self, entry: Entry) -> None:
        if not self.blocks or self.blocks[-1].nbytes >= BLOCK_BYTES:
            self.blocks.append(Block(self.end))
        block = self.blocks[-1]
        assert block.entries is not None, "the newest block is never spooled"
        block.entries.append(entry)
        cost = len(entry.data) + _HEAD.size
        block.count += 1
        block.nbytes += cost
        self.in_memory += cost
        while self.in_memory > IN_MEMORY and self._oldest_in_memory < len(self.blocks) - 1:
            self._spool_block(self.blocks[self._oldest_in_memory])
            self._oldest_in_memory += 1

    def entries_of(self, block: Block, position: int) -> list[Entry]:
        """The entries of one block, from `position` on."""
        entries = block.entries if block.entries is not None else self._load(block)
        return entries[max(0, position - block.first) :]

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _spool_block(self, block: Block) -> None:
        if self._spool is None:
            self._spool = tempfile.TemporaryFile(  # noqa: SIM115  closed by close()
                prefix="mockerd-log-"
            )
        assert block.entries is not None
        packed = b"".join(
            _HEAD.pack(e.time, _STREAMS.index(e.stream), len(e.data)) + e.data
            for e in block.entries
        )
        block.offset = self._spool.seek(0, 2)
        block.packed = self._spool.write(packed)
        block.entries = None
        self.in_memory -= block.nbytes

    def _load(self, block: Block) -> list[Entry]:
        assert self._spool is not None
        self._spool.seek(block.offset)
        packed, at, entries = self._spool.read(block.packed), 0, []
        while at < len(packed):
            time, stream, length = _HEAD.unpack_from(packed, at)
            at += _HEAD.size
            entries.append(Entry(time, _STREAMS[stream], packed[at : at + length]))
            at += length
        return entries

"""Where log entries rest: the newest in RAM, older ones packed in a spool file, whole segments dropped by rotation.

Lines written together are one record and become entries when they are read, so that a flood of short lines costs
its writer little.
"""

import struct
import tempfile
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import IO, Final, NamedTuple

BLOCK_BYTES: Final = 64 << 10
IN_MEMORY: Final = 1 << 20
BATCH: Final = 1000
"""Entries made at once for a reader."""
_HEAD = struct.Struct("<qqIBI")
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


class Record(NamedTuple):
    """`lines` messages from position `first` on, a nanosecond apart; several are whole lines."""

    first: int
    time: int
    lines: int
    stream: str
    data: bytes

    def entries(self) -> list[Entry]:
        if self.lines == 1:
            return [Entry(self.time, self.stream, self.data)]
        pieces = self.data.split(b"\n")[: self.lines]
        return [Entry(self.time + n, self.stream, line + b"\n") for n, line in enumerate(pieces)]


def _first(item: "Record | Block") -> int:
    return item.first


@dataclass(slots=True)
class Block:
    """Neighbouring records; in the spool file at `offset` once `records` is None."""

    first: int
    count: int = 0
    nbytes: int = 0
    records: list[Record] | None = field(default_factory=list)
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

    def append(self, time: int, count: int, stream: str, data: bytes) -> None:
        if not self.blocks or self.blocks[-1].nbytes >= BLOCK_BYTES:
            self.blocks.append(Block(self.end))
        block = self.blocks[-1]
        assert block.records is not None, "the newest block is never spooled"
        block.records.append(Record(self.end, time, count, stream, data))
        cost = len(data) + _HEAD.size
        block.count += count
        block.nbytes += cost
        self.in_memory += cost
        while self.in_memory > IN_MEMORY and self._oldest_in_memory < len(self.blocks) - 1:
            self._spool_block(self.blocks[self._oldest_in_memory])
            self._oldest_in_memory += 1

    def batch(self, position: int) -> list[Entry]:
        """Some entries from `position` on, BATCH or a few more at most; none at the end."""
        if position >= self.end:
            return []
        block = self.blocks[bisect_right(self.blocks, position, key=_first) - 1]
        records = block.records if block.records is not None else self._load(block)
        at = bisect_right(records, position, key=_first) - 1
        entries = records[at].entries()[position - records[at].first :]
        for record in records[at + 1 :]:
            if len(entries) >= BATCH:
                break
            entries += record.entries()
        return entries

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _spool_block(self, block: Block) -> None:
        if self._spool is None:
            self._spool = tempfile.TemporaryFile(  # noqa: SIM115  closed by close()
                prefix="mockerd-log-"
            )
        assert block.records is not None
        packed = b"".join(
            _HEAD.pack(r.first, r.time, r.lines, _STREAMS.index(r.stream), len(r.data)) + r.data
            for r in block.records
        )
        block.offset = self._spool.seek(0, 2)
        block.packed = self._spool.write(packed)
        block.records = None
        self.in_memory -= block.nbytes

    def _load(self, block: Block) -> list[Record]:
        assert self._spool is not None
        self._spool.seek(block.offset)
        packed, at, records = self._spool.read(block.packed), 0, []
        while at < len(packed):
            first, time, count, stream, length = _HEAD.unpack_from(packed, at)
            at += _HEAD.size
            records.append(Record(first, time, count, _STREAMS[stream], packed[at : at + length]))
            at += length
        return records

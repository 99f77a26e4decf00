"""What `docker logs` reads: a container's output as entries, across restarts, for any number of followers."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Final

from daemon.clock import Clock
from daemon.process.log_segments import Entry, Record, Segment
from daemon.process.waiting import WaitQueue

__all__ = ["Entry", "LogStore", "LogWriter"]

MESSAGE_LIMIT: Final = 16 << 10
"""A longer line is logged in pieces of this size, as dockerd's copier does."""

_ENVELOPE: Final = len('{"log":"","stream":"stdout","time":"2006-01-02T15:04:05.000000000Z"}\n')
_LOCAL_FRAME: Final = 28
"""Two lengths, the stream, the time and the length of a short line."""


class LogStore:
    """The log of one container. A follower reads by position, so it never holds a writer up.

    `max_size` (bytes, 0 = unlimited) and `max_file` rotate as the json-file and local drivers do. `begin_run` and
    `end_run` bracket each run of the container: a follower's stream ends with the run.
    """

    def __init__(
        self,
        clock: Clock,
        driver: str = "json-file",
        *,
        readable: bool = True,
        max_size: int = 0,
        max_file: int = 1,
    ) -> None:
        self.readable = readable
        self.running = False
        self._clock = clock
        self._max_size = max_size
        self._max_file = max(1, max_file)
        self._segments = [Segment(0)]
        self._changed = WaitQueue()
        self._writers: list[LogWriter] = []
        self._last_time = 0
        self._measure: Callable[[Record], int] = (
            _json_size if driver == "json-file" else _local_size
        )

    @property
    def end(self) -> int:
        """The position that the next entry will have."""
        return self._segments[-1].end

    @property
    def start(self) -> int:
        """The position of the oldest entry that rotation has left."""
        return self._segments[0].first

    def begin_run(self) -> None:
        self.running = True

    def end_run(self) -> None:
        """Log what was left without a newline, and let the followers end."""
        for writer in self._writers:
            writer.flush()
        self._writers.clear()
        self.running = False
        self._changed.wake()

    def writer(self, stream: str) -> "LogWriter":
        """Where a run's stdout or stderr goes."""
        writer = LogWriter(self, stream)
        self._writers.append(writer)
        return writer

    def append(self, stream: str, data: bytes, time: int | None = None, count: int = 1) -> int:
        """Add `count` entries, whole lines if there are several, and return the time of the first.

        Times grow by a nanosecond at least, unless `time` is given: pieces of one line share theirs.
        """
        if time is None:
            time = max(self._clock.now(), self._last_time + 1)
            self._last_time = time + count - 1
        if not self.readable:
            return time
        if self._max_size:
            self._append_counted(Record(0, time, count, stream, data))
        else:
            self._segments[-1].append(time, count, stream, data)
        self._changed.wake()
        return time

    def _append_counted(self, record: Record) -> None:
        """Lines that fit into the file go there together; else one by one, for rotation falls between two."""
        size = self._measure(record)
        segment = self._segments[-1]
        if record.lines > 1 and segment.size + size > self._max_size:
            for time, _stream, line in record.entries():
                self._append_counted(Record(0, time, 1, record.stream, line))
            return
        if segment.size >= self._max_size:
            segment = self._rotate()
        segment.append(record.time, record.lines, record.stream, record.data)
        segment.size += size

    async def read(
        self,
        *,
        since: int = 0,
        until: int = 0,
        tail: int | None = None,
        follow: bool = False,
    ) -> AsyncIterator[Entry]:
        """Entries in order: the last `tail` of them (None: all), those of the period; then new ones if `follow`.

        As in dockerd, `tail` counts before the period and the streams are looked at.
        """
        position = self.start if tail is None else max(self.start, self.end - tail)
        follow = follow and self.running
        while True:
            end = self.end
            while position < end:
                position = max(position, self.start)
                batch = self._batch(position)[: end - position]
                position += len(batch)
                for entry in batch:
                    if until and entry.time > until:
                        return
                    if entry.time >= since:
                        yield entry
                end = self.end if follow else end
            if not follow or not self.running:
                return
            await self._changed.wait()

    def clear(self) -> None:
        """Forget everything and close the spool files."""
        end = self.end
        for segment in self._segments:
            segment.close()
        self._segments = [Segment(end)]

    def _batch(self, position: int) -> list[Entry]:
        for segment in self._segments:
            if position < segment.end:
                return segment.batch(position)
        return []

    def _rotate(self) -> Segment:
        self._segments.append(Segment(self.end))
        while len(self._segments) > self._max_file:
            self._segments.pop(0).close()
        return self._segments[-1]


class LogWriter:
    """Cuts one stream of one run into messages: lines, or pieces of MESSAGE_LIMIT bytes that share a time."""

    def __init__(self, store: LogStore, stream: str) -> None:
        self._store = store
        self._stream = stream
        self._rest = b""
        self._line_time: int | None = None

    def __call__(self, data: bytes) -> None:
        data = self._rest + data
        start = 0
        while start < len(data):
            end = data.rfind(b"\n", start, start + MESSAGE_LIMIT) + 1
            if not end:
                if len(data) - start < MESSAGE_LIMIT:
                    break
                end = start + MESSAGE_LIMIT
            elif self._line_time is not None:
                end = data.index(b"\n", start) + 1
            self._log(data[start:end])
            start = end
        self._rest = data[start:]

    def flush(self) -> None:
        """The stream ended: what has no newline is logged without one."""
        if self._rest:
            self._log(self._rest)
            self._rest = b""

    def _log(self, messages: bytes) -> None:
        count = messages.count(b"\n") or 1
        time = self._store.append(self._stream, messages, self._line_time, count)
        self._line_time = None if messages.endswith(b"\n") else time


def _json_size(record: Record) -> int:
    """What the json-file driver would write; rotation counts these bytes."""
    text = json.dumps(record.data.decode("utf-8", "replace"), ensure_ascii=False)
    escaped = 5 * sum(map(record.data.count, (b"<", b">", b"&")))
    shorter = _zeros(record.time, record.lines)
    return record.lines * _ENVELOPE + len(text.encode()) - 2 + escaped - shorter


def _zeros(time: int, count: int) -> int:
    """How many zeros at the ends of `count` moments are not written."""
    last = time + count - 1
    return sum(last // 10**n - (time - 1) // 10**n for n in range(1, 10))


def _local_size(record: Record) -> int:
    """What the local driver would write: lines without their ends, and beside each some numbers."""
    data = record.data
    long = sum(len(line) > 127 for line in data.split(b"\n")) if len(data) > 127 else 0
    return record.lines * _LOCAL_FRAME + len(data) - data.count(b"\n") + long

"""Declares where things may go wrong on request, and decides whether they do.

A test arms a fault by name; the seam in the code asks `faults.fires(FaultPoint.X, ...)` or awaits `faults.strike`.
With nothing armed a seam costs one truth test. `grep FaultPoint.` shows every seam.
"""

import asyncio
import enum
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from daemon.clock import Clock
from daemon.ids import Ids


class FaultPoint(enum.StrEnum):
    """The worst days we can stage. The value is the name by which a test arms it."""

    HANG_BEFORE_HEADERS = "hang-before-headers"
    """The request is read and never answered (until the fault is disarmed)."""
    HANG_AFTER_HEADERS = "hang-after-headers"
    HANG_MID_BODY = "hang-mid-body"
    """Hang once `after_bytes` of the body are out."""
    CUT_BEFORE_HEADERS = "cut-before-headers"
    """Close the connection instead of answering."""
    CUT_MID_BODY = "cut-mid-body"
    CUT_MID_FRAME = "cut-mid-frame"
    """Close in the middle of a frame of a hijacked stream, `after_bytes` into it."""
    DELAY = "delay"
    """Answer `seconds` late."""
    ERROR_STATUS = "error-status"
    """Answer `status` with `message` instead."""
    GATE = "gate"
    """Hold the request until the gate of that name is opened: fixes the order of two requests."""
    SHUTDOWN = "shutdown"
    """The daemon goes away in the middle of the request, and comes back after `seconds`."""
    PROCESS_START = "process-start"
    """The container's or exec's process cannot be started, with `message`."""
    PROCESS_KILLED = "process-killed"
    OOM = "oom"
    DISK_FULL = "disk-full"
    PORT_TAKEN = "port-taken"
    LOGS_UNREADABLE = "logs-unreadable"
    PULL_DENIED = "pull-denied"
    PULL_NOT_FOUND = "pull-not-found"
    PULL_RATE_LIMITED = "pull-rate-limited"
    PULL_INTERRUPTED = "pull-interrupted"
    """A layer's download breaks off: an error in the stream, after the first progress."""
    PULL_SLOW = "pull-slow"
    REGISTRY_UNREACHABLE = "registry-unreachable"
    REGISTRY_ERROR = "registry-error"
    REGISTRY_CORRUPT_BLOB = "registry-corrupt-blob"
    PUSH_DENIED = "push-denied"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as armed. Every key of `where` must match; `*` in its value stands for anything."""

    point: FaultPoint
    count: int | None = None
    """How often it strikes; None for always."""
    skip: int = 0
    """How many matching occasions pass before the first strike."""
    probability: float = 1.0
    where: Mapping[str, str] = field(default_factory=dict)
    status: int = 500
    message: str = "injected fault"
    seconds: float = 0.0
    after_bytes: int = 0
    gate: str = ""

    def matches(self, occasion: Mapping[str, str]) -> bool:
        return all(fnmatchcase(occasion.get(key, ""), wanted) for key, wanted in self.where.items())


@dataclass(slots=True)
class Armed:
    """A fault that waits, and what it has done so far."""

    number: int
    fault: Fault
    seen: int = 0
    struck: int = 0
    disarmed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def spent(self) -> bool:
        return self.fault.count is not None and self.struck >= self.fault.count


class Gate:
    """Where requests wait until a test lets them through."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self._arrival = asyncio.Event()
        self.waiting = 0

    def open(self) -> None:
        self._opened.set()

    def close(self) -> None:
        self._opened.clear()

    async def arrived(self, count: int = 1) -> None:
        """Return once `count` requests wait here."""
        while self.waiting < count:
            self._arrival.clear()
            await self._arrival.wait()

    async def passed(self) -> None:
        """Wait here until the gate is open."""
        self.waiting += 1
        self._arrival.set()
        try:
            await self._opened.wait()
        finally:
            self.waiting -= 1


class Faults:
    """The registry of armed faults and gates of one daemon."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self.newest = 0
        """The number of the fault that was armed last."""
        self._armed: dict[FaultPoint, list[Armed]] = {}
        self._gates: dict[str, Gate] = {}
        self.history: list[tuple[FaultPoint, dict[str, str]]] = []
        """What has struck, and where, oldest first."""

    def __bool__(self) -> bool:
        return bool(self._armed)

    @property
    def armed(self) -> list[Armed]:
        return [one for some in self._armed.values() for one in some]

    def arm(self, fault: Fault) -> int:
        """Let a fault wait for its occasion; returns the number that disarms it."""
        self.newest += 1
        armed = Armed(self.newest, fault)
        self._armed.setdefault(fault.point, []).append(armed)
        return armed.number

    def disarm(self, number: int | None = None) -> bool:
        """Forget one fault (None: all); was there one? Requests that hang on it go on."""
        known = number is None or any(one.number == number for one in self.armed)
        for point, some in list(self._armed.items()):
            for armed in [one for one in some if number in (None, one.number)]:
                some.remove(armed)
                armed.disarmed.set()
            if not some:
                del self._armed[point]
        return known

    @property
    def gates(self) -> Mapping[str, Gate]:
        return self._gates

    def gate(self, name: str) -> Gate:
        """The gate of that name, closed when it is first asked for."""
        return self._gates.setdefault(name, Gate())

    def fires(self, point: FaultPoint, **occasion: str) -> Fault | None:
        """The fault that strikes on this occasion, if one does; it is counted as struck."""
        armed = self._strike(point, occasion)
        return armed.fault if armed is not None else None

    async def hold(self, point: FaultPoint, **occasion: str) -> bool:
        """Hang here if that is armed, until it is disarmed; whether it did."""
        armed = self._strike(point, occasion)
        if armed is None:
            return False
        await armed.disarmed.wait()
        return True

    async def strike(self, **occasion: str) -> Fault | None:
        """What may befall a request before its answer: wait for a gate, a delay or for ever; then perhaps an error.

        Returns the fault when the caller must answer an error (ERROR_STATUS), close (CUT_BEFORE_HEADERS) or go
        away (SHUTDOWN).
        """
        if not self._armed:
            return None
        if (fault := self.fires(FaultPoint.GATE, **occasion)) is not None:
            await self.gate(fault.gate).passed()
        if (fault := self.fires(FaultPoint.DELAY, **occasion)) is not None:
            await self._clock.sleep(fault.seconds)
        await self.hold(FaultPoint.HANG_BEFORE_HEADERS, **occasion)
        fired = (self.fires(point, **occasion) for point in _INSTEAD_OF_AN_ANSWER)
        return next((fault for fault in fired if fault is not None), None)

    def body(self, send: "Send", *, since: int = 0, **occasion: str) -> "Send":
        """Wrap the sending of a body so that it hangs or is cut where armed; the same `send` if nothing is.

        Only faults with a number above `since` are asked, so that a long stream can ask again for what is new.
        """
        for point in _MID_BODY:
            if self._armed and (armed := self._strike(point, occasion, since)) is not None:
                return _Broken(send, armed).send
        return send

    def _strike(
        self, point: FaultPoint, occasion: Mapping[str, str], since: int = 0
    ) -> Armed | None:
        for armed in self._armed.get(point, ()):
            if armed.number <= since or armed.spent or not armed.fault.matches(occasion):
                continue
            armed.seen += 1
            if armed.seen > armed.fault.skip and self._drawn(armed.fault):
                armed.struck += 1
                self.history.append((point, dict(occasion)))
                return armed
        return None

    def _drawn(self, fault: Fault) -> bool:
        return fault.probability >= 1.0 or self._ids.random.random() < fault.probability


Send = Callable[[bytes], Awaitable[None]]

_MID_BODY: Final = (
    FaultPoint.HANG_MID_BODY,
    FaultPoint.CUT_MID_BODY,
    FaultPoint.CUT_MID_FRAME,
)


_INSTEAD_OF_AN_ANSWER: Final = (
    FaultPoint.ERROR_STATUS,
    FaultPoint.CUT_BEFORE_HEADERS,
    FaultPoint.SHUTDOWN,
)


class ConnectionCut(ConnectionError):
    """Whoever sends must close the connection now, as if the wire had broken."""


class _Broken:
    """Sends `after_bytes` bytes, then what the fault says."""

    def __init__(self, send: Send, armed: Armed) -> None:
        self._send = send
        self._armed = armed
        self._left = armed.fault.after_bytes

    async def send(self, data: bytes) -> None:
        if len(data) <= self._left:
            self._left -= len(data)
            await self._send(data)
            return
        head, rest, self._left = data[: self._left], data[self._left :], 0
        if head:
            await self._send(head)
        if self._armed.fault.point is not FaultPoint.HANG_MID_BODY:
            raise ConnectionCut
        await self._armed.disarmed.wait()
        await self._send(rest)

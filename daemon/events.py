"""What has happened: a short memory of events, and their live stream to whoever listens."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass

from daemon.clock import NANOSECONDS, Clock
from daemon.errors import InvalidParameter
from daemon.filters import Filters

MEMORY = 256
"""How many events dockerd remembers for `since`."""
_BACKLOG = 16_384
"""How far one listener may lag behind before it loses the oldest."""

# Actions with an argument behind a colon; a filter that names one without its argument matches them all.
_WITH_ARGUMENT = frozenset({"exec_create", "exec_start", "health_status"})
# Types whose filter of the same name is matched against the actor's id and name, by prefix.
_ACTORS = ("daemon", "container", "plugin", "volume", "network", "node", "service", "secret", "config")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    type: str
    action: str
    id: str
    attributes: dict[str, str]
    scope: str
    time: int
    """Nanoseconds since the epoch."""


def includes(filters: Filters, event: Event) -> bool:
    """Docker's rules of what a filter lets through."""
    return (
        _action_matches(filters, event.action)
        and filters.exact("type", event.type)
        and filters.exact("scope", event.scope)
        and all(_actor_matches(filters, kind, event) for kind in _ACTORS if kind in filters)
        and _image_matches(filters, event)
        and filters.labels(event.attributes)
    )


def _action_matches(filters: Filters, action: str) -> bool:
    if _WITH_ARGUMENT.intersection(filters.get("event")):
        return filters.fuzzy("event", action)
    return filters.exact("event", action)


def _actor_matches(filters: Filters, kind: str, event: Event) -> bool:
    return filters.fuzzy(kind, event.id) or filters.fuzzy(kind, event.attributes.get("name", ""))


def _image_matches(filters: Filters, event: Event) -> bool:
    if "image" not in filters:
        return True
    name = event.attributes.get("name" if event.type == "image" else "image", "")
    candidates = (event.id, name, _without_tag(event.id), _without_tag(name))
    return any(filters.exact("image", candidate) for candidate in candidates)


def _without_tag(image: str) -> str:
    head, colon, tail = image.rpartition(":")
    return head if colon and "/" not in tail else image


class Events:
    """Emits, remembers and streams."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._memory: deque[Event] = deque(maxlen=MEMORY)
        self._listeners: set[Callable[[Event], None]] = set()

    @property
    def listener_count(self) -> int:
        """How many clients follow the stream, as /info reports it."""
        return len(self._listeners)

    def emit(
        self,
        type: str,
        action: str,
        id: str,
        attributes: Mapping[str, str] | None = None,
        *,
        scope: str = "local",
    ) -> Event:
        """Tell everybody, in the order in which things happened."""
        event = Event(type, action, id, dict(attributes or {}), scope, self._clock.now())
        self._memory.append(event)
        for listener in tuple(self._listeners):
            listener(event)
        return event

    @contextlib.contextmanager
    def listen(self, listener: Callable[[Event], None]) -> Iterator[None]:
        """Call `listener` with each event from now on."""
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    def remembered(self, since: int | None, until: int | None, filters: Filters) -> list[Event]:
        """Events of the past, oldest first; without `since` and `until` none."""
        if since is None and until is None:
            return []
        return [
            event
            for event in self._memory
            if event.time >= (since or 0)
            and (until is None or until <= 0 or event.time <= until)
            and includes(filters, event)
        ]

    async def stream(
        self, since: int | None, until: int | None, filters: Filters
    ) -> AsyncIterator[Event]:
        """First what is remembered, then what happens, until `until` has come (None: for ever)."""
        pending: deque[Event] = deque(maxlen=_BACKLOG)
        wakeup = asyncio.Event()

        def note(event: Event) -> None:
            if includes(filters, event):
                pending.append(event)
                wakeup.set()

        with self.listen(note):
            for event in self.remembered(since, until, filters):
                yield event
            while until is None or self._clock.now() < until or pending:
                while pending:
                    yield pending.popleft()
                wakeup.clear()
                left = None if until is None else (until - self._clock.now()) / NANOSECONDS
                with contextlib.suppress(TimeoutError):
                    async with self._clock.timeout(left):
                        await wakeup.wait()


def parse_event_time(text: str) -> int | None:
    """`seconds.nanoseconds` in nanoseconds; empty is None. Raises ValueError with strconv's text."""
    if not text:
        return None
    seconds, _, fraction = text.partition(".")
    nanoseconds = int(_parse_int(fraction) * 10.0 ** (9 - len(fraction))) if fraction else 0
    return _parse_int(seconds) * NANOSECONDS + nanoseconds


def _parse_int(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if not -(2**63) <= int(text) < 2**63:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def _moment(text: str) -> int | None:
    """None also for the second before 1970, which stands for no time at all in dockerd."""
    moment = parse_event_time(text)
    return None if text.partition(".")[0] == "-1" else moment


def check_period(since: str, until: str) -> tuple[int | None, int | None]:
    """Both ends of a stream in nanoseconds, or Docker's refusal of a period that ends before it begins."""
    start, end = _moment(since), _moment(until)
    if end is not None and start is not None and end < start:
        raise InvalidParameter(f"`since` time ({since}) cannot be after `until` time ({until})")
    return start, end

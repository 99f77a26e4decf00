"""What a program is to do instead of its simulation: as data, and which of them is meant when a program starts."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import TypeAdapter, ValidationError

from daemon.errors import InvalidParameter

if TYPE_CHECKING:
    from daemon.process.process import Process

_STRICT = {"extra": "forbid"}
"""pydantic's: a field that is misspelt is refused."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output; its newline is added."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT
    text: str
    stream: Literal["stdout", "stderr"] = "stdout"
    after: float = 0.0
    """Seconds to wait before it."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port to listen on, and what becomes of a connection. Without anything to say it is closed at once."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT
    port: int
    after: float = 0.0
    """Seconds from the start until it is open."""
    greeting: bytes = b""
    """Sent to whoever connects."""
    answer: bytes = b""
    """Sent for whatever arrives, each time."""
    status: int = 0
    """Speak HTTP: every request gets this status, and `body`."""
    body: bytes = b""
    content_type: str = "text/plain"
    forward: str = ""
    """`HOST:PORT` of a real server, as seen from the host, that answers instead."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """When it is meant (every pattern that is given must match) and what happens. Times are seconds from the start."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT
    image: str = ""
    """A name by which Docker knows the container's image; without a tag, any tag."""
    command: str = ""
    """The words of the command, joined by blanks. Without it and `executable`, only a main process is meant."""
    executable: str = ""
    """The path of the program, or its last part."""
    lines: tuple[Line | str, ...] = ()
    ports: tuple[Port, ...] = ()
    stay: bool = False
    """Run until signalled; so does what listens, unless `exit_after` ends it."""
    ignore_signals: bool = False
    """Nothing but SIGKILL ends it."""
    exit_code: int = 0
    exit_after: float | None = None
    """None: at once after the last line, or when signalled if it is to stay."""
    oom_after: float | None = None
    start_error: str = ""
    """It cannot be started, and this is why; `exit_code` may be 126 (the default) or 127."""

    def is_meant(self, run: Run) -> bool:
        if not (self.command or self.executable) and not run.is_main:
            return False
        return (
            _matches(self.command, [" ".join(run.argv)])
            and _matches(self.executable, [run.path, run.path.rpartition("/")[2]])
            and (not self.image or _matches(self.image, _names(run.images())))
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A program that is about to run."""

    images: Callable[[], Iterable[str]]
    """The names of its container's image; none in a step of a BuildKit build."""
    path: str
    argv: Sequence[str]
    is_main: bool
    """Whether it is the main process of a container that is no step of a build."""


Main = Callable[["Process"], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Scripted:
    """A behaviour as registered; `main` runs instead of what it describes."""

    number: int
    behaviour: Behaviour
    main: Main | None = None


class Behaviours:
    """Those of one daemon. The latest one that matches is the one that is meant."""

    def __init__(self, given: Iterable[Behaviour] = ()) -> None:
        self._numbers = itertools.count(1)
        self._scripted: dict[int, Scripted] = {}
        for behaviour in given:
            self.add(behaviour)

    def __iter__(self) -> Iterator[Scripted]:
        return iter(self._scripted.values())

    def add(self, behaviour: Behaviour, main: Main | None = None) -> int:
        """From now on; returns the number that removes it."""
        number = next(self._numbers)
        self._scripted[number] = Scripted(number, behaviour, main)
        return number

    def remove(self, number: int | None = None) -> bool:
        """Forget one (None: all); False if there is none. What runs already is not touched."""
        if number is None:
            self._scripted.clear()
            return True
        return self._scripted.pop(number, None) is not None

    def find(self, run: Run) -> Scripted | None:
        """What the program is to do; None for what its simulation does."""
        latest_first = reversed(self._scripted.values())
        return next((one for one in latest_first if one.behaviour.is_meant(run)), None)


def _matches(pattern: str, texts: Iterable[str]) -> bool:
    return not pattern or any(fnmatchcase(text, pattern) for text in texts)


def _names(images: Iterable[str]) -> Iterator[str]:
    """Each with its tag or digest, and without."""
    for name in images:
        yield name
        folder, slash, last = name.partition("@")[0].rpartition("/")
        yield folder + slash + last.partition(":")[0]


# --- reading


@cache
def _adapter() -> TypeAdapter[Behaviour]:
    return TypeAdapter(Behaviour)


def behaviour_of(given: bytes | Mapping[str, Any]) -> Behaviour:
    """From JSON, or from the same as Python values; InvalidParameter says what is wrong."""
    adapter = _adapter()
    try:
        if isinstance(given, bytes):
            return adapter.validate_json(given)
        return adapter.validate_python(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidParameter(f"invalid behaviour: {where}: {first['msg']}") from None


def as_json(behaviour: Behaviour) -> Any:  # noqa: ANN401 - a JSON document
    """The opposite; bytes that are no UTF-8 are shown with replacements."""
    return _shown(_adapter().dump_python(behaviour, exclude_defaults=True))


def _shown(value: Any) -> Any:  # noqa: ANN401 - part of such a document
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {name: _shown(member) for name, member in value.items()}
    return [_shown(member) for member in value] if isinstance(value, tuple) else value


def forwarding(specs: Iterable[str]) -> list[Behaviour]:
    """`IMAGE:PORT=HOST:PORT`, one behaviour for each image; ValueError for what is written otherwise."""
    ports: dict[str, list[Port]] = {}
    for spec in specs:
        inner, equals, outer = spec.partition("=")
        image, _, port = inner.rpartition(":")
        if not (equals and image and _is_port(port)):
            raise ValueError(f"not of the form IMAGE:PORT=HOST:PORT: {spec}")
        host_and_port(outer)
        ports.setdefault(image, []).append(Port(int(port), forward=outer))
    return [Behaviour(image=image, ports=tuple(own)) for image, own in ports.items()]


def host_and_port(text: str) -> tuple[str, int]:
    """`HOST:PORT`, an IPv6 address in brackets; ValueError if it is something else."""
    host, _, port = text.rpartition(":")
    if not (host and _is_port(port)):
        raise ValueError(f"not of the form HOST:PORT: {text}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16

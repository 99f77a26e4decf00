"""Containers: what flows. Attach, logs, stats and wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_schema.changes.v1_28 import BinaryWebSocket
from api_schema.changes.v1_30 import WaitConditions
from api_schema.changes.v1_41 import OneShotStats
from api_schema.changes.v1_42 import MultiplexedStreamType
from api_schema.containers import ContainerWait, WaitError
from api_schema.go_time import go_time_padded
from daemon.engine.container import Container
from daemon.engine.container_state import Trigger
from daemon.engine.containers.log_files import is_readable, rotation
from daemon.engine.detach_keys import DEFAULT_KEYS, parse_keys
from daemon.engine.streams import STDERR, STDOUT
from daemon.errors import DockerError, InvalidParameter, System, Unsupported
from daemon.events import parse_event_time
from daemon.process.logs import Entry, LogStore
from daemon.server import codec
from daemon.server.attaching import RefusedHijack, Session, frame
from daemon.server.hijack import Duplex
from daemon.server.replies import Hijack, Json, Reply, Stream, stream_content_type
from daemon.server.request import Request
from daemon.server.routing import Route
from daemon.server.websocket import WebSocket

if TYPE_CHECKING:
    from daemon.app import Daemon


# --- wait


async def container_wait(request: Request, daemon: Daemon) -> Reply:
    known = WaitConditions.applies_to(request.version)
    condition = request.query.get("condition") if known else ""
    container = daemon.containers.check_wait(request.vars["name"], condition)
    return Stream(_exit_code(request, daemon, container, condition))


async def _exit_code(
    request: Request, daemon: Daemon, container: Container, condition: str
) -> AsyncIterator[bytes]:
    """The head goes out at once, the code when it is known."""
    code = await daemon.containers.wait(container, condition)
    if container.streams is not None:
        await container.streams.seen(daemon.clock)
    error = WaitError(message=container.error) if container.error else None
    yield codec.render(ContainerWait(status_code=code, error=error), request.version)


# --- stats


async def container_stats(request: Request, daemon: Daemon) -> Reply:
    container = daemon.containers.get(request.vars["name"])
    stream = request.query.flag("stream", default=True)
    one_shot = OneShotStats.applies_to(request.version) and request.query.flag("one-shot")
    if stream and one_shot:
        raise InvalidParameter("cannot have stream=true and one-shot=true")
    source = daemon.containers.stats
    if stream:
        return Stream(_samples(request, daemon, container), content_type="")
    if one_shot or container.live is None:
        return Json(source.one_shot(container))
    return Json(await source.single(container))


async def _samples(request: Request, daemon: Daemon, container: Container) -> AsyncIterator[bytes]:
    async for sample in daemon.containers.stats.stream(container):
        yield codec.render(sample, request.version)


# --- logs


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What of a log is wanted, and how it is to look."""

    streams: frozenset[str]
    since: int
    until: int
    tail: int | None
    follow: bool
    timestamps: bool
    details: bool
    raw: bool


async def container_logs(request: Request, daemon: Daemon) -> Reply:
    query = request.query
    wanted = {STDOUT: query.flag("stdout"), STDERR: query.flag("stderr")}
    streams = frozenset(name for name, asked in wanted.items() if asked)
    if not streams:
        raise InvalidParameter("Bad parameters: you must choose at least one stream")
    container = daemon.containers.get(request.vars["name"])
    tail = query.get("tail")
    options = LogOptions(
        streams=streams,
        since=_moment(query.get("since")),
        until=_moment(query.get("until")),
        tail=int(tail) if tail.isdecimal() else None,
        follow=query.flag("follow"),
        timestamps=query.flag("timestamps"),
        details=query.flag("details"),
        raw=container.config.tty,
    )
    log_config = container.host_config.log_config
    if not is_readable(log_config):
        raise Unsupported("configured logging driver does not support reading")
    if container.logs is None:
        rotation(log_config)
    daemon.containers.staging.check_logs(container)
    known = MultiplexedStreamType.applies_to(request.version)
    content_type = stream_content_type(tty=container.config.tty, multiplexed_type_known=known)
    return Stream(log_lines(container, options), content_type=content_type)


def _moment(text: str) -> int:
    try:
        return parse_event_time(text) or 0
    except ValueError as error:
        raise System(str(error)) from None


async def log_lines(container: Container, options: LogOptions) -> AsyncIterator[bytes]:
    """Rendered entries; nothing for a container that never ran."""
    logs: LogStore | None = container.logs
    if logs is None:
        return
    entries = logs.read(
        since=options.since, until=options.until, tail=options.tail, follow=options.follow
    )
    details = _details(container) if options.details else b""
    fresh = dict.fromkeys((STDOUT, STDERR), True)
    async for entry in entries:
        if entry.stream in options.streams:
            yield _rendered(entry, options, details, fresh)


def _rendered(entry: Entry, options: LogOptions, details: bytes, fresh: dict[str, bool]) -> bytes:
    """A line, or a piece of one; only its first piece gets the time."""
    data = entry.data
    if options.details:
        data = details + b" " + data
    if options.timestamps and fresh[entry.stream]:
        data = go_time_padded(entry.time).encode() + b" " + data
    fresh[entry.stream] = not entry.partial
    return data if options.raw else frame(entry.stream, data)


def _details(container: Container) -> bytes:
    """The labels and variables that `--log-opt labels=` and `env=` chose."""
    options = container.host_config.log_config.config or {}
    labels = container.config.labels or {}
    variables = dict(item.partition("=")[::2] for item in container.config.env or ())
    chosen = {}
    for option, values in (("labels", labels), ("env", variables)):
        for name in options.get(option, "").split(","):
            if name in values:
                chosen[name] = values[name]
    return ",".join(f"{name}={chosen[name]}" for name in sorted(chosen)).encode()


# --- attach


async def container_attach(request: Request, daemon: Daemon) -> Reply:
    """Errors are written to the connection that dockerd has taken over before it looks."""
    try:
        return _attach(request, daemon)
    except DockerError as error:
        return RefusedHijack(error)


def _attach(request: Request, daemon: Daemon) -> Reply:
    query = request.query
    refusal = InvalidParameter(f"Invalid detach keys ({query.get('detachKeys')}) provided")
    keys = parse_keys(query.get("detachKeys"), refusal) or DEFAULT_KEYS
    container = daemon.containers.get(request.vars["name"])
    container.check(Trigger.ATTACH, request.vars["name"])
    known = MultiplexedStreamType.applies_to(request.version)
    content_type = stream_content_type(tty=container.config.tty, multiplexed_type_known=known)
    multiplexed = not container.config.tty
    return Hijack(
        lambda duplex: _attached(request, daemon, container, duplex, keys, multiplexed),
        content_type,
    )


async def container_attach_websocket(request: Request, daemon: Daemon) -> Reply:
    """Raw bytes in the messages of a WebSocket; here errors have a status."""
    query = request.query
    refusal = InvalidParameter(f"Invalid detach keys ({query.get('detachKeys')}) provided")
    keys = parse_keys(query.get("detachKeys"), refusal) or DEFAULT_KEYS
    container = daemon.containers.get(request.vars["name"])
    container.check(Trigger.ATTACH, request.vars["name"])
    return WebSocket(
        lambda duplex: _attached(request, daemon, container, duplex, keys, multiplexed=False),
        binary=BinaryWebSocket.applies_to(request.version),
    )


async def _attached(
    request: Request,
    daemon: Daemon,
    container: Container,
    duplex: Duplex,
    keys: bytes,
    multiplexed: bool,
) -> None:
    query = request.query
    wanted = {STDOUT: query.flag("stdout"), STDERR: query.flag("stderr")}
    session = None
    if query.flag("stream") and _wants_any(request, container):
        session = _session(request, daemon, container, keys, multiplexed)
    try:
        if query.flag("logs"):
            names = frozenset(name for name, asked in wanted.items() if asked)
            await _send_log(container, names, duplex, raw=not multiplexed)
        daemon.containers.emit(container, "attach")
        if session is not None:
            await session.run(duplex)
    finally:
        # A client that vanishes before its session has begun would hold up the writers for ever.
        if session is not None:
            session.close()


def _wants_any(request: Request, container: Container) -> bool:
    """An attach to no stream at all is over at once."""
    query = request.query
    stdin = query.flag("stdin") and container.config.open_stdin
    return stdin or query.flag("stdout") or query.flag("stderr")


def _session(
    request: Request, daemon: Daemon, container: Container, keys: bytes, multiplexed: bool
) -> Session:
    query = request.query
    streams = daemon.containers.streams(container)
    stdin = query.flag("stdin") and container.config.open_stdin
    return Session(
        streams,
        streams.attach(stdout=query.flag("stdout"), stderr=query.flag("stderr")),
        multiplexed=multiplexed,
        stdin=stdin,
        close_stdin=container.config.stdin_once and not container.config.tty,
        # Without a terminal dockerd passes them on like any other bytes.
        detach_keys=keys if container.config.tty else b"",
        on_detach=lambda: _detached(daemon, container),
    )


def _detached(daemon: Daemon, container: Container) -> bytes:
    daemon.containers.emit(container, "detach")
    return b""


async def _send_log(
    container: Container, streams: frozenset[str], duplex: Duplex, *, raw: bool
) -> None:
    options = LogOptions(
        streams=streams,
        since=0,
        until=0,
        tail=None,
        follow=False,
        timestamps=False,
        details=False,
        raw=raw,
    )
    async for data in log_lines(container, options):
        await duplex.write(data)


ROUTES = [
    Route("POST", "/containers/{name}/wait", container_wait, shielded=False),
    Route("GET", "/containers/{name}/stats", container_stats),
    Route("GET", "/containers/{name}/logs", container_logs),
    Route("POST", "/containers/{name}/attach", container_attach, shielded=False),
    Route("GET", "/containers/{name}/attach/ws", container_attach_websocket),
]

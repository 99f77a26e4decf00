"""Execs: created in a running container, started with or without a client attached, inspected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schema.changes.v1_42 import MultiplexedStreamType
from api_schema.execs import ExecCreateRequest, ExecStartRequest
from daemon.engine.execs import Exec, ExecFailure, keys_of
from daemon.engine.streams import STDOUT
from daemon.errors import Conflict, InvalidParameter
from daemon.server.attaching import Session, frame
from daemon.server.hijack import Duplex
from daemon.server.replies import Empty, Hijack, Json, Reply, stream_content_type
from daemon.server.request import Request
from daemon.server.routes.containers import window_size
from daemon.server.routing import Route
from daemon.server.views import exec_inspect

if TYPE_CHECKING:
    from daemon.app import Daemon

DETACHED_TEXT = b"exec attach failed: error on attach stdin: read escape sequence\r\n"


async def container_exec(request: Request, daemon: Daemon) -> Reply:
    body = await request.json(ExecCreateRequest, optional=True)
    made = daemon.execs.create(request.vars["name"], body)
    return Json({"Id": made.id}, status=201)


async def exec_start(request: Request, daemon: Daemon) -> Reply:
    body = await request.json(ExecStartRequest, optional=True)
    found = daemon.execs.check_start(request.vars["id"])
    if body.detach:
        try:
            await daemon.execs.start(found, body.console_size, attach=False)
        except ExecFailure as error:
            raise InvalidParameter(str(error)) from None
        return Empty(status=200)
    known = MultiplexedStreamType.applies_to(request.version)
    return Hijack(
        lambda duplex: _attached(daemon, found, body, duplex),
        stream_content_type(tty=body.tty, multiplexed_type_known=known),
        with_common_headers=True,
    )


async def _attached(daemon: Daemon, found: Exec, body: ExecStartRequest, duplex: Duplex) -> None:
    """Once the stream has begun, what goes wrong is told in it."""
    try:
        attachment = await daemon.execs.start(found, body.console_size)
    except (ExecFailure, Conflict) as error:
        text = f"{error}\r\n".encode()
        await duplex.write(text if body.tty else frame(STDOUT, text))
        return
    assert found.streams is not None

    def on_detach() -> bytes:
        daemon.execs.detached(found)
        return DETACHED_TEXT if body.tty else frame(STDOUT, DETACHED_TEXT)

    session = Session(
        found.streams,
        attachment,
        multiplexed=not body.tty,
        stdin=found.request.attach_stdin,
        close_stdin=True,
        detach_keys=keys_of(found) if found.request.tty else b"",
        on_detach=on_detach,
    )
    await session.run(duplex)


async def exec_inspect_(request: Request, daemon: Daemon) -> Reply:
    return Json(exec_inspect(daemon.execs.get(request.vars["id"])))


async def exec_resize(request: Request, daemon: Daemon) -> Reply:
    rows, columns = window_size(request)
    await daemon.execs.resize(request.vars["id"], rows, columns)
    return Empty(status=200)


ROUTES = [
    Route("POST", "/containers/{name}/exec", container_exec),
    Route("POST", "/exec/{id}/start", exec_start),
    Route("GET", "/exec/{id}/json", exec_inspect_),
    Route("POST", "/exec/{id}/resize", exec_resize),
]

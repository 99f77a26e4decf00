"""BuildKit's two doors, /grpc and /session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.errors import InvalidParameter, System
from daemon.server.hijack import Duplex
from daemon.server.replies import Reply, SwitchProtocols
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon

PROTOCOL = "h2c"
UUID, SHARED_KEY, METHOD = (
    f"X-Docker-Expose-Session-{name}" for name in ("Uuid", "Sharedkey", "Grpc-Method")
)


async def grpc(request: Request, daemon: Daemon) -> Reply:
    _check_upgrade(request, System)
    # gRPC and protobuf take their time to import, and most daemons never build.
    from daemon.server.buildkit import transport
    from daemon.server.buildkit.control import Services

    async def serve(duplex: Duplex) -> None:
        await transport.serve(duplex, [Services(daemon.builds, daemon.sessions)])

    return SwitchProtocols(serve, PROTOCOL)


async def session(request: Request, daemon: Daemon) -> Reply:
    _check_upgrade(request, InvalidParameter)
    from daemon.server.buildkit.session import Session

    identity = request.headers.get(UUID, "")
    if identity in daemon.sessions:
        raise InvalidParameter("session ID already exists")
    one = Session(identity, request.headers.get(SHARED_KEY, ""), request.header_all(METHOD))

    async def serve(duplex: Duplex) -> None:
        await daemon.sessions.carry(one, duplex)

    return SwitchProtocols(serve, PROTOCOL)


def _check_upgrade(request: Request, kind: type[System] | type[InvalidParameter]) -> None:
    """The engine's refusals, whose status differs between the two doors."""
    if not request.upgrade:
        raise kind("no upgrade proto in request")
    if request.upgrade != PROTOCOL:
        raise kind(f"protocol {request.upgrade} not supported")


ROUTES = [Route("POST", "/grpc", grpc), Route("POST", "/session", session)]

"""Builds: the classic builder's POST /build, and BuildKit's two doors, /grpc and /session."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from daemon.engine.build.posted_options import PostedOptions
from daemon.engine.images import platforms
from daemon.errors import InvalidParameter, System
from daemon.server.build_query import BUILDKIT, check_spaces, read_options, read_tags, read_version
from daemon.server.hijack import Duplex
from daemon.server.replies import Empty, Json, JsonLines, Reply, SwitchProtocols
from daemon.server.request import Request
from daemon.server.routing import Route
from daemon.server.uploads import spooled

if TYPE_CHECKING:
    from api_schema.oci import Reference
    from daemon.app import Daemon
    from daemon.engine.build.remote_context import RemoteContext
    from daemon.engine.registry_client import RegistryAuth

PROTOCOL = "h2c"
JSON = {"Content-Type": "application/json"}
UUID, SHARED_KEY, METHOD = (
    f"X-Docker-Expose-Session-{name}" for name in ("Uuid", "Sharedkey", "Grpc-Method")
)
CLIENT_SESSION = "client-session"
NO_SESSION = (
    "experimental session with v1 builder is no longer supported, "
    "use builder version v2 (BuildKit) instead"
)


async def image_build(request: Request, daemon: Daemon) -> Reply:
    options = read_options(request)
    version = read_version(request.query)
    tags = read_tags(options.tags)
    if version == BUILDKIT:
        return await _posted(request, daemon, options, tags)
    platform = platforms.parse(options.platform) if options.platform else None
    context = await _context(request, daemon, options)
    with context.file:
        messages = await daemon.classic_builds.build(
            context, options, tags, platform, _registry_config(request)
        )
    return JsonLines(messages)


async def _posted(
    request: Request, daemon: Daemon, options: PostedOptions, tags: list[Reference]
) -> Reply:
    from daemon.server.buildkit.upload_requests import PREFIX

    sent = await spooled(request.body())
    if options.build_id.startswith(PREFIX):
        await daemon.posted_builds.uploads.give(options.build_id.removeprefix(PREFIX), sent)
        return Empty(HTTPStatus.OK, JSON)
    return JsonLines(await daemon.posted_builds.build(options, tags, sent))


async def build_cancel(request: Request, daemon: Daemon) -> Reply:
    build_id = request.query.get("id")
    if not build_id:
        raise InvalidParameter("build ID not provided")
    daemon.posted_builds.cancel(build_id)
    return Empty(HTTPStatus.OK, JSON)


async def _context(request: Request, daemon: Daemon, options: PostedOptions) -> RemoteContext:
    """From the URL in `remote`, or from the body, which then need not be there."""
    from daemon.engine.build.remote_context import RemoteContext, fetch_context

    if options.remote == CLIENT_SESSION:
        raise InvalidParameter(NO_SESSION)
    if options.remote:
        return await fetch_context(
            options.remote, daemon.images.registry.download, lambda: daemon.folder
        )
    return RemoteContext(await spooled(request.body()))


def _registry_config(request: Request) -> dict[str, RegistryAuth]:
    """X-Registry-Config: credentials by registry."""
    encoded = request.headers.get("X-Registry-Config", "")
    if not encoded:
        return {}
    from daemon.engine.registry_client import RegistryAuth

    return RegistryAuth.by_registry(encoded)


async def build_prune(request: Request, daemon: Daemon) -> Reply:
    from daemon.engine.build.cache_usage import pruned
    from daemon.engine.build.pruning import chosen

    cache, query = daemon.build_cache, request.query
    check_spaces(request)
    gone = pruned(cache, chosen(cache, query.filters(None), every=query.flag("all")))
    reclaimed = sum(usage.size for usage in gone)
    daemon.events.emit("builder", "prune", "", {"reclaimed": str(reclaimed)})
    return Json(
        {"CachesDeleted": [usage.id for usage in gone] or None, "SpaceReclaimed": reclaimed}
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


ROUTES = [
    Route("POST", "/build", image_build),
    Route("POST", "/build/cancel", build_cancel),
    Route("POST", "/build/prune", build_prune),
    Route("POST", "/grpc", grpc),
    Route("POST", "/session", session),
]

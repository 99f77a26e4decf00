"""Builds: the classic builder's POST /build, and BuildKit's two doors, /grpc and /session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from api_schema import go_json
from daemon.engine.build.classic_options import ClassicOptions
from daemon.engine.images import platforms
from daemon.engine.images.service import parse_reference
from daemon.errors import InvalidParameter, System, Unsupported
from daemon.server.hijack import Duplex
from daemon.server.query import Query
from daemon.server.replies import Json, JsonLines, Reply, SwitchProtocols
from daemon.server.request import Request
from daemon.server.routing import Route
from daemon.server.uploads import spooled

if TYPE_CHECKING:
    from api_schema.oci import Reference
    from daemon.app import Daemon
    from daemon.engine.build.remote_context import RemoteContext
    from daemon.engine.registry_client import RegistryAuth

PROTOCOL = "h2c"
UUID, SHARED_KEY, METHOD = (
    f"X-Docker-Expose-Session-{name}" for name in ("Uuid", "Sharedkey", "Grpc-Method")
)
CLASSIC, BUILDKIT = "1", "2"
CLIENT_SESSION = "client-session"
NO_SESSION = (
    "experimental session with v1 builder is no longer supported, "
    "use builder version v2 (BuildKit) instead"
)
HOST_NUMBERS = {
    "memory": "Memory",
    "memswap": "MemorySwap",
    "cpushares": "CpuShares",
    "cpuperiod": "CpuPeriod",
    "cpuquota": "CpuQuota",
    "shmsize": "ShmSize",
}
NUMBER = re.compile(r"[+-]?\d{1,18}")
"""Anything else counts as not given."""
HOST_TEXTS = {
    "cpusetcpus": "CpusetCpus",
    "cpusetmems": "CpusetMems",
    "networkmode": "NetworkMode",
    "cgroupparent": "CgroupParent",
}


async def image_build(request: Request, daemon: Daemon) -> Reply:
    _check_form(request.query)
    options = _classic_options(request)
    tags = [_tag(tag) for tag in options.tags]
    platform = platforms.parse(options.platform) if options.platform else None
    context = await _context(request, daemon, options.dockerfile)
    with context.archive:
        messages = await daemon.classic_builds.build(
            context, options, tags, platform, _registry_config(request)
        )
    return JsonLines(messages)


def _tag(text: str) -> Reference:
    """What is wrong with it has no kind here, so the status is 500."""
    try:
        reference = parse_reference(text)
    except InvalidParameter as problem:
        raise System(str(problem)) from None
    if reference.digest:
        raise System("build tag cannot contain a digest")
    return reference.tagged()


def _check_form(query: Query) -> None:
    """What no build of this engine may ask for."""
    version, isolation = query.get("version"), query.get("isolation")
    if version == BUILDKIT:
        raise Unsupported("POST /build?version=2 is not supported by mockerd: buildx uses /grpc")
    if version not in ("", CLASSIC):
        raise InvalidParameter(f'invalid version "{version}"')
    if query.flag("squash"):
        raise InvalidParameter("squash is only supported with experimental mode")
    if query.all("securityopt"):
        raise InvalidParameter("security options are not supported on linux")
    if isolation.lower() not in ("", "default"):
        raise InvalidParameter(f'unsupported isolation: "{isolation}"')


async def _context(request: Request, daemon: Daemon, dockerfile: str) -> RemoteContext:
    """From the URL in `remote`, or from the body, which then need not be there."""
    from daemon.engine.build.remote_context import RemoteContext, fetch_context

    url = request.query.get("remote")
    if url == CLIENT_SESSION:
        raise InvalidParameter(NO_SESSION)
    if url:
        return await fetch_context(url, dockerfile, daemon.images.registry.download)
    return RemoteContext(await spooled(request.body()))


def _classic_options(request: Request) -> ClassicOptions:
    query = request.query
    args = _texts(query, "buildargs", "build args", optional=True)
    _json(query.get("outputs"), "outputs", "invalid outputs specified")
    return ClassicOptions(
        dockerfile=query.get("dockerfile") or "Dockerfile",
        tags=[tag for tag in query.all("t") if tag],
        args={name: value for name, value in args.items() if value is not None},
        unset_args=frozenset(name for name, value in args.items() if value is None),
        labels={n: v or "" for n, v in _texts(query, "labels", "labels").items()},
        target=query.get("target"),
        no_cache=query.flag("nocache"),
        pull=query.flag("pull"),
        remove=query.flag("rm", True),
        force_remove=query.flag("forcerm"),
        quiet=query.flag("q"),
        cache_from=_cache_from(query),
        platform=query.get("platform"),
        host_config=_host_config(request),
    )


def _json(text: str, what: str, problem_is: str = "") -> Any:  # noqa: ANN401 - any JSON value
    """A query parameter that holds JSON; an empty one is an empty object."""
    if not text:
        return {}
    try:
        found = go_json.parse(text.encode())
    except go_json.GoDecodeError as problem:
        raise InvalidParameter(f"{problem_is or f'error reading {what}'}: {problem}") from None
    return {} if found is None else found


KINDS = {dict: "object", list: "array", str: "string", bool: "bool"}
"""What Go calls the values of JSON; any other is a number."""


def _texts(query: Query, name: str, what: str, *, optional: bool = False) -> dict[str, str | None]:
    """An object of texts, which may be null."""
    found = _json(query.get(name), what)
    if not isinstance(found, dict):
        pointer = "*" if optional else ""
        raise _mistyped(what, found, f"value of type map[string]{pointer}string")
    for key, value in found.items():
        if not isinstance(value, str | None):
            raise _mistyped(what, value, f"struct field .{key} of type string")
    return found


def _cache_from(query: Query) -> list[str] | None:
    found = _json(query.get("cachefrom"), "cache-from")
    if found and not isinstance(found, list):
        raise _mistyped("cache-from", found, "value of type []string")
    return found or None


def _mistyped(what: str, value: object, wanted: str) -> InvalidParameter:
    kind = KINDS.get(type(value), "number")
    return InvalidParameter(f"error reading {what}: json: cannot unmarshal {kind} into Go {wanted}")


def _host_config(request: Request) -> dict[str, object]:
    query = request.query
    found: dict[str, object] = {
        name: int(query.get(key))
        for key, name in HOST_NUMBERS.items()
        if NUMBER.fullmatch(query.get(key))
    }
    found |= {name: query.get(key) for key, name in HOST_TEXTS.items() if query.get(key)}
    if hosts := [host for host in query.all("extrahosts") if host]:
        found["ExtraHosts"] = hosts
    if query.get("ulimits"):
        found["Ulimits"] = _json(query.get("ulimits"), "ulimit settings")
    return found


def _registry_config(request: Request) -> dict[str, RegistryAuth]:
    """X-Registry-Config: credentials by registry."""
    encoded = request.headers.get("X-Registry-Config", "")
    if not encoded:
        return {}
    from daemon.engine.registry_client import RegistryAuth

    return RegistryAuth.by_registry(encoded)


async def build_prune(request: Request, daemon: Daemon) -> Reply:
    from daemon.engine.build.pruning import chosen

    cache, query = daemon.build_cache, request.query
    gone = cache.prune(chosen(cache, query.filters(None), every=query.flag("all")))
    reclaimed = sum(record.size for record in gone)
    daemon.events.emit("builder", "prune", "", {"reclaimed": str(reclaimed)})
    return Json(
        {"CachesDeleted": [record.id for record in gone] or None, "SpaceReclaimed": reclaimed}
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
    Route("POST", "/build/prune", build_prune),
    Route("POST", "/grpc", grpc),
    Route("POST", "/session", session),
]

"""The routes of /v2/, and the one place that turns a RegistryError into HTTP."""

from __future__ import annotations

import re
from typing import NamedTuple

from aiohttp import web

from api_schema.oci import InvalidReference, Reference
from fake_registry import blobs, manifests, search
from fake_registry.auth import TOKEN_PATH, Access
from fake_registry.errors import RegistryError
from fake_registry.registry import Call, Handler, Registry

VERSION_HEADER = {"Docker-Distribution-Api-Version": "registry/2.0"}


OPEN = "open"
"""The action of what needs no login anywhere."""


class Route(NamedTuple):
    methods: str
    path: re.Pattern[str]
    action: str
    handler: Handler


def _route(methods: str, path: str, action: str, handler: Handler) -> Route:
    return Route(methods, re.compile(path), action, handler)


async def version(call: Call) -> web.StreamResponse:
    return web.json_response({})


async def alive(call: Call) -> web.StreamResponse:
    """What distribution's command answers at its root, for those who wait until it runs."""
    return web.Response(headers={"Cache-Control": "no-cache"})


_NAME = r"/v2/(?P<name>.+)"
_UPLOAD = _NAME + r"/blobs/uploads/(?P<target>[A-Za-z0-9-]+)"
_BLOB = _NAME + r"/blobs/(?P<target>[^/]+)"
_MANIFEST = _NAME + r"/manifests/(?P<target>[^/]+)"

# The first row that matches path and method decides; a path known only to other methods is UNSUPPORTED.
ROUTES = (
    _route("GET HEAD", r"/", OPEN, alive),
    _route("GET HEAD", r"/v2/?", "", version),
    _route("GET", r"/v2/_catalog", "", manifests.list_repositories),
    _route("GET", r"/v1/search", OPEN, search.search),
    _route("GET", _NAME + r"/tags/list", "pull", manifests.list_tags),
    _route("GET", _NAME + r"/referrers/(?P<target>[^/]+)", "pull", manifests.list_referrers),
    _route("POST", _NAME + r"/blobs/uploads/?", "push", blobs.start_upload),
    _route("GET", _UPLOAD, "push", blobs.get_upload),
    _route("PATCH", _UPLOAD, "push", blobs.patch_upload),
    _route("PUT", _UPLOAD, "push", blobs.put_upload),
    _route("DELETE", _UPLOAD, "push", blobs.delete_upload),
    _route("GET HEAD", _BLOB, "pull", blobs.get_blob),
    _route("DELETE", _BLOB, "delete", blobs.delete_blob),
    _route("GET HEAD", _MANIFEST, "pull", manifests.get_manifest),
    _route("PUT", _MANIFEST, "push", manifests.put_manifest),
    _route("DELETE", _MANIFEST, "delete", manifests.delete_manifest),
)


def create_app(registry: Registry) -> web.Application:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            response = await _dispatch(registry, request)
        except RegistryError as refused:
            return web.json_response(
                refused.body(),
                status=refused.status,
                headers={**VERSION_HEADER, **refused.headers},
            )
        if not response.prepared:
            response.headers.update(VERSION_HEADER)
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def _dispatch(registry: Registry, request: web.Request) -> web.StreamResponse:
    if request.path == TOKEN_PATH:
        granted = await registry.authorizer.token(request)
        if granted is not None:
            return granted
    known = False
    for route in ROUTES:
        match = route.path.fullmatch(request.path)
        if match is None:
            continue
        known = True
        if request.method in route.methods.split():
            return await _call(registry, request, route, match.groupdict())
    if known:
        raise RegistryError("UNSUPPORTED")
    raise web.HTTPNotFound(text="404 page not found\n")


async def _call(
    registry: Registry, request: web.Request, route: Route, found: dict[str, str]
) -> web.StreamResponse:
    name = found.get("name", "")
    if name:
        _check_name(name)
    if route.action != OPEN:
        actions = ("pull", "push") if route.action == "push" else (route.action,)
        registry.authorizer.check(request, Access(name, actions if route.action else ()))
    if registry.read_only and route.action in ("push", "delete"):
        raise RegistryError("UNSUPPORTED", message="the registry is read-only")
    return await route.handler(Call(registry, request, name, found.get("target", "")))


def _check_name(name: str) -> None:
    """A repository's name in a path has no domain, so any domain does for the grammar."""
    try:
        reference = Reference.parse(f"localhost/{name}")
    except InvalidReference as refused:
        raise RegistryError("NAME_INVALID", detail=name) from refused
    if reference.path != name:
        raise RegistryError("NAME_INVALID", detail=name)

"""What goes on to a registry: push, search, login, and the description of a remote image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from api_schema import go_json
from api_schema.base import shape_for
from api_schema.changes.v1_46 import PushPlatform
from api_schema.images import AuthReply, AuthRequest
from daemon.engine.images import platforms
from daemon.engine.images.service import parse_reference
from daemon.errors import InvalidParameter, System
from daemon.server.replies import Empty, Json, JsonLines, Reply
from daemon.server.request import Request
from daemon.server.routes.images import registry_auth, with_tag
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon
    from daemon.filters import Filters

SEARCH_FILTERS = ("is-automated", "is-official", "stars")
_INTEGER = re.compile(r"[+-]?[0-9]+")


async def image_push(request: Request, daemon: Daemon) -> Reply:
    reference = parse_reference(request.vars["name"])
    if tag := request.query.get("tag"):
        if reference.digest:
            raise InvalidParameter("cannot import digest reference")
        reference = with_tag(reference, tag)
    if request.query.get("platform") and PushPlatform.applies_to(request.version):
        daemon.images.resolve(str(reference), platforms.decode(request.query.get("platform")))
    return JsonLines(daemon.images.push(reference, registry_auth(request)))


async def image_search(request: Request, daemon: Daemon) -> Reply:
    from daemon.engine.images.remote import SearchOptions

    limit = request.query.get("limit")
    options = SearchOptions(
        limit=_integer(limit, "invalid limit specified") if limit else 0,
        **_search_filters(request.query.filters(SEARCH_FILTERS)),
    )
    if options.limit < 0:
        return Empty(200)  # an accident of dockerd's: it refuses, but with nothing
    term, auth = request.query.get("term"), registry_auth(request)
    return Json(await daemon.images.remote().search(term, options, auth))


def _search_filters(filters: Filters) -> dict[str, Any]:
    """Of `stars` the largest counts."""
    stars = [_integer(text, f"invalid filter 'stars={text}'") for text in filters.get("stars")]
    return {
        "is_official": filters.boolean("is-official", False) if "is-official" in filters else None,
        "is_automated": filters.boolean("is-automated", False),
        "stars": max(stars, default=0),
    }


def _integer(text: str, refusal: str) -> int:
    """strconv.Atoi; InvalidParameter in its words."""
    why = "" if _INTEGER.fullmatch(text) else "invalid syntax"
    if not why and not -(1 << 63) <= int(text) < 1 << 63:
        why = "value out of range"
    if why:
        raise InvalidParameter(f'{refusal}: strconv.Atoi: parsing "{text}": {why}')
    return int(text)


async def distribution_inspect(request: Request, daemon: Daemon) -> Reply:
    reference = parse_reference(request.vars["name"])
    return Json(await daemon.images.remote().distribution(reference, registry_auth(request)))


async def system_auth(request: Request, daemon: Daemon) -> Reply:
    """Docker decodes this body without its usual checks: any content type, and 500 for what is no JSON."""
    from daemon.engine.registry_client import RegistryAuth

    try:
        document = go_json.parse(await request.read())
        asked = AuthRequest.model_validate(shape_for(AuthRequest).read_document(document))
    except go_json.GoDecodeError as error:
        raise System(str(error)) from None
    auth = RegistryAuth(asked.username, asked.password, asked.identity_token)
    await daemon.images.remote().login(asked.server_address, auth)
    return Json(AuthReply(identity_token=asked.identity_token, status="Login Succeeded"))


ROUTES = [
    Route("POST", "/images/{name...}/push", image_push),
    Route("GET", "/images/search", image_search),
    Route("GET", "/distribution/{name...}/json", distribution_inspect),
    Route("POST", "/auth", system_auth),
]

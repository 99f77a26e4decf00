"""What goes on to a registry: push, search, login, and the description of a remote image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from api_schema import go_json
from api_schema.base import shape_for
from api_schema.changes.v1_46 import PushPlatform
from api_schema.images import AuthReply, AuthRequest
from daemon.engine.images import platforms
from daemon.engine.images.service import parse_reference
from daemon.errors import InvalidParameter, System
from daemon.server.replies import Json, JsonLines, Reply
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
        platforms.decode(request.query.get("platform"))
    return JsonLines(daemon.images.push(reference, registry_auth(request)))


async def image_search(request: Request, daemon: Daemon) -> Reply:
    from daemon.engine.images.remote import SearchOptions

    filters = request.query.filters(SEARCH_FILTERS)
    options = SearchOptions(
        limit=_limit(request),
        is_official=filters.boolean("is-official", False) if "is-official" in filters else None,
        is_automated=filters.boolean("is-automated", False),
        stars=_stars(filters),
    )
    return Json(await daemon.images.remote().search(request.query.get("term"), options))


def _limit(request: Request) -> int:
    text = request.query.get("limit")
    if text and not _INTEGER.fullmatch(text):
        raise InvalidParameter(
            f'invalid limit specified: strconv.Atoi: parsing "{text}": invalid syntax'
        )
    return int(text or 0)


def _stars(filters: Filters) -> int:
    """The largest of the values counts."""
    for text in filters.get("stars"):
        if not _INTEGER.fullmatch(text):
            raise InvalidParameter(
                f"invalid filter 'stars={text}': strconv.Atoi: parsing \"{text}\": invalid syntax"
            )
    return max((int(text) for text in filters.get("stars")), default=0)


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
    return Json(AuthReply(status="Login Succeeded"))


ROUTES = [
    Route("POST", "/images/{name...}/push", image_push),
    Route("GET", "/images/search", image_search),
    Route("GET", "/distribution/{name...}/json", distribution_inspect),
    Route("POST", "/auth", system_auth),
]

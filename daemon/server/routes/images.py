"""Images: pulled, listed, inspected, tagged, removed, loaded."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from api_schema.changes.v1_32 import PullPlatform
from api_schema.changes.v1_41 import DropNameFilterOfImages
from api_schema.changes.v1_42 import SharedSizeOfImages
from api_schema.changes.v1_45 import DropContainerOfImage
from api_schema.changes.v1_48 import ImagePlatforms
from api_schema.changes.v1_49 import InspectImagePlatform
from api_schema.changes.v1_50 import DeleteImagePlatforms
from api_schema.oci import InvalidReference, Platform, Reference, is_digest
from daemon.engine.images import platforms
from daemon.engine.images.listing import ListOptions
from daemon.engine.images.references import ALGORITHM
from daemon.engine.images.removal import PruneOptions
from daemon.engine.images.service import parse_reference
from daemon.engine.timestamps import parse_timestamp
from daemon.errors import InvalidParameter, System
from daemon.server import codec
from daemon.server.replies import Empty, Json, JsonLines, Raw, Reply, Stream, progress_line
from daemon.server.request import Request
from daemon.server.routing import Route
from daemon.server.uploads import spooled

if TYPE_CHECKING:
    from daemon.app import Daemon
    from daemon.engine.registry_client import RegistryAuth
    from daemon.filters import Filters

LIST_FILTERS = ("dangling", "label", "before", "since", "reference", "until")
PRUNE_FILTERS = ("dangling", "label", "label!", "until")


async def image_list(request: Request, daemon: Daemon) -> Reply:
    options = _list_options(request, daemon)
    return Json(daemon.images.summaries(options))


def _list_options(request: Request, daemon: Daemon) -> ListOptions:
    filters = request.query.filters(LIST_FILTERS)
    patterns = filters.get("reference")
    if not DropNameFilterOfImages.applies_to(request.version) and request.query.get("filter"):
        patterns = [*patterns, request.query.get("filter")]
    shared = SharedSizeOfImages.applies_to(request.version)
    return ListOptions(
        all=request.query.flag("all"),
        dangling=filters.boolean("dangling", False) if "dangling" in filters else None,
        before=_oldest(filters, daemon),
        since=_newest(filters, daemon),
        labels=filters.labels,
        patterns=tuple(patterns),
        shared_size=shared and request.query.flag("shared-size"),
    )


def _oldest(filters: Filters, daemon: Daemon) -> int | None:
    """`before` names images, `until` moments; all of them must hold."""
    moments = [daemon.images.resolve(name).created for name in filters.get("before")]
    now = daemon.clock.now()
    moments += [parse_timestamp(text, now, System) for text in filters.get("until")]
    return min((m for m in moments if m is not None), default=None)


def _newest(filters: Filters, daemon: Daemon) -> int | None:
    moments = [daemon.images.resolve(name).created for name in filters.get("since")]
    return max((m for m in moments if m is not None), default=None)


async def image_inspect(request: Request, daemon: Daemon) -> Reply:
    query, version = request.query, request.version
    manifests = ImagePlatforms.applies_to(version) and query.flag("manifests")
    platform = _decoded(request, InspectImagePlatform.applies_to(version))
    if manifests and platform is not None:
        raise InvalidParameter(
            "conflicting options: manifests and platform options cannot both be set"
        )
    shown = daemon.images.inspect(daemon.images.resolve(request.vars["name"], platform))
    if DropContainerOfImage.applies_to(version):
        shown = shown.model_copy(update={"container": "", "container_config": None})
    return Raw(codec.marshalled(shown, version))


async def image_history(request: Request, daemon: Daemon) -> Reply:
    platform = _decoded(request, ImagePlatforms.applies_to(request.version))
    image = daemon.images.resolve(request.vars["name"], platform)
    return Json(daemon.images.history(image))


async def image_tag(request: Request, daemon: Daemon) -> Reply:
    reference = repo_tag_reference(request.query.get("repo"), request.query.get("tag"))
    if reference is None:
        raise InvalidParameter("invalid reference format")
    if reference.familiar_name == ALGORITHM:
        raise InvalidParameter("refusing to create an ambiguous tag using digest algorithm as name")
    daemon.images.tag(daemon.images.resolve(request.vars["name"]), reference)
    return Empty(201)


def repo_tag_reference(repo: str, tag: str) -> Reference | None:
    """The `repo` and `tag` parameters as one reference; None without a `repo`."""
    if not repo:
        return None
    reference = parse_reference(repo)
    if reference.digest:
        raise InvalidParameter("cannot import digest reference")
    return with_tag(reference, tag) if tag else reference.tagged()


def with_tag(reference: Reference, tag: str) -> Reference:
    try:
        return reference.with_tag(tag)
    except InvalidReference as error:
        raise InvalidParameter(str(error)) from error


async def image_delete(request: Request, daemon: Daemon) -> Reply:
    name = request.vars["name"]
    if not name.strip():
        raise InvalidParameter("image name cannot be blank")
    asked: list[Platform] = []
    if DeleteImagePlatforms.applies_to(request.version):
        asked = [platforms.decode(text) for text in request.query.all("platforms")]
    if len(asked) > 1:
        raise InvalidParameter("multiple platforms are not supported")
    removed = daemon.images.remove(
        name,
        force=request.query.flag("force"),
        prune=not request.query.flag("noprune"),
        platform=asked[0] if asked else None,
    )
    return Json(removed)


async def image_prune(request: Request, daemon: Daemon) -> Reply:
    filters = request.query.filters(PRUNE_FILTERS)
    until = filters.get("until")
    if len(until) > 1:
        raise System("more than one until filter specified")

    def labels(own: dict[str, str] | None) -> bool:
        excluded = "label!" in filters and filters.labels(own, "label!")
        return filters.labels(own) and not excluded

    options = PruneOptions(
        dangling=filters.boolean("dangling", True),
        until=parse_timestamp(until[0], daemon.clock.now(), System) if until else None,
        labels=labels,
    )
    return Json(daemon.images.prune(options))


async def image_create(request: Request, daemon: Daemon) -> Reply:
    """Docker pulls and imports by one path."""
    if request.query.get("fromImage"):
        return _pull(request, daemon)
    return await _import(request, daemon)


async def _import(request: Request, daemon: Daemon) -> Reply:
    from daemon.engine.build.changes import changed

    query = request.query
    reference = repo_tag_reference(query.get("repo"), query.get("tag"))
    source = query.get("fromSrc")
    comment = query.get("message") or f"Imported from {source}"
    config = functools.partial(changed, {}, query.all("changes"))
    platform = _parsed_platform(request)
    if source != "-":
        url = source if "://" in source else f"http://{source}"
        messages = daemon.images.import_url(url, config, comment, platform, reference)
        return JsonLines(messages)
    with await spooled(request.body()) as file:
        image = await daemon.images.import_(file, config(), comment, platform, reference)
    return Raw(progress_line({"status": image.id}))


def _pull(request: Request, daemon: Daemon) -> Reply:
    query = request.query
    # `docker pull -a` of old sends the name with a colon behind it.
    reference = parse_reference(query.get("fromImage").removesuffix(":"))
    tag = query.get("tag")
    if is_digest(tag):
        reference = reference.trimmed().with_digest(tag)
    elif tag:
        reference = with_tag(reference, tag)
    messages = daemon.images.pull(reference, _parsed_platform(request), registry_auth(request))
    return JsonLines(messages)


def registry_auth(request: Request) -> RegistryAuth:
    from daemon.engine.registry_client import RegistryAuth

    return RegistryAuth.from_header(request.headers.get("X-Registry-Auth", ""))


def _parsed_platform(request: Request) -> Platform | None:
    text = request.query.get("platform")
    known = PullPlatform.applies_to(request.version)
    return platforms.parse(text) if text and known else None


def _decoded(request: Request, known: bool) -> Platform | None:
    text = request.query.get("platform")
    return platforms.decode(text) if text and known else None


def _one_platform(request: Request) -> Platform | None:
    if not ImagePlatforms.applies_to(request.version):
        return None
    if len(request.query.all("platform")) > 1:
        raise InvalidParameter("multiple platform parameters not supported")
    return _decoded(request, True)


async def image_load(request: Request, daemon: Daemon) -> Reply:
    """Every error after the parameters is in band, as with dockerd."""
    platform = _one_platform(request)
    quiet = request.query.flag("quiet", default=True)
    file = await spooled(request.body())
    return JsonLines(daemon.images.load(file, platform, quiet=quiet))


async def image_get(request: Request, daemon: Daemon) -> Reply:
    return _save(request, daemon, [request.vars["name"]])


async def image_get_all(request: Request, daemon: Daemon) -> Reply:
    return _save(request, daemon, request.query.all("names"))


def _save(request: Request, daemon: Daemon, names: list[str]) -> Reply:
    platform = _one_platform(request)
    chunks = daemon.images.save(names, platform)

    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return Stream(stream(), content_type="application/x-tar")


ROUTES = [
    Route("GET", "/images/json", image_list),
    Route("GET", "/images/{name...}/json", image_inspect),
    Route("GET", "/images/{name...}/history", image_history),
    Route("POST", "/images/{name...}/tag", image_tag),
    Route("DELETE", "/images/{name...}", image_delete),
    Route("POST", "/images/prune", image_prune),
    Route("POST", "/images/create", image_create),
    Route("POST", "/images/load", image_load),
    Route("GET", "/images/get", image_get_all),
    Route("GET", "/images/{name...}/get", image_get),
]

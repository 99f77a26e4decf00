"""`POST /commit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schema.containers import ContainerConfig
from api_schema.images import CommitResponse
from daemon.server.replies import Json, Reply
from daemon.server.request import Request
from daemon.server.routes.images import repo_tag_reference
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon


async def image_commit(request: Request, daemon: Daemon) -> Reply:
    from daemon.engine.build.committing import CommitOptions, commit

    query = request.query
    config = await request.json(ContainerConfig, optional=True)
    options = CommitOptions(
        # A config that says nothing is none: the container's own is taken.
        config=None if config == ContainerConfig() else config,
        changes=tuple(query.all("changes")),
        author=query.get("author"),
        comment=query.get("comment"),
        reference=repo_tag_reference(query.get("repo"), query.get("tag")),
        pause=query.flag("pause", default=True) or not query.get("pause"),
    )
    image = await commit(daemon.containers, daemon.images, query.get("container"), options)
    return Json(CommitResponse(id=image.id), status=201)


ROUTES = [Route("POST", "/commit", image_commit)]

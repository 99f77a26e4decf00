"""The base images of one build as its client sees them: a vertex each, fetched or known once somebody reads it."""

from __future__ import annotations

from daemon.engine.build import operations as ops
from daemon.engine.build.cache import Cache, Record
from daemon.engine.build.progress import Progress
from daemon.engine.build.vertexes import SharedVertex, Vertexes
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.source import Line
from daemon.errors import DockerError
from daemon.fs.layers import chain_id


class BaseVertexes:
    """The images of a plan, by the digests of their vertexes. All that read one share it, whichever build they are of."""

    def __init__(self, progress: Progress, cache: Cache, vertexes: Vertexes) -> None:
        self._progress = progress
        self._cache = cache
        self._vertexes = vertexes
        self._images: dict[str, ops.BaseImage] = {}
        self._shared: dict[str, SharedVertex] = {}
        self._lines: dict[str, Line | None] = {}

    def announce(self, image: ops.BaseImage, vertex: SharedVertex, line: Line | None) -> None:
        """The image has been found, which is all that a client hears of it at first. `line` is the FROM that asks for it."""
        self._images[vertex.digest] = image
        self._shared[vertex.digest] = vertex
        self._lines[vertex.digest] = self._lines.get(vertex.digest) or line
        if not vertex.begun:
            with vertex.step.running():
                pass

    async def read(self, digest: str, *, only_to_look: bool = False) -> Record | None:
        """The files are wanted: only now are they fetched, or is it told that they were there already.

        The entry of the top layer, which with those below is in use from now on, unless somebody only looks at files
        that are known. DockerfileError if they cannot be had.
        """
        vertex = self._shared.get(digest)
        if vertex is None:
            return None
        image = self._images[digest]
        known = self._cache.has_base(chain_id(image.diff_ids))
        try:
            await self._vertexes.result(vertex, self._progress, lambda: self._read(image, vertex))
        except DockerError as problem:
            line = self._lines[digest]
            lines = (line.start, line.end) if line else None
            raise DockerfileError(str(problem), lines) from None
        origin = f"pulled from {image.name}" if image.fetch else "from local "
        records = self._cache.base(image.diff_ids, origin)
        if not (known and only_to_look):
            for record in records:
                vertex.uses.hold(record)
        return records[-1]

    async def _read(self, image: ops.BaseImage, vertex: SharedVertex) -> None:
        known = self._cache.has_base(chain_id(image.diff_ids))
        if image.fetch:
            with vertex.step.running():
                await image.fetch(vertex.step)
        elif known:
            vertex.step.cached()

    async def read_if_away(self, digest: str) -> None:
        """Fetch what is not here; of what is here, nothing is told."""
        image = self._images.get(digest)
        if image and image.fetch:
            await self.read(digest, only_to_look=True)

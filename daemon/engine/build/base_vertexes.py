"""The base images of one build as its client sees them: a vertex each, fetched or known once somebody reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.engine.build import operations as ops
from daemon.engine.build.cache import Cache
from daemon.engine.build.progress import Progress, Step
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.source import Line
from daemon.errors import DockerError
from daemon.fs.layers import chain_id


@dataclass(slots=True)
class Base:
    """One image. All that read it share its vertex."""

    step: Step
    fetch: ops.Fetch | None
    line: Line | None
    read: bool = False
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class BaseVertexes:
    """The images of a plan, by the chain id of their layers; `names` is how the client sees them."""

    def __init__(self, progress: Progress, cache: Cache, names: Mapping[str, str]) -> None:
        self._progress = progress
        self._cache = cache
        self._names = names
        self._bases: dict[str, Base] = {}

    def announce(self, image: ops.BaseImage, line: Line | None = None) -> str:
        """The digest of the image's vertex, told at the first call; `line` is the FROM that asks for it."""
        chain = chain_id(image.diff_ids)
        base = self._bases.get(chain)
        if base is None:
            step = self._progress.announce(self._names[chain])
            base = self._bases[chain] = Base(step, image.fetch, line)
            with step.running():
                pass
        return base.step.digest

    async def read(self, chain: str) -> None:
        """The files are wanted: only now are they fetched, or is it told that they were there already.

        DockerfileError if they cannot be had.
        """
        base = self._bases.get(chain)
        if base is None:
            return
        async with base.reading:
            if not base.read:
                await self._read(base, known=self._cache.seen(chain))
            base.read = True

    async def _read(self, base: Base, *, known: bool) -> None:
        if base.fetch:
            try:
                with base.step.running():
                    await base.fetch(base.step)
            except DockerError as problem:
                lines = (base.line.start, base.line.end) if base.line else None
                raise DockerfileError(str(problem), lines) from None
        elif known:
            base.step.cached()

    async def read_if_away(self, chain: str) -> None:
        """Fetch what is not here; of what is here, nothing is told."""
        base = self._bases.get(chain)
        if base and base.fetch:
            await self.read(chain)

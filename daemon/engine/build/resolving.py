"""The images that a Dockerfile starts from: those that are here, or pulled for the build alone."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from api_schema.oci import ContainerConfig, Platform, Reference
from daemon.clock import Clock
from daemon.engine.build import operations as ops
from daemon.engine.build.client import BuildClient, SaidByClient
from daemon.engine.build.inline_cache import (
    FirstLayers,
    InlineCache,
    all_layers_are_here,
    read,
)
from daemon.engine.build.options import Options
from daemon.engine.build.progress import Progress, Step
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.images.image import Image
from daemon.engine.images.references import References
from daemon.engine.images.service import Images
from daemon.engine.images.shelves import Shelves
from daemon.engine.images.store import ImageStore
from daemon.errors import DockerError, NotFound

if TYPE_CHECKING:
    from daemon.engine.build.base_pull import BasePull


@dataclass(slots=True)
class Bases:
    """Images that builds have pulled. As with BuildKit they are in no list of images, and no tag moves for them."""

    images: Images
    clock: Clock
    store: ImageStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = ImageStore(self.images.layer_store)

    async def inline_cache(
        self, reference: Reference, client: BuildClient, step: Step
    ) -> InlineCache:
        """What the image, here or in its registry, brings along of the build that made it."""
        with contextlib.suppress(NotFound):
            return _cache_of(self.images.resolve(str(reference)))
        pull, references = await self._described(reference, None, client)
        with step.transfer(f"inferred cache manifest type: {pull.media_type}"):
            pass
        if pull.image:
            return _cache_of(pull.image, pull.first_layers)
        known = self.store.get(references.get(reference) or "")
        assert known is not None
        return _cache_of(known)

    async def pull(
        self, reference: Reference, platform: Platform | None, client: BuildClient
    ) -> tuple[Image, str, ops.Fetch | None]:
        """The image, its name with the digest of what the registry gave, and what brings its layers here."""
        pull, references = await self._described(reference, platform, client)
        id = references.get(reference) or ""
        image = pull.image or self.store.get(id)
        assert image is not None
        digest = references.digests(id)[0].partition("@")[2]
        name = str(reference if reference.digest else f"{reference}@{digest}")
        return image, name, partial(pull.fetch, name=name) if pull.image else None

    async def _described(
        self, reference: Reference, platform: Platform | None, client: BuildClient
    ) -> tuple[BasePull, References]:
        # The registry's client is heavy, and a base image mostly here.
        from daemon.engine.build.base_pull import BasePull
        from daemon.engine.build.registry_words import in_words_of_buildkit
        from daemon.engine.images.pulling import PullOptions
        from daemon.engine.registry_client import RegistryAuth

        references = References()
        shelves = Shelves(self.store, references, self.images.shelves.sources)
        options = PullOptions(RegistryAuth(), platform, self.images.pull_rate)
        registry = self.images.registry
        pull = BasePull(shelves, registry, self.clock, options, client)
        try:
            await pull.describe(reference)
        except DockerError as problem:
            raise in_words_of_buildkit(problem, reference) from None
        return pull, references


def _cache_of(image: Image, first_layers: FirstLayers = all_layers_are_here) -> InlineCache:
    steps = read(image.document, len(image.diff_ids))
    return InlineCache(steps, image.diff_ids, first_layers)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Finds base images for one build."""

    bases: Bases
    client: BuildClient
    progress: Progress
    options: Options

    async def resolve(self, name: str, platform: str, context: str = "") -> ops.BaseImage:
        try:
            reference = Reference.parse(name).tagged()
        except ValueError as problem:
            raise DockerfileError(f'failed to parse stage name "{name}": {problem}') from None
        label = f"[context {context}]" if context else "[internal]"
        said = f"{label} load metadata for {name if context else reference}"
        step = self.progress.announce(said, key=said)
        wanted = _platform(platform)
        try:
            with step.running():
                image, shown, fetch = await self._image(reference, wanted)
        except SaidByClient as problem:
            raise DockerfileError(problem.said) from None
        except DockerError as problem:
            said = "" if context else f"{name}: "
            raise DockerfileError(
                f"{said}failed to resolve source metadata for {reference}: {problem}"
            ) from None
        config = image.config
        return ops.BaseImage(
            shown,
            config.config.model_copy(deep=True) if config.config else ContainerConfig(),
            image.diff_ids,
            tuple(config.history or ()),
            config.author,
            config.architecture or "amd64",
            config.os or "linux",
            config.variant,
            f"[context {context}] {name}" if context else "",
            fetch,
        )

    async def _image(
        self, reference: Reference, platform: Platform | None
    ) -> tuple[Image, str, ops.Fetch | None]:
        if not self.options.pull:
            with contextlib.suppress(NotFound):
                return self.bases.images.resolve(str(reference), platform), str(reference), None
        return await self.bases.pull(reference, platform, self.client)


def _platform(text: str) -> Platform | None:
    if not text:
        return None
    system, arch, variant = (*text.split("/"), "", "")[:3]
    return Platform(os=system, architecture=arch, variant=variant)

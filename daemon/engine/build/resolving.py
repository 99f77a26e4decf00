"""The images that a Dockerfile starts from: those that are here, or pulled."""

from __future__ import annotations

import contextlib

from api_schema.oci import ContainerConfig, Platform, Reference
from daemon.engine.build import operations as ops
from daemon.engine.build.options import Options
from daemon.engine.build.progress import Progress
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.images.image import Image
from daemon.engine.images.service import Images
from daemon.errors import DockerError, NotFound


class Resolver:
    """Finds base images: those that are here, or pulled."""

    def __init__(self, images: Images, progress: Progress, options: Options) -> None:
        self.images = images
        self.progress = progress
        self.options = options

    async def resolve(self, name: str, platform: str, context: str = "") -> ops.BaseImage:
        try:
            reference = Reference.parse(name).tagged()
        except ValueError as problem:
            raise DockerfileError(f'failed to parse stage name "{name}": {problem}') from None
        label = f"[context {context}] load metadata for {name}"
        step = self.progress.announce(
            label if context else f"[internal] load metadata for {reference}"
        )
        wanted = _platform(platform)
        try:
            with step.running():
                image = await self._image(reference, wanted)
        except DockerError as problem:
            raise DockerfileError(
                f"{name}: failed to resolve source metadata for {reference}: {problem}"
            ) from None
        config = image.config
        return ops.BaseImage(
            str(reference),
            config.config.model_copy(deep=True) if config.config else ContainerConfig(),
            image.diff_ids,
            tuple(config.history or ()),
            config.author,
            config.architecture or "amd64",
            config.os or "linux",
            config.variant,
            f"[context {context}] {name}" if context else "",
        )

    async def _image(self, reference: Reference, platform: Platform | None) -> Image:
        if not self.options.pull:
            with contextlib.suppress(NotFound):
                return self.images.resolve(str(reference), platform)
        # The registry's client is heavy, and a base image mostly here.
        from daemon.engine.registry_client import RegistryAuth

        async for message in self.images.pull(reference, platform, RegistryAuth()):
            if "error" in message:
                raise NotFound(str(message["error"]))
        return self.images.resolve(str(reference), platform)


def _platform(text: str) -> Platform | None:
    if not text:
        return None
    system, arch, variant = (*text.split("/"), "", "")[:3]
    return Platform(os=system, architecture=arch, variant=variant)

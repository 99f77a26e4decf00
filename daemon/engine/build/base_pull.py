"""A base image on its way: described at once, its layers fetched once somebody reads them, as BuildKit does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

from api_schema.oci import Descriptor, Manifest, Reference
from daemon.clock import Clock
from daemon.engine.build.client import BuildClient
from daemon.engine.build.progress import Step, Transferring
from daemon.engine.build.registry_words import more_telling, told
from daemon.engine.images import progress
from daemon.engine.images.image import Image, short_id
from daemon.engine.images.layer_download import LayersPull
from daemon.engine.images.pulling import Pull, PullOptions
from daemon.engine.images.shelves import Shelves
from daemon.engine.registry_client import (
    Endpoint,
    RegistryClient,
    RegistryFailure,
    RegistryRefusal,
    RemoteManifest,
    Repository,
)
from daemon.errors import DockerError, System

LOST = (
    "failed to copy: httpReadSeeker: failed open: "
    "could not fetch content descriptor {} ({}) from remote: not found"
)


class BuildLayersPull(LayersPull):
    """Layers for a build, which takes what is here whoever has it."""

    def _is_present(self, number: int, layer: Descriptor) -> bool:
        return self._diff_ids[number] in self._images.layers

    async def _fetch(self, descriptor: Descriptor) -> IO[bytes]:
        try:
            return await super()._fetch(descriptor)
        except RegistryRefusal as refusal:
            if refusal.code != "BLOB_UNKNOWN":
                raise
            raise System(LOST.format(descriptor.digest, descriptor.media_type)) from None


class BasePull(Pull):
    """A pull that stops before the layers; `fetch` goes on from there. `image` is None if all of it was here."""

    layers_pull: type[LayersPull] = BuildLayersPull
    image: Image | None = None

    def __init__(
        self,
        shelves: Shelves,
        registry: RegistryClient,
        clock: Clock,
        options: PullOptions,
        client: BuildClient,
    ) -> None:
        super().__init__(shelves, registry, clock, lambda _: None, options)
        self._login = client

    async def _connect(self, endpoint: Endpoint, reference: Reference) -> Repository:
        return await self._client.build_repository(endpoint, reference.path, self._login)

    def _more_telling(
        self, before: RegistryFailure | None, now: RegistryFailure
    ) -> RegistryFailure:
        return more_telling(before, now)

    def _told(self, failure: RegistryFailure, reference: Reference) -> DockerError:
        return told(failure, reference) or super()._told(failure, reference)

    async def describe(self, reference: Reference) -> None:
        """Read manifests and config; what the name stands for is in the references. DockerError if there is none."""
        self._documents: list[tuple[str, int]] = []
        self.media_type = ""
        await self.run(reference)

    async def _pull_manifest(self, repository: Repository, manifest: RemoteManifest) -> str:
        self.media_type = self.media_type or manifest.media_type
        self._documents.append((manifest.digest, len(manifest.data)))
        return await super()._pull_manifest(repository, manifest)

    async def _pull_image(self, repository: Repository, manifest: Manifest) -> str:
        digest = manifest.config.digest
        if self._shelves.images.get(digest) is None:
            self.image = await self._described(repository, manifest)
            self._documents.append((digest, manifest.config.size))
            self._repository, self._manifest = repository, manifest
        return digest

    async def fetch(self, step: Step, name: str) -> None:
        """Bring the layers here, told under the vertex of FROM; `name` is the reference with its digest."""
        assert self.image is not None
        lines = Lines(step, self._manifest.layers)
        self._emit = lines.tell
        with step.transfer(f"resolve {name}"):
            pass
        for digest, size in self._documents:
            lines.document(digest, size)
        try:
            await self._pull_layers(self._repository, self._manifest, self.image)
        except RegistryFailure as failed:
            raise System(f"failed to copy: {failed}") from failed

    @asynccontextmanager
    async def first_layers(self, count: int, step: Step) -> AsyncIterator[None]:
        """Inside, the first layers are here; those that come are told under the vertex of the step that wants them."""
        assert self.image is not None
        self._emit = PullingLines(step, self._manifest.layers).tell
        async with self._first_layers(self._repository, self._manifest, self.image, count):
            yield


class PullingLines:
    """Messages of a pull, of which BuildKit says no more than which layer it is at."""

    def __init__(self, step: Step, layers: list[Descriptor]) -> None:
        self._lines = {
            short_id(layer.digest): step.line(f"pulling {layer.digest}", "") for layer in layers
        }

    def tell(self, message: progress.Message) -> None:
        line = self._lines.get(message.get("id", ""))
        if line and message["status"] == "Pulling fs layer":
            line.count(0)
        elif line and message["status"] == "Pull complete":
            line.done()


class Lines:
    """Messages of a pull as BuildKit's lines: one a blob, one a layer that is extracted."""

    def __init__(self, step: Step, layers: list[Descriptor]) -> None:
        self._step = step
        self._layers = {short_id(layer.digest): layer for layer in layers}
        self._open: dict[str, Transferring] = {}

    def document(self, digest: str, size: int) -> None:
        """A manifest or config, which has been read before."""
        self._step.line(digest, "done", size).done(size)

    def tell(self, message: progress.Message) -> None:
        layer = self._layers.get(message.get("id", ""))
        if layer is None:
            return
        digest, size = layer.digest, layer.size
        match message["status"]:
            case "Downloading":
                line = self._line(digest, "downloading", size)
                line.count(message["progressDetail"].get("current", 0))
            case "Download complete":
                self._line(digest, "done", size).done(size)
            case "Extracting":
                self._line(f"extracting {digest}", "extract").count(0)
            case "Pull complete":
                self._line(f"extracting {digest}", "extract").done()

    def _line(self, id: str, name: str, total: int = 0) -> Transferring:
        line = self._open.get(id)
        if line is None:
            line = self._open[id] = self._step.line(id, name, total)
        line.name = name
        return line

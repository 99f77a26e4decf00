"""`docker pull`: from the endpoints of a name to images and references, line by line as dockerd tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from api_schema.oci import (
    CONFIG_TYPES,
    DOCKER_SCHEMA1,
    INDEX_TYPES,
    MANIFEST_TYPES,
    Index,
    Manifest,
    Platform,
    Reference,
)
from daemon.clock import Clock
from daemon.engine.images import platforms, progress
from daemon.engine.images.errors import pull_error
from daemon.engine.images.image import Image
from daemon.engine.images.layer_download import LayersPull
from daemon.engine.images.retries import ATTEMPTS
from daemon.engine.images.shelves import Shelves
from daemon.engine.registry_client import (
    Endpoint,
    RegistryAuth,
    RegistryClient,
    RegistryFailure,
    RegistryRefusal,
    RemoteManifest,
    Repository,
)
from daemon.errors import DockerError, InvalidParameter, System

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PullOptions:
    auth: RegistryAuth
    platform: Platform | None = None
    rate: int | None = None
    """Bytes a second and layer, for those who want to see bars."""


class Pull:
    """One pull. `run` raises a DockerError; before the first message it becomes a status."""

    layers_pull: type[LayersPull] = LayersPull

    def __init__(
        self,
        shelves: Shelves,
        client: RegistryClient,
        clock: Clock,
        emit: progress.Emit,
        options: PullOptions,
    ) -> None:
        self._shelves = shelves
        self._client = client
        self._clock = clock
        self._emit = emit
        self._options = options

    async def run(self, reference: Reference) -> None:
        changed = await self._from_an_endpoint(reference)
        outcome = "Downloaded newer image for" if changed else "Image is up to date for"
        self._emit(progress.status(f"Status: {outcome} {reference.familiar}"))

    async def _from_an_endpoint(self, reference: Reference) -> bool:
        """Mirrors may fail in any way; the registry itself is asked over HTTP only if HTTPS does not answer."""
        failure: RegistryFailure | None = None
        https_answered: set[str] = set()
        for endpoint in await self._client.pull_endpoints(reference):
            if endpoint.scheme == "http" and endpoint.host in https_answered:
                continue
            try:
                repository = await self._connect(endpoint, reference)
                return await self._pull_repository(repository, reference)
            except RegistryFailure as failed:
                failure = self._more_telling(failure, failed)
                if failed.transport_ok and endpoint.scheme == "https":
                    https_answered.add(endpoint.host)
                if isinstance(failed, RegistryRefusal) and not endpoint.mirror:
                    break
        if failure is None:
            raise System(f"no endpoints found for {reference.familiar}")
        raise self._told(failure, reference) from failure

    async def _connect(self, endpoint: Endpoint, reference: Reference) -> Repository:
        return await self._client.connect(endpoint, reference.path, self._options.auth)

    def _more_telling(self, _: RegistryFailure | None, now: RegistryFailure) -> RegistryFailure:
        """Of all endpoints' failures dockerd tells the last."""
        return now

    def _told(self, failure: RegistryFailure, reference: Reference) -> DockerError:
        return pull_error(failure, reference)

    async def _pull_repository(self, repository: Repository, reference: Reference) -> bool:
        if not reference.is_name_only:
            return await self._pull_reference(repository, reference)
        changed = False
        for tag in await repository.tags():
            changed |= await self._pull_reference(repository, reference.with_tag(tag))
        return changed

    async def _pull_reference(self, repository: Repository, reference: Reference) -> bool:
        """True if something is new: an image, or what the name points to."""
        manifest = await repository.manifest(reference.digest or reference.tag)
        shown = str(reference) if reference.digest else reference.tag
        self._emit(progress.status(f"Pulling from {repository.path}", shown))
        image_id = await self._pull_manifest(repository, manifest)
        self._emit(progress.status(f"Digest: {manifest.digest}"))
        return self._point(reference, manifest.digest, image_id)

    def _point(self, reference: Reference, digest: str, image_id: str) -> bool:
        known = self._shelves.references.get(reference)
        by_digest = reference.trimmed().with_digest(digest)
        if self._shelves.references.get(by_digest) is None:
            self._shelves.references.add_digest(by_digest, image_id)
        if known == image_id:
            return False
        if not reference.digest:
            self._shelves.references.add_tag(reference, image_id)
        return True

    async def _pull_manifest(self, repository: Repository, manifest: RemoteManifest) -> str:
        if manifest.media_type in INDEX_TYPES:
            index = _read(Index, manifest.data)
            return await self._pull_index(repository, index)
        if manifest.media_type == DOCKER_SCHEMA1:
            raise InvalidParameter(
                "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. "
                "More information at https://docs.docker.com/go/deprecated-image-specs/"
            )
        if manifest.media_type not in MANIFEST_TYPES:
            raise InvalidParameter("unsupported manifest format")
        return await self._pull_image(repository, _read(Manifest, manifest.data))

    async def _pull_index(self, repository: Repository, index: Index) -> str:
        wanted = self._options.platform or platforms.machine()
        fitting = [
            (place, child.digest)
            for child in index.manifests
            if (place := platforms.rank(wanted, child.platform or wanted)) is not None
        ]
        if not fitting:
            wanted = self._options.platform or platforms.HOST
            raise InvalidParameter(
                f"no matching manifest for {platforms.show(wanted)} in the manifest list entries"
            )
        _, digest = min(fitting, key=lambda pair: pair[0])
        return await self._pull_manifest(repository, await repository.manifest(digest))

    async def _pull_image(self, repository: Repository, manifest: Manifest) -> str:
        if self._shelves.images.get(manifest.config.digest) is None:
            image = await self._described(repository, manifest)
            await self._pull_layers(repository, manifest, image)
        return manifest.config.digest

    async def _described(self, repository: Repository, manifest: Manifest) -> Image:
        """The image as its config describes it; none of its layers is here for that."""
        if manifest.config.media_type not in CONFIG_TYPES:
            raise InvalidParameter(f"unsupported media type {manifest.config.media_type}")
        image = Image.from_json(await self._fetch_config(repository, manifest.config.digest))
        if len(image.diff_ids) != len(manifest.layers):
            raise System("layers from manifest don't match image configuration")
        return image

    async def _pull_layers(self, repository: Repository, manifest: Manifest, image: Image) -> None:
        async with self._first_layers(repository, manifest, image, len(image.diff_ids)):
            self._shelves.images.add(image)

    @asynccontextmanager
    async def _first_layers(
        self, repository: Repository, manifest: Manifest, image: Image, count: int
    ) -> AsyncIterator[None]:
        """Inside, the first `count` layers of the image are here; whoever wants them to stay keeps them."""
        layers = self.layers_pull(
            self._shelves,
            repository,
            image.diff_ids[:count],
            self._clock,
            self._emit,
            self._options.rate,
        )
        with self._shelves.images.keeping() as keep:
            await layers.run(manifest.layers[:count], keep)
            yield

    async def _fetch_config(self, repository: Repository, digest: str) -> bytes:
        """Again after a short while, up to ATTEMPTS times, unless the registry said no."""
        attempt = 1
        while True:
            try:
                return await repository.small_blob(digest)
            except RegistryFailure as failed:
                if not failed.retry or attempt == ATTEMPTS:
                    raise System(
                        "error pulling image configuration: "
                        f"download failed after attempts={attempt}: {failed}"
                    ) from failed
            await self._clock.sleep(0.25 * 2 ** (attempt - 1))
            attempt += 1


def _read(model: type[T], data: bytes) -> T:
    try:
        document: T = model.model_validate_json(data)  # type: ignore[attr-defined]
    except ValidationError as error:
        raise InvalidParameter("unsupported manifest format") from error
    return document

"""`docker pull`: from the endpoints of a name to images and references, line by line as dockerd tells it."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from dataclasses import dataclass
from typing import IO, TypeVar

from pydantic import ValidationError

from api_schema.oci import (
    CONFIG_TYPES,
    DOCKER_SCHEMA1,
    INDEX_TYPES,
    MANIFEST_TYPES,
    Descriptor,
    Index,
    Manifest,
    Platform,
    Reference,
)
from daemon.clock import Clock
from daemon.engine.images import platforms, progress
from daemon.engine.images.errors import pull_error
from daemon.engine.images.image import Image, short_id
from daemon.engine.images.shelves import Shelves
from daemon.engine.images.threads import IN_MEMORY, off_loop
from daemon.engine.registry_client import (
    RegistryAuth,
    RegistryClient,
    RegistryFailure,
    RegistryRefusal,
    RemoteManifest,
    Repository,
)
from daemon.errors import DockerError, InvalidParameter, System
from daemon.fs.layers import chain_id
from daemon.fs.tarread import ArchiveError

T = TypeVar("T")
DOWNLOADS_AT_ONCE = 3
ATTEMPTS = 5
RETRY_SECONDS = 5


@dataclass(slots=True)
class Download:
    """A layer on its way: its bytes, checked, or why there are none."""

    descriptor: Descriptor
    result: asyncio.Future[IO[bytes]]

    def discard(self) -> None:
        """Close what came and was never used, or say that nothing comes any more."""
        if not self.result.done():
            self.result.cancel()
        elif not self.result.cancelled():
            self.result.result().close()


@dataclass(frozen=True, slots=True)
class PullOptions:
    auth: RegistryAuth
    platform: Platform | None = None
    rate: int | None = None
    """Bytes a second and layer, for those who want to see bars."""


class Pull:
    """One pull. `run` raises a DockerError; before the first message it becomes a status."""

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
        for endpoint in self._client.pull_endpoints(reference):
            if endpoint.scheme == "http" and endpoint.host in https_answered:
                continue
            try:
                repository = await self._client.connect(
                    endpoint, reference.path, self._options.auth
                )
                return await self._pull_repository(repository, reference)
            except RegistryFailure as failed:
                failure = failed
                if failed.transport_ok and endpoint.scheme == "https":
                    https_answered.add(endpoint.host)
                if isinstance(failed, RegistryRefusal) and not endpoint.mirror:
                    break
        if failure is None:
            raise System(f"no endpoints found for {reference.familiar}")
        raise pull_error(failure, reference) from failure

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
        shown = reference.digest or reference.tag
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
        wanted = self._options.platform or platforms.HOST
        for child in index.manifests:
            if child.platform is not None and platforms.matches(wanted, child.platform):
                return await self._pull_manifest(
                    repository, await repository.manifest(child.digest)
                )
        raise InvalidParameter(
            f"no matching manifest for {platforms.show(wanted)} in the manifest list entries"
        )

    async def _pull_image(self, repository: Repository, manifest: Manifest) -> str:
        if self._shelves.images.get(manifest.config.digest) is not None:
            return manifest.config.digest
        if manifest.config.media_type not in CONFIG_TYPES:
            raise InvalidParameter(f"unsupported media type {manifest.config.media_type}")
        image = Image.from_json(await self._fetch_config(repository, manifest.config.digest))
        if len(image.diff_ids) != len(manifest.layers):
            raise System("layers from manifest don't match image configuration")
        layers = LayersPull(
            self._shelves, repository, image, self._clock, self._emit, self._options.rate
        )
        await layers.run(manifest.layers)
        return self._shelves.images.add(image).id

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


class LayersPull:
    """The layers of one image: downloaded a few at once, registered from the bottom up."""

    def __init__(
        self,
        shelves: Shelves,
        repository: Repository,
        image: Image,
        clock: Clock,
        emit: progress.Emit,
        rate: int | None,
    ) -> None:
        self._images = shelves.images
        self._sources = shelves.sources
        self._clock = clock
        self._emit = emit
        self._rate = rate
        self._repository = repository
        self._image = image
        self._slots = asyncio.Semaphore(DOWNLOADS_AT_ONCE)

    async def run(self, layers: list[Descriptor]) -> None:
        present = self._count_present(layers)
        downloads: dict[str, Download] = {}
        for descriptor in layers[present:]:
            if descriptor.digest not in downloads:
                self._emit(progress.step("Pulling fs layer", short_id(descriptor.digest)))
                future = asyncio.get_running_loop().create_future()
                downloads[descriptor.digest] = Download(descriptor, future)
        try:
            async with asyncio.TaskGroup() as group:
                for number, download in enumerate(downloads.values()):
                    if number >= DOWNLOADS_AT_ONCE:
                        self._say(download, "Waiting")
                    group.create_task(self._download(download))
                group.create_task(self._register_all(layers, present, downloads))
        except* (DockerError, RegistryFailure) as failures:
            raise progress.first(failures) from None
        finally:
            for download in downloads.values():
                download.discard()

    def _count_present(self, layers: list[Descriptor]) -> int:
        """How many layers from the bottom are here, on the same layers below them."""
        for number, descriptor in enumerate(layers):
            diff_id = self._sources.diff_id(descriptor.digest)
            stack = (*self._image.diff_ids[:number], diff_id or "")
            if diff_id is None or not self._images.has_chain(chain_id(stack)):
                return number
            self._emit(progress.step("Already exists", short_id(descriptor.digest)))
        return len(layers)

    def _say(self, download: Download, action: str) -> None:
        self._emit(progress.step(action, short_id(download.descriptor.digest)))

    async def _download(self, download: Download) -> None:
        async with self._slots:
            download.result.set_result(await self._fetched(download))

    async def _fetched(self, download: Download) -> IO[bytes]:
        attempt = 1
        while True:
            try:
                return await self._fetch(download.descriptor)
            except RegistryFailure as failed:
                if not failed.retry or attempt == ATTEMPTS:
                    raise
            for left in range(attempt * RETRY_SECONDS, 0, -1):
                self._say(download, f"Retrying in {left} second{'s' if left != 1 else ''}")
                await self._clock.sleep(1)
            attempt += 1

    async def _fetch(self, descriptor: Descriptor) -> IO[bytes]:
        id = short_id(descriptor.digest)
        digester = hashlib.new(descriptor.digest.partition(":")[0])
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - outlives us
        try:
            async with self._repository.blob(descriptor.digest) as (length, chunks):
                total = length or descriptor.size
                meter = progress.Meter(self._emit, self._clock.monotonic, "Downloading", id, total)
                async for chunk in chunks:
                    file.write(chunk)
                    digester.update(chunk)
                    meter.add(len(chunk))
                    if self._rate:
                        await self._clock.sleep(len(chunk) / self._rate)
                meter.finish()
            self._emit(progress.step("Verifying Checksum", id))
            if digester.hexdigest() != descriptor.digest.partition(":")[2]:
                text = f"filesystem layer verification failed for digest {descriptor.digest}"
                raise System(text)
        except BaseException:
            file.close()
            raise
        self._emit(progress.step("Download complete", id))
        file.seek(0)
        return file

    async def _register_all(
        self, layers: list[Descriptor], present: int, downloads: dict[str, Download]
    ) -> None:
        registered: set[str] = set()
        expected = self._image.diff_ids
        for descriptor, diff_id in zip(layers[present:], expected[present:], strict=True):
            # The same layer may occur twice; it is downloaded and told of once.
            if descriptor.digest not in registered:
                registered.add(descriptor.digest)
                with await downloads[descriptor.digest].result as file:
                    await self._register(descriptor, diff_id, file)

    async def _register(self, descriptor: Descriptor, expected: str, file: IO[bytes]) -> None:
        id = short_id(descriptor.digest)
        self._emit(progress.bar("Extracting", id, descriptor.size, descriptor.size))
        try:
            layer = await off_loop(descriptor.size, lambda: self._images.layers.add_tar(file))
        except ArchiveError as error:
            raise System(f"failed to register layer: {error}") from error
        if layer.diff_id != expected:
            raise System("layers from manifest don't match image configuration")
        self._emit(progress.step("Pull complete", id))
        name = f"{self._repository.endpoint.host}/{self._repository.path}"
        self._sources.note(layer.diff_id, descriptor.digest, name)


def _read(model: type[T], data: bytes) -> T:
    try:
        document: T = model.model_validate_json(data)  # type: ignore[attr-defined]
    except ValidationError as error:
        raise InvalidParameter("unsupported manifest format") from error
    return document

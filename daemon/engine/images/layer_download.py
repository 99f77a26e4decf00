"""The layers of an image on their way from a registry: a few at once, checked, registered from the bottom up."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from api_schema.oci import Descriptor
from daemon.clock import Clock
from daemon.engine.images import progress
from daemon.engine.images.image import short_id
from daemon.engine.images.retries import repeated
from daemon.engine.images.shelves import Shelves
from daemon.engine.images.threads import IN_MEMORY, off_loop
from daemon.engine.registry_client import RegistryFailure, Repository
from daemon.errors import DockerError, System
from daemon.fs.layers import chain_id
from daemon.fs.tarread import ArchiveError

DOWNLOADS_AT_ONCE = 3


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


class LayersPull:
    """The layers of one image: downloaded a few at once, registered from the bottom up."""

    def __init__(
        self,
        shelves: Shelves,
        repository: Repository,
        diff_ids: tuple[str, ...],
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
        self._diff_ids = diff_ids
        self._slots = asyncio.Semaphore(DOWNLOADS_AT_ONCE)

    async def run(self, layers: list[Descriptor], keep: Callable[[str], None]) -> None:
        """Each layer is kept as soon as it is here; whoever calls lets it go if the image does not come about."""
        present = self._count_present(layers)
        for diff_id in self._diff_ids[:present]:
            keep(diff_id)
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
                group.create_task(self._register_all(layers[present:], downloads, keep))
        except* (DockerError, RegistryFailure) as failures:
            raise progress.first(failures) from None
        finally:
            for download in downloads.values():
                download.discard()

    def _count_present(self, layers: list[Descriptor]) -> int:
        """How many layers from the bottom are here, on the same layers below them."""
        for number, descriptor in enumerate(layers):
            if not self._is_present(number, descriptor):
                return number
            self._emit(progress.step("Already exists", short_id(descriptor.digest)))
        return len(layers)

    def _is_present(self, number: int, layer: Descriptor) -> bool:
        """Whether an image has the layer, on the same layers below it, and it is known to be this blob."""
        diff_id = self._sources.diff_id(layer.digest)
        stack = (*self._diff_ids[:number], diff_id or "")
        return diff_id is not None and self._images.has_chain(chain_id(stack))

    def _say(self, download: Download, action: str) -> None:
        self._emit(progress.step(action, short_id(download.descriptor.digest)))

    async def _download(self, download: Download) -> None:
        async with self._slots:
            download.result.set_result(await self._fetched(download))

    async def _fetched(self, download: Download) -> IO[bytes]:
        descriptor = download.descriptor
        return await repeated(
            lambda: self._fetch(descriptor), self._clock, self._emit, short_id(descriptor.digest)
        )

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
        self,
        layers: list[Descriptor],
        downloads: dict[str, Download],
        keep: Callable[[str], None],
    ) -> None:
        registered: set[str] = set()
        expected = self._diff_ids[len(self._diff_ids) - len(layers) :]
        for descriptor, diff_id in zip(layers, expected, strict=True):
            # The same layer may occur twice; it is downloaded and told of once.
            if descriptor.digest not in registered:
                registered.add(descriptor.digest)
                with await downloads[descriptor.digest].result as file:
                    keep(await self._register(descriptor, diff_id, file))

    async def _register(self, descriptor: Descriptor, expected: str, file: IO[bytes]) -> str:
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
        return layer.diff_id

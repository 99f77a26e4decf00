"""What dockerd's image service does, one method for each operation."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from api_schema.go_time import go_time
from api_schema.images import (
    ImageDeleteItem,
    ImageHistoryItem,
    ImageInspect,
    ImagesPruneReport,
    ImageSummary,
)
from api_schema.oci import InvalidReference, Platform, Reference, is_digest, is_identifier
from daemon.clock import Clock
from daemon.engine.images import platforms, progress
from daemon.engine.images.image import Image
from daemon.engine.images.inspecting import Inspecting
from daemon.engine.images.listing import Listing, ListOptions
from daemon.engine.images.references import ALGORITHM, References
from daemon.engine.images.removal import PruneOptions, Removal, User
from daemon.engine.images.shelves import Shelves
from daemon.engine.images.sources import BlobSources
from daemon.engine.images.store import ImageStore
from daemon.engine.images.threads import IN_MEMORY, off_loop
from daemon.engine.registries import Registries
from daemon.errors import DockerError, Forbidden, InvalidParameter, NotFound
from daemon.fs.layers import LayerStore
from daemon.tasks import Tasks

if TYPE_CHECKING:
    from daemon.engine.images.creating import Commit, Creating
    from daemon.engine.images.remote import Remote
    from daemon.engine.registry_client import RegistryAuth, RegistryClient
    from daemon.events import Events

SCRATCH = "scratch"


class Images:
    """`users` is given by the containers: who uses which image."""

    def __init__(
        self,
        layers: LayerStore,
        clock: Clock,
        events: Events,
        registries: Registries,
        *,
        pull_rate: int | None = None,
        engine_version: str = "28.5.2",
    ) -> None:
        self.layer_store = layers
        self.store = ImageStore(layers)
        self.references = References()
        self.shelves = Shelves(self.store, self.references, BlobSources())
        self.users: Callable[[], list[User]] = list
        self.pull_rate = pull_rate
        self.engine_version = engine_version
        self._clock = clock
        self._events = events
        self._registries = registries
        self._registry: RegistryClient | None = None
        self._tasks = Tasks("images")

    @property
    def registry(self) -> RegistryClient:
        """Made at the first use."""
        if self._registry is None:
            self._registry = self._registries.client(self._clock)
        return self._registry

    async def close(self) -> None:
        await self._tasks.close()
        if self._registry is not None:
            await self._registry.close()
            self._registry = None

    # finding

    def resolve(self, name: str, platform: Platform | None = None) -> Image:
        """By reference, id or the start of an id. NotFound `No such image: x:latest`."""
        image = self._find(name)
        if platform is not None and not platforms.fits(platform, image.platform):
            raise NotFound(
                f"image with reference {name} was found but its platform ({platforms.show(image.platform)}) "
                f"does not match the specified platform ({platforms.show(platform)})"
            )
        return image

    def _find(self, name: str) -> Image:
        digest = f"{ALGORITHM}:{name}" if is_identifier(name) else name
        if is_digest(digest):
            found = self.store.get(digest)
            shown = digest
        else:
            reference = parse_reference(name)
            shown = reference.tagged().familiar
            image_id = self.references.get(reference)
            found = self.store.get(image_id) if image_id else self.store.search(name)
        if found is None:
            raise NotFound(f"No such image: {shown}")
        return found

    def repo_tags(self, image: Image) -> list[str]:
        return self.references.tags(image.id)

    def repo_digests(self, image: Image) -> list[str]:
        return self.references.digests(image.id)

    # telling

    def tell(self, action: str, image_id: str, name: str = "") -> None:
        """Emit an image event; an image that is still here adds its labels."""
        image = self.store.get(image_id)
        attributes = dict((image.labels if image else None) or {})
        if name:
            attributes["name"] = name
        self._events.emit("image", action, image_id, attributes)

    # operations

    def summaries(self, options: ListOptions) -> list[ImageSummary]:
        containers = Counter(user.image_id for user in self.users())
        return Listing(self.store, self.references, containers).summaries(options)

    def inspect(self, image: Image) -> ImageInspect:
        return Inspecting(self.store, self.references).inspect(image)

    def history(self, image: Image) -> list[ImageHistoryItem]:
        return Inspecting(self.store, self.references).history(image)

    def tag(self, image: Image, reference: Reference) -> None:
        self.references.add_tag(reference, image.id)
        image.last_tag_time = self._clock.now()
        self.tell("tag", image.id, reference.tagged().familiar)

    def remove(
        self,
        name: str,
        *,
        force: bool = False,
        prune: bool = True,
        platform: Platform | None = None,
    ) -> list[ImageDeleteItem]:
        image = self.resolve(name, platform)
        return self._removal().remove(image, name, force=force, prune=prune)

    def prune(self, options: PruneOptions) -> ImagesPruneReport:
        report = self._removal().prune(options)
        self._events.emit("image", "prune", "", {"reclaimed": str(report.space_reclaimed)})
        return report

    def _removal(self) -> Removal:
        return Removal(self.store, self.references, self.users, self.tell)

    def pull(
        self, reference: Reference, platform: Platform | None, auth: RegistryAuth
    ) -> AsyncIterator[progress.Message]:
        """The messages of a pull; a reference without tag and digest means every tag."""
        check_not_reserved(reference)

        async def work(emit: progress.Emit) -> None:
            from daemon.engine.images.pulling import Pull, PullOptions

            options = PullOptions(auth, platform, self.pull_rate)
            await Pull(self.shelves, self.registry, self._clock, emit, options).run(reference)
            self.tell("pull", reference.familiar, reference.familiar_name)
            if platform is not None and not reference.is_name_only:
                self._warn_of_platform(reference, platform, emit)

        return progress.messages(self._tasks, work, f"pull {reference.familiar}")

    def _warn_of_platform(
        self, reference: Reference, platform: Platform, emit: progress.Emit
    ) -> None:
        """An image for one platform only is taken whatever was asked for, with a warning."""
        try:
            self.resolve(str(reference), platform)
        except NotFound as mismatch:
            emit(progress.status(f"WARNING: {mismatch}"))

    def push(self, reference: Reference, auth: RegistryAuth) -> AsyncIterator[progress.Message]:
        """The messages of a push; a reference without a tag means every tag."""

        async def work(emit: progress.Emit) -> None:
            from daemon.engine.images.pushing import Push

            await Push(self.shelves, self.registry, self._clock, emit, auth).run(reference)
            self.tell("push", reference.familiar, reference.familiar_name)

        return progress.messages(self._tasks, work, f"push {reference.familiar}")

    def remote(self) -> Remote:
        """What only a registry can answer."""
        from daemon.engine.images.remote import Remote

        return Remote(self.registry)

    def load(
        self, file: IO[bytes], platform: Platform | None, *, quiet: bool
    ) -> AsyncIterator[progress.Message]:
        """The messages of a load, its error among them; closes `file`."""

        async def work(emit: progress.Emit) -> None:
            from daemon.engine.images.loading import Loading

            with file:
                size = size_of(file)
                loop = asyncio.get_running_loop()

                # In a thread or not, messages and events are told in the loop, in their order.
                def emit_in_loop(message: progress.Message) -> None:
                    loop.call_soon_threadsafe(emit, message)

                def tell_in_loop(action: str, image_id: str, name: str) -> None:
                    loop.call_soon_threadsafe(self.tell, action, image_id, name)

                loading = Loading(
                    self.store,
                    self.references,
                    emit_in_loop,
                    tell_in_loop,
                    now=self._clock.monotonic,
                    platform=platform,
                    quiet=quiet,
                )
                try:
                    await off_loop(size, lambda: loading.run(file))
                except DockerError as error:
                    emit_in_loop(progress.failed(error))
                await self._clock.sleep(0)

        return progress.messages(self._tasks, work, "load")

    def save(self, names: list[str], platform: Platform | None) -> Iterator[bytes]:
        """The tar of `docker save`; what is not here is refused before its first byte."""
        from daemon.engine.images.exporting import Selection
        from daemon.engine.images.saving import Saving

        exports = Selection(self.store, self.references, platform).select(names)
        for export in exports:
            self.tell("save", export.image.id, export.image.id)
        return Saving(self.store, exports, self._clock.now()).chunks()

    async def import_(
        self,
        file: IO[bytes],
        config: Mapping[str, Any],
        comment: str,
        platform: Platform | None,
        reference: Reference | None,
    ) -> Image:
        """A new image of one layer; `config` has Docker's member names."""
        creating, size = self._creating(), size_of(file)
        image = await off_loop(size, lambda: creating.import_(file, config, comment, platform))
        if reference is not None:
            self.tag(image, reference)
        self.tell("import", image.id, image.id)
        return image

    def import_url(
        self,
        url: str,
        config: Callable[[], Mapping[str, Any]],
        comment: str,
        platform: Platform | None,
        reference: Reference | None,
    ) -> AsyncIterator[progress.Message]:
        """The messages of an import from elsewhere: bars, then the new id; `config` may refuse once it is found."""

        async def work(emit: progress.Emit) -> None:
            from daemon.engine.registry_client.download import shown

            with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
                async with self.registry.download(url) as (length, chunks, _):
                    emit(progress.status(f"Downloading from {shown(url)}"))
                    made = config()
                    meter = progress.Meter(emit, self._clock.monotonic, "Importing", "", length)
                    async for chunk in chunks:
                        file.write(chunk)
                        meter.add(len(chunk))
                    meter.finish_line(times=1 if length else 2)
                image = await self.import_(file, made, comment, platform, reference)
            emit(progress.status(image.id))
            meter.fill()

        return progress.messages(self._tasks, work, f"import {url}")

    async def commit(self, commit: Commit, reference: Reference | None) -> Image:
        """A new image on top of the container's own."""
        creating, size = self._creating(), size_of(commit.layer)
        image = await off_loop(size, lambda: creating.commit(commit))
        self.tell("create", image.id, image.id)
        if reference is not None:
            self.tag(image, reference)
        return image

    def _creating(self) -> Creating:
        from daemon.engine.images.creating import Creating

        return Creating(self.store, go_time(self._clock.now()), self.engine_version)


def parse_reference(text: str) -> Reference:
    """InvalidParameter, in the words of the grammar, for anything that is no name."""
    try:
        return Reference.parse(text)
    except InvalidReference as error:
        raise InvalidParameter(str(error)) from error


def check_not_reserved(reference: Reference) -> None:
    if reference.familiar_name == SCRATCH:
        raise Forbidden(f"'{SCRATCH}' is a reserved name")


def size_of(file: IO[bytes]) -> int:
    """Its length; the file is at its start again."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size

"""Classic builds as a service: a context comes in, the messages of the stream go out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from api_schema.oci import Platform, Reference
from daemon.clock import Clock
from daemon.engine.build.classic import ClassicBuild, Message, Workbench
from daemon.engine.build.classic_copy import BuildFailed
from daemon.engine.build.classic_source import take_dockerfile
from daemon.engine.build.posted_options import PostedOptions
from daemon.engine.build.remote_context import RemoteContext
from daemon.engine.build.shelf import ImageShelf
from daemon.engine.images.progress import Emit, messages
from daemon.engine.images.service import Images, size_of
from daemon.engine.images.threads import off_loop
from daemon.errors import DockerError, System
from daemon.fs.extract import extract
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.tarread import REGULAR, ArchiveError, Entry
from daemon.tasks import Tasks

if TYPE_CHECKING:
    from daemon.engine.registry_client import RegistryAuth


class ClassicBuilds:
    """All classic builds of a daemon. A client that goes away cancels its own."""

    def __init__(self, images: Images, bench: Callable[[], Workbench], clock: Clock) -> None:
        self.images = images
        self.bench = bench
        self.clock = clock
        self._tasks = Tasks("classic builds")

    async def close(self) -> None:
        await self._tasks.close()

    async def build(
        self,
        sent: RemoteContext,
        options: PostedOptions,
        tags: Sequence[Reference],
        platform: Platform | None,
        auths: Mapping[str, RegistryAuth],
    ) -> AsyncIterator[Message]:
        """The build's stream. A mistake in the request or in the Dockerfile's form is raised, if nothing was said yet."""
        told = Told(list(sent.said), quiet=options.quiet)
        shelf = ImageShelf(self.images, self.clock, platform, auths)
        try:
            context, dockerfile = await self._unpacked(sent, options)
            build = ClassicBuild(context, dockerfile, options, shelf, self.bench(), told.say)
        except ArchiveError as problem:
            if not sent.at_end:
                raise
            return _only([*sent.at_end, failure(problem)])
        except DockerError as problem:
            if not sent.said:
                raise
            return _only([*sent.said, failure(problem)])

        async def work(emit: Emit) -> None:
            told.begin(emit)
            try:
                await self._work(build, tags, emit)
            except DockerError as problem:
                told.give_up()
                emit(failure(problem))

        return messages(self._tasks, work, "build")

    @staticmethod
    def _unpack(context: Filesystem, sent: RemoteContext) -> None:
        extract(context, "/", sent.file, check=_check_written_anew)

    async def _unpacked(
        self, sent: RemoteContext, options: PostedOptions
    ) -> tuple[Filesystem | None, bytes]:
        if sent.is_dockerfile:
            return None, sent.file.read()
        context = Filesystem(MemoryTree(self.images.layer_store.spool, self.clock.now))
        await off_loop(size_of(sent.file), lambda: self._unpack(context, sent))
        return context, take_dockerfile(context, options.dockerfile)

    async def _work(self, build: ClassicBuild, tags: Sequence[Reference], emit: Emit) -> None:
        image = await build.run()
        if build.options.quiet:
            emit({"stream": f"{image.id}\n"})
        else:
            emit({"stream": f"Successfully built {image.short_id}\n"})
        for reference in tags:
            self.images.tag(image, reference)
            if not build.options.quiet:
                emit({"stream": f"Successfully tagged {reference.familiar}\n"})


def _check_written_anew(entry: Entry) -> None:
    """dockerd sums up a context by writing its tar once more, which Go refuses for a file whose name is a folder's."""
    if entry.kind == REGULAR and entry.name.endswith("/"):
        why = "filename may not have trailing slash"
        raise System(f"archive/tar: cannot encode header: {why}")


class Told:
    """What a build says: at once, or with `quiet` only if it fails."""

    def __init__(self, before: list[Message], *, quiet: bool) -> None:
        self._kept = before
        self._quiet = quiet
        self._emit: Emit | None = None

    def say(self, message: Message) -> None:
        if self._quiet or self._emit is None:
            self._kept.append(message)
        else:
            self._emit(message)

    def begin(self, emit: Emit) -> None:
        self._emit = emit
        if not self._quiet:
            self.give_up()

    def give_up(self) -> None:
        """Say all that was kept."""
        for message in self._kept:
            if self._emit:
                self._emit(message)
        self._kept = []


async def _only(found: list[Message]) -> AsyncIterator[Message]:
    for message in found:
        yield message


def failure(problem: DockerError) -> Message:
    code = problem.code if isinstance(problem, BuildFailed) else 0
    detail: Message = {"code": code} if code else {}
    return {"errorDetail": {**detail, "message": str(problem)}, "error": str(problem)}

"""Classic builds as a service: a context comes in, the messages of the stream go out."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from api_schema.oci import Platform, Reference
from daemon.clock import Clock
from daemon.engine.build.classic import ClassicBuild, Message, Workbench
from daemon.engine.build.classic_copy import BuildFailed
from daemon.engine.build.posted_options import PostedOptions
from daemon.engine.build.remote_context import RemoteContext
from daemon.engine.build.shelf import ImageShelf
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import Matcher, read_patterns
from daemon.engine.images.progress import Emit, messages
from daemon.engine.images.service import Images, size_of
from daemon.engine.images.threads import off_loop
from daemon.errors import DockerError, System
from daemon.fs.extract import extract
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.tarread import REGULAR, Entry
from daemon.tasks import Tasks

if TYPE_CHECKING:
    from daemon.engine.registry_client import RegistryAuth


IGNORE_FILE = ".dockerignore"


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
        """The build's stream; a mistake in the request or in the Dockerfile's form is raised at once."""
        context = Filesystem(MemoryTree(self.images.layer_store.spool, self.clock.now))
        await off_loop(size_of(sent.archive), lambda: self._unpack(context, sent))
        shelf = ImageShelf(self.images, self.clock, platform, auths)
        heard: list[Emit] = []

        def say(message: Message) -> None:
            if not options.quiet:
                heard[0](message)

        build = ClassicBuild(context, options, shelf, self.bench(), say)
        _leave_out_ignored(context, options.dockerfile)

        async def work(emit: Emit) -> None:
            heard.append(emit)
            for message in sent.said:
                say(message)
            try:
                await self._work(build, tags, emit)
            except DockerError as problem:
                code = problem.code if isinstance(problem, BuildFailed) else 0
                emit(_failure(str(problem), code))

        return messages(self._tasks, work, "build")

    @staticmethod
    def _unpack(context: Filesystem, sent: RemoteContext) -> None:
        extract(context, "/", sent.archive, check=_check_written_anew)

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


def _failure(text: str, code: int) -> Message:
    detail: Message = {"code": code} if code else {}
    return {"errorDetail": {**detail, "message": text}, "error": text}


def _leave_out_ignored(context: Filesystem, dockerfile: str) -> None:
    """The client sends its Dockerfile and ignore file even where the latter names them: then they are not for COPY."""
    if not context.exists(f"/{IGNORE_FILE}"):
        return
    patterns = read_patterns(context.read_bytes(f"/{IGNORE_FILE}"))
    # Bad patterns are for the client to refuse.
    with contextlib.suppress(DockerfileError):
        matcher = Matcher(patterns)
        for name in (IGNORE_FILE, dockerfile):
            if matcher.excludes(name) and context.exists(f"/{name}"):
                context.unlink(f"/{name}")

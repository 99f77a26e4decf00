"""A build's context that comes as one file: a tar, or else a Dockerfile that is all there is."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from daemon.engine.build.checksum import checksum, total_size
from daemon.engine.build.client import BuildClient
from daemon.engine.build.downloads import Download, in_words_of_buildkit
from daemon.engine.build.progress import Progress, Step
from daemon.engine.build.unpack import unpack_archive
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.images.threads import off_loop
from daemon.errors import DockerError
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.tarread import ArchiveError

UPLOAD_HOST = "buildkit-session"
"""The host in the URLs of what the client sends itself."""
FILE = "context"
"""What BuildKit calls the one file, and so the Dockerfile that it may be."""
MODE = 0o600


class FetchedContext:
    """The file at a URL, fetched once, and unpacked if it is an archive."""

    def __init__(
        self,
        url: str,
        client: BuildClient,
        download: Download,
        progress: Progress,
        new_tree: Callable[[], MemoryTree],
        noted: Callable[[str, int, int | None], None] = lambda digest, size, unpacked: None,
    ) -> None:
        """`noted` hears of what came, and of the size of what was in it if it was an archive."""
        self.url = url
        self.client = client
        self.download = download
        self.progress = progress
        self.new_tree = new_tree
        self.noted = noted
        self.step: Step | None = None
        """The vertex that brought the Dockerfile."""
        self.is_dockerfile = False
        self._files: Filesystem | None = None

    async def files(self) -> Filesystem:
        """What there is to build from; DockerfileError if it cannot be had."""
        if self._files is None:
            self._files = await self._fetch()
        return self._files

    async def _fetch(self) -> Filesystem:
        file = Filesystem(self.new_tree())
        label = "[internal] load remote build context"
        step = self.step = self.progress.announce(label, key=self.url)
        try:
            with step.running():
                await self._write(file)
        except DockerfileError as problem:
            text = f"failed to read downloaded context: failed to load cache key: {problem}"
            raise DockerfileError(text) from None
        return await self._unpacked(file, step)

    async def _write(self, into: Filesystem) -> None:
        file, at = into.open(f"/{FILE}", os.O_WRONLY | os.O_CREAT, MODE), 0
        try:
            async for chunk in self._chunks():
                file.pwrite(chunk, at)
                at += len(chunk)
            into.utime(f"/{FILE}", 0, 0)
        finally:
            file.close()

    async def _chunks(self) -> AsyncIterator[bytes]:
        parts = urlsplit(self.url)
        if parts.hostname == UPLOAD_HOST:
            async for chunk in self.client.upload(parts.path):
                yield chunk
            return
        try:
            async with self.download(self.url) as remote:
                async for chunk in remote.chunks:
                    yield chunk
        except DockerError as problem:
            raise DockerfileError(in_words_of_buildkit(problem)) from None

    async def _unpacked(self, file: Filesystem, step: Step) -> Filesystem:
        files = Filesystem(self.new_tree())
        size = file.stat(f"/{FILE}").size
        try:
            unpacked = await off_loop(size, lambda: unpack_archive(file, f"/{FILE}", files, "/"))
        except (ArchiveError, OSError) as problem:
            raise DockerfileError(str(problem)) from None
        self.is_dockerfile = not unpacked
        digest = checksum(file, [f"/{FILE}"])
        self.noted(digest, size, total_size(files, ["/"]) if unpacked else None)
        if self.is_dockerfile:
            return file
        key = f"{self.url} unpacked"
        copying = self.step = self.progress.announce("copy /context /", (step.digest,), key)
        with copying.running():
            return files


def is_fetched(url: str) -> bool:
    """Whether a context is one file; any other is the client's folder."""
    return url.startswith(("http://", "https://"))

"""The files at URLs that one build's ADD names: a vertex each, all fetched at once, each once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from daemon.engine.build.cache import Cache, Record
from daemon.engine.build.downloads import Download, fetched, in_words_of_buildkit
from daemon.engine.build.operations import CopyFiles
from daemon.engine.build.progress import Progress
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.errors import DockerError
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file, the digest of its content, and its entry in the build cache."""

    files: Filesystem
    path: str
    digest: str
    record: Record


class UrlInputs:
    """All of one build; whoever needs one first fetches it, and the others wait."""

    def __init__(self, download: Download, progress: Progress, cache: Cache) -> None:
        self.download = download
        self.progress = progress
        self.cache = cache
        self._busy: dict[tuple[str, str], asyncio.Lock] = {}
        self._found: dict[tuple[str, str], Fetched | DockerfileError] = {}

    @property
    def digests(self) -> dict[str, str]:
        """What is at each URL."""
        found = self._found.items()
        return {url: one.digest for (url, _), one in found if isinstance(one, Fetched)}

    async def file(self, url: str, step: CopyFiles) -> tuple[Filesystem, str]:
        """The file's place; the client sees it under the name of the step. DockerfileError if it cannot be had."""
        wanted = (url, step.checksum)
        async with self._busy.setdefault(wanted, asyncio.Lock()):
            if wanted not in self._found:
                self._found[wanted] = await self._fetched(url, step.checksum, step.name)
        found = self._found[wanted]
        if isinstance(found, DockerfileError):
            raise found
        return found.files, found.path

    def record(self, url: str, step: CopyFiles) -> Record:
        """The cache's entry of a file that is here."""
        found = self._found[url, step.checksum]
        assert isinstance(found, Fetched)
        return found.record

    async def _fetched(self, url: str, wanted: str, name: str) -> Fetched | DockerfileError:
        files = Filesystem(MemoryTree(self.cache.store.spool, self.cache.clock.now))
        try:
            with self.progress.announce(name, key=f"ADD {url} {wanted}").running():
                path, digest = await self._into(files, url, wanted)
        except DockerfileError as problem:
            return DockerfileError(f"failed to load cache key: {problem.message}")
        record = self.cache.file(f"{url} {digest}", f"http url {url}", files.stat(path).size)
        record.used(self.cache.clock.now())
        return Fetched(files, path, digest, record)

    async def _into(self, files: Filesystem, url: str, wanted: str) -> tuple[str, str]:
        try:
            return await fetched(url, self.download, files, wanted)
        except DockerError as problem:
            raise DockerfileError(in_words_of_buildkit(problem)) from None

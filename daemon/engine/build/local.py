"""The client's folders: each pulled once, when it is first needed, without what its ignore file leaves out."""

from __future__ import annotations

import asyncio
import posixpath
import tempfile
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from daemon.engine.build.checksum import total_size
from daemon.engine.build.client import BuildClient
from daemon.engine.build.dockerfile_source import wanted_files
from daemon.engine.build.options import Options
from daemon.engine.build.progress import Progress, Step
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import read_patterns
from daemon.fs.extract import extract
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree

IGNORE_FILE = ".dockerignore"
MAIN = "context"
IN_MEMORY = 1 << 20
UPLOAD_HOST = "buildkit-session"


class Locals:
    """One build's local folders. `group` owns the transfers."""

    def __init__(
        self,
        client: BuildClient,
        options: Options,
        progress: Progress,
        new_tree: Callable[[], MemoryTree],
        noted: Callable[[str, int], None] = lambda name, size: None,
    ) -> None:
        """`noted` hears of every folder that was read, and of its size."""
        self.client = client
        self.options = options
        self.progress = progress
        self.new_tree = new_tree
        self.noted = noted
        self.definition: Step | None = None
        """The vertex that brought the Dockerfile."""
        self._ignore: dict[str, list[str]] = {}
        self._uploaded: Filesystem | None = None
        self._folders: dict[str, asyncio.Future[Filesystem]] = {}

    async def dockerfile(self) -> bytes:
        """The Dockerfile's content; DockerfileError if there is none."""
        if self.is_upload:
            files = await self._upload()
        else:
            files = await self._pull_definition()
        return self._read_dockerfile(files, self.options.filename)

    async def _pull_definition(self) -> Filesystem:
        name, files = self.options.filename, self._empty()
        step = self.definition = self.progress.announce(
            f"[internal] load build definition from {posixpath.basename(name)}"
        )
        wanted = wanted_files(name)
        with step.running(), step.transfer("transferring dockerfile:") as line:
            await self.client.pull(
                self.options.dockerfile_key, files, follow=wanted, progress=line.count
            )
        self.noted(self.options.dockerfile_key, total_size(files, ["/"]))
        return files

    def _read_dockerfile(self, files: Filesystem, name: str) -> bytes:
        own_ignore = f"/{name}{IGNORE_FILE}"
        if files.exists(own_ignore):
            self._ignore[MAIN] = read_patterns(files.read_bytes(own_ignore))
        for candidate in (name, name.lower()):
            if files.exists(f"/{candidate}"):
                return files.read_bytes(f"/{candidate}")
        raise DockerfileError(f"failed to read dockerfile: open {name}: no such file or directory")

    @property
    def is_upload(self) -> bool:
        """Whether the context is a tar on the client's standard input."""
        return urlsplit(self.options.context).hostname == UPLOAD_HOST

    async def _upload(self) -> Filesystem:
        """The tar from standard input, unpacked."""
        if self._uploaded is None:
            files = self._empty()
            step = self.definition = self.progress.announce("[internal] load remote build context")
            with step.running():
                with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as archive:
                    path = urlsplit(self.options.context).path
                    async for chunk in self.client.upload(path):
                        archive.write(chunk)
                    archive.seek(0)
                    extract(files, "/", archive)
            with self.progress.announce("copy /context /", (step.digest,)).running():
                self._uploaded = files
        return self._uploaded

    async def ignore_patterns(self, name: str = MAIN) -> list[str]:
        """The ignore file of a folder, asked for once."""
        if name not in self._ignore:
            self._ignore[name] = await self._pull_ignore(name)
        return self._ignore[name]

    async def _pull_ignore(self, name: str) -> list[str]:
        prefix = "[internal]" if name == MAIN else f"[context {name}]"
        step = self.progress.announce(f"{prefix} load {IGNORE_FILE}")
        with step.running():
            files = self._empty()
            with step.transfer(f"transferring {name}:") as line:
                await self.client.pull(
                    self._key(name), files, follow=[IGNORE_FILE], progress=line.count
                )
            path = f"/{IGNORE_FILE}"
            return read_patterns(files.read_bytes(path)) if files.exists(path) else []

    def folder(
        self, name: str, paths: Callable[[str], Sequence[str]], group: asyncio.TaskGroup
    ) -> asyncio.Future[Filesystem]:
        """The folder's files; `paths` says which of them are needed (none: all)."""
        if name not in self._folders:
            self._folders[name] = group.create_task(self._pull(name, paths(name)))
        return self._folders[name]

    async def _pull(self, name: str, paths: Sequence[str]) -> Filesystem:
        if self.is_upload and name == MAIN:
            return await self._upload()
        patterns = await self.ignore_patterns(name)
        files = self._empty()
        label = (
            "[internal] load build context"
            if name == MAIN
            else f"[context {name}] load from client"
        )
        step = self.progress.announce(label)
        with step.running(), step.transfer(f"transferring {name}:") as line:
            await self.client.pull(
                self._key(name), files, follow=paths, exclude=patterns, progress=line.count
            )
        self.noted(name, total_size(files, ["/"]))
        return files

    def _key(self, name: str) -> str:
        return self.options.context_key if name == MAIN else name

    def _empty(self) -> Filesystem:
        return Filesystem(self.new_tree())

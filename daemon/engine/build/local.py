"""The client's folders: each pulled once, when it is first needed, without what its ignore file leaves out."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable, Sequence
from typing import NamedTuple

from daemon.engine.build import operations as ops
from daemon.engine.build.client import BuildClient
from daemon.engine.build.dockerfile_source import spellings, wanted_files
from daemon.engine.build.fetched_context import FILE, FetchedContext
from daemon.engine.build.git.inputs import GitContext
from daemon.engine.build.graph import Node
from daemon.engine.build.no_session import SessionMissing
from daemon.engine.build.options import Options
from daemon.engine.build.progress import Progress, Step
from daemon.engine.build.sources import Sources
from daemon.engine.build.vertexes import SharedVertex, Vertexes
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import Matcher, read_patterns
from daemon.fs.filesystem import Filesystem

IGNORE_FILE = ".dockerignore"
MAIN = "context"
MOUNTED = "/var/lib/docker/tmp/buildkit-mount2066271441"
"""Where BuildKit would have what brought the Dockerfile."""


class Definition(NamedTuple):
    """A Dockerfile, and the patterns of an ignore file of its own."""

    data: bytes
    ignored: list[str] | None = None


class Locals:
    """One build's local folders. `group` owns the transfers."""

    def __init__(
        self,
        client: BuildClient,
        options: Options,
        progress: Progress,
        sources: Sources,
        vertexes: Vertexes,
        fetched: FetchedContext | GitContext | None = None,
    ) -> None:
        """`fetched` stands in for the main folder."""
        self.client = client
        self.options = options
        self.progress = progress
        self.sources = sources
        self.vertexes = vertexes
        self.fetched = fetched
        self.definition: Step | None = None
        """The vertex that brought the Dockerfile."""
        self._ignore: dict[str, list[str]] = {}
        self._folders: dict[str, asyncio.Future[Filesystem]] = {}

    async def dockerfile(self) -> bytes:
        """The Dockerfile's content; DockerfileError if there is none."""
        if self.fetched is None or self.options.local_dockerfile:
            try:
                found = await self._pull_definition()
            except SessionMissing as missing:
                raise DockerfileError(f"failed to read dockerfile: {missing.message}") from None
        else:
            found = read_definition(await self.fetched.files(), self.filename)
            self.definition = self.fetched.step
        if found.ignored is not None:
            self._ignore[MAIN] = found.ignored
        return found.data

    @property
    def main(self) -> ops.Input:
        """What COPY reads unless it says otherwise."""
        return self.fetched.input if isinstance(self.fetched, GitContext) else ops.Local(MAIN)

    @property
    def filename(self) -> str:
        """What the Dockerfile is called; what was fetched may be nothing else."""
        if self.fetched and self.fetched.is_dockerfile and not self.options.local_dockerfile:
            return FILE
        return self.options.filename

    async def _pull_definition(self) -> Definition:
        name, key = self.options.filename, self.options.dockerfile_key
        label = f"[internal] load build definition from {posixpath.basename(name)}"
        vertex = self._load(label, key, name)
        self.definition = step = vertex.step

        async def pull() -> Definition:
            with step.running(), step.transfer("transferring dockerfile:") as line:
                files = await self.sources.bring(
                    self.client, key, key, follow=wanted_files(name), progress=line.count
                )
            return read_definition(files, name)

        return await self.vertexes.result(vertex, self.progress, pull)

    async def ignore_patterns(self, name: str = MAIN) -> list[str]:
        """The ignore file of a folder, asked for once."""
        if name not in self._ignore:
            self._ignore[name] = await self._pull_ignore(name)
        return self._ignore[name]

    def known_patterns(self, name: str) -> list[str]:
        """Those of a folder whose ignore file has been read."""
        return self._ignore.get(name, [])

    async def _pull_ignore(self, name: str) -> list[str]:
        prefix = "[internal]" if name == MAIN else f"[context {name}]"
        key, hint = self._key(name), f"{self._hint(name)}-{IGNORE_FILE}"
        label = f"{prefix} load {IGNORE_FILE}"
        vertex = self._load(label, key)
        step = vertex.step

        async def pull() -> list[str]:
            with step.running():
                with step.transfer(f"transferring {name}:") as line:
                    files = await self.sources.bring(
                        self.client, key, hint, follow=[IGNORE_FILE], progress=line.count
                    )
                path = f"/{IGNORE_FILE}"
                return read_patterns(files.read_bytes(path)) if files.exists(path) else []

        return await self.vertexes.result(vertex, self.progress, pull)

    def folder(
        self, name: str, paths: Callable[[str], Sequence[str]], group: asyncio.TaskGroup
    ) -> asyncio.Future[Filesystem]:
        """The folder's files; `paths` says which of them are needed (none: all)."""
        if name not in self._folders:
            self._folders[name] = group.create_task(self._pull(name, paths(name)))
        return self._folders[name]

    def vertex(self, name: str) -> str:
        """The digest of a folder's vertex; empty where that is not known yet."""
        if self.fetched and name == MAIN:
            return self.fetched.step.digest if self.fetched.step else ""
        return self.progress.digest(_label(name))

    async def _pull(self, name: str, paths: Sequence[str]) -> Filesystem:
        if self.fetched and name == MAIN:
            return await self.fetched.files()
        patterns = await self.ignore_patterns(name)
        step = self.progress.announce(_label(name))
        with step.running(), step.transfer(f"transferring {name}:") as line:
            _check_paths(paths)
            return await self.sources.bring(
                self.client,
                self._key(name),
                self._hint(name),
                keep=True,
                follow=paths,
                exclude=patterns,
                progress=line.count,
            )

    def _load(self, label: str, folder: str, *words: str) -> SharedVertex:
        """A vertex that is one for all builds of a session which ask for the same of a folder."""
        session = self.options.sessions.get(folder)
        key = "\n".join((session, label, folder, *words)) if session else ""
        return self.vertexes.load(Node(self.progress.digest(label, key), label), self.progress)

    def _key(self, name: str) -> str:
        return self.options.context_key if name == MAIN else name

    def _hint(self, name: str) -> str:
        return self._key(name) if name == MAIN else f"context:{name}"


def _label(name: str) -> str:
    return "[internal] load build context" if name == MAIN else f"[context {name}] load from client"


def read_definition(files: Filesystem, name: str) -> Definition:
    own_ignore, ignored = f"/{name}{IGNORE_FILE}", None
    if files.exists(own_ignore):
        ignored = read_patterns(files.read_bytes(own_ignore))
    for candidate in spellings(name):
        if files.isdir(f"/{candidate}"):
            text = f"read {MOUNTED}/{name}: is a directory"
            raise DockerfileError(f"failed to read dockerfile: {text}")
        if files.exists(f"/{candidate}"):
            return Definition(files.read_bytes(f"/{candidate}"), ignored)
    raise DockerfileError(f"failed to read dockerfile: open {name}: no such file or directory")


def _check_paths(paths: Sequence[str]) -> None:
    """A client refuses patterns that are none, in these words."""
    try:
        Matcher(paths)
    except DockerfileError as bad:
        text = f"invalid includepatterns: [{' '.join(paths)}]: {bad}"
        raise DockerfileError(f"rpc error: code = Unknown desc = {text}") from None

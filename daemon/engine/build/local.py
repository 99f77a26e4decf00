"""The client's folders: each pulled once, when it is first needed, without what its ignore file leaves out."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable, Sequence

from daemon.engine.build import operations as ops
from daemon.engine.build.client import BuildClient
from daemon.engine.build.dockerfile_source import spellings, wanted_files
from daemon.engine.build.fetched_context import FILE, FetchedContext
from daemon.engine.build.git.inputs import GitContext
from daemon.engine.build.no_session import SessionMissing
from daemon.engine.build.options import Options
from daemon.engine.build.progress import Progress, Step
from daemon.engine.build.sources import Sources
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import Matcher, read_patterns
from daemon.fs.filesystem import Filesystem

IGNORE_FILE = ".dockerignore"
MAIN = "context"
MOUNTED = "/var/lib/docker/tmp/buildkit-mount2066271441"
"""Where BuildKit would have what brought the Dockerfile."""


class Locals:
    """One build's local folders. `group` owns the transfers."""

    def __init__(
        self,
        client: BuildClient,
        options: Options,
        progress: Progress,
        sources: Sources,
        fetched: FetchedContext | GitContext | None = None,
    ) -> None:
        """`fetched` stands in for the main folder."""
        self.client = client
        self.options = options
        self.progress = progress
        self.sources = sources
        self.fetched = fetched
        self.definition: Step | None = None
        """The vertex that brought the Dockerfile."""
        self._ignore: dict[str, list[str]] = {}
        self._folders: dict[str, asyncio.Future[Filesystem]] = {}

    async def dockerfile(self) -> bytes:
        """The Dockerfile's content; DockerfileError if there is none."""
        if self.fetched is None or self.options.local_dockerfile:
            try:
                files = await self._pull_definition()
            except SessionMissing as missing:
                raise DockerfileError(f"failed to read dockerfile: {missing.message}") from None
            return self._read_dockerfile(files, self.options.filename)
        files = await self.fetched.files()
        self.definition = self.fetched.step
        return self._read_dockerfile(files, self.filename)

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

    async def _pull_definition(self) -> Filesystem:
        name, key = self.options.filename, self.options.dockerfile_key
        step = self.definition = self.progress.announce(
            f"[internal] load build definition from {posixpath.basename(name)}"
        )
        wanted = wanted_files(name)
        with step.running(), step.transfer("transferring dockerfile:") as line:
            return await self.sources.bring(
                self.client, key, key, follow=wanted, progress=line.count
            )

    def _read_dockerfile(self, files: Filesystem, name: str) -> bytes:
        own_ignore = f"/{name}{IGNORE_FILE}"
        if files.exists(own_ignore):
            self._ignore[MAIN] = read_patterns(files.read_bytes(own_ignore))
        for candidate in spellings(name):
            if files.isdir(f"/{candidate}"):
                raise DockerfileError(
                    f"failed to read dockerfile: read {MOUNTED}/{name}: is a directory"
                )
            if files.exists(f"/{candidate}"):
                return files.read_bytes(f"/{candidate}")
        raise DockerfileError(f"failed to read dockerfile: open {name}: no such file or directory")

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
        step = self.progress.announce(f"{prefix} load {IGNORE_FILE}")
        key, hint = self._key(name), f"{self._hint(name)}-{IGNORE_FILE}"
        with step.running():
            with step.transfer(f"transferring {name}:") as line:
                files = await self.sources.bring(
                    self.client, key, hint, follow=[IGNORE_FILE], progress=line.count
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

    def _key(self, name: str) -> str:
        return self.options.context_key if name == MAIN else name

    def _hint(self, name: str) -> str:
        return self._key(name) if name == MAIN else f"context:{name}"


def _label(name: str) -> str:
    return "[internal] load build context" if name == MAIN else f"[context {name}] load from client"


def _check_paths(paths: Sequence[str]) -> None:
    """A client refuses patterns that are none, in these words."""
    try:
        Matcher(paths)
    except DockerfileError as bad:
        text = f"invalid includepatterns: [{' '.join(paths)}]: {bad}"
        raise DockerfileError(f"rpc error: code = Unknown desc = {text}") from None

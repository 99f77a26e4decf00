"""The git repositories of one build, as its client sees them: a vertex each, asked for and fetched once."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from daemon.engine.build import operations as ops
from daemon.engine.build.client import BuildClient
from daemon.engine.build.git.addresses import AUTH_HEADER, AUTH_TOKEN, SSH, SSH_AGENT, Remote
from daemon.engine.build.git.agent import AgentRefused, agent_socket
from daemon.engine.build.git.command import Git
from daemon.engine.build.git.repositories import Commit, Repositories
from daemon.engine.build.no_session import SessionMissing
from daemon.engine.build.progress import Progress, Step
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.fs.filesystem import Filesystem

SHARED_LOGINS = ("https://github.com/", "https://www.github.com/")
"""A login for one repository here is good for all, and so for submodules."""


@dataclass(slots=True)
class Input:
    """What is known of one repository so far."""

    step: Step
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    login: tuple[str, ...] | None = None
    """Words for git, once somebody has looked for them."""
    commit: Commit | None = None
    files: Filesystem | None = None
    failure: DockerfileError | None = None

    @contextmanager
    def trying(self, outer: str = "") -> Iterator[None]:
        """What goes wrong is the vertex's error; who waits for the same hears of it, too."""
        if self.failure:
            raise self.failure
        try:
            with self.step.running():
                yield
        except DockerfileError as problem:
            outer = "" if isinstance(problem, AgentRefused) else outer
            self.failure = DockerfileError(outer + problem.message)
            raise self.failure from None


class GitInputs:
    """All of one build; whoever needs one first fetches it, and the others wait."""

    def __init__(self, repositories: Repositories, client: BuildClient, progress: Progress) -> None:
        self.repositories = repositories
        self.client = client
        self.progress = progress
        self._inputs: dict[ops.Git, Input] = {}

    @property
    def commits(self) -> dict[ops.Git, str]:
        """Every repository that was asked, with the name of its commit."""
        known = ((source, one.commit) for source, one in self._inputs.items())
        return {source: commit.name for source, commit in known if commit}

    def step(self, source: ops.Git) -> Step:
        """The repository's vertex."""
        return self._input(source).step

    def has_files(self, source: ops.Git) -> bool:
        return source in self._inputs and self._inputs[source].files is not None

    async def key(self, source: ops.Git) -> str:
        """What stands for the files: the commit that the ref means now. DockerfileError if there is none."""
        one = self._input(source)
        async with one.busy:
            return (await self._commit(source, one)).key

    async def files(self, source: ops.Git) -> Filesystem:
        """The files, fetched if no build has them yet; DockerfileError if they cannot be had."""
        one = self._input(source)
        async with one.busy:
            commit = await self._commit(source, one)
            if one.files is None:
                one.files = self.repositories.known(commit)
                if one.files is not None:
                    one.step.cached()
            if one.files is None:
                with one.trying():
                    async with self._git(source, one) as git:
                        one.files = await self.repositories.files(source.repository, commit, git)
            return one.files

    def _input(self, source: ops.Git) -> Input:
        if source not in self._inputs:
            self._inputs[source] = Input(self.progress.announce(source.name, key=source.key))
        return self._inputs[source]

    async def _commit(self, source: ops.Git, one: Input) -> Commit:
        if one.commit is None:
            with one.trying("failed to load cache key: "):
                async with self._git(source, one) as git:
                    one.commit = await self.repositories.find(source.repository, git)
        return one.commit

    @asynccontextmanager
    async def _git(self, source: ops.Git, one: Input) -> AsyncIterator[Git]:
        """git with what the client gives it to log in."""
        remote = source.repository.remote
        if remote.scheme == SSH:
            async with agent_socket(self.client, SSH_AGENT) as agent:
                yield self.repositories.git(one.step.log, agent=agent)
            return
        if one.login is None:
            one.login = await self._login(remote)
        yield self.repositories.git(one.step.log, one.login)

    async def _login(self, remote: Remote) -> tuple[str, ...]:
        """Words for git, out of the first secret that the client has; none at all are as good as a refusal."""
        host = remote.host
        for suffix in (f".{host}", ""):
            for name in (AUTH_HEADER, AUTH_TOKEN):
                try:
                    secret = await self.client.secret(name + suffix)
                except SessionMissing:
                    return ()
                if secret is not None:
                    value = _basic(secret) if name == AUTH_TOKEN else secret.decode("latin-1")
                    header = f"Authorization: {value}"
                    return ("-c", f"http.{_scope(remote.url)}.extraheader={header}")
        return ()


def _basic(token: bytes) -> str:
    return "basic " + base64.b64encode(b"x-access-token:" + token).decode()


def _scope(url: str) -> str:
    return next((prefix for prefix in SHARED_LOGINS if url.startswith(prefix)), url)


class GitContext:
    """A build's main context that is a repository."""

    is_dockerfile = False

    def __init__(self, source: ops.Git, inputs: GitInputs) -> None:
        self.input = source
        self._inputs = inputs

    @property
    def step(self) -> Step:
        """The vertex that brought the Dockerfile."""
        return self._inputs.step(self.input)

    async def files(self) -> Filesystem:
        """What there is to build from; DockerfileError if it cannot be had."""
        try:
            return await self._inputs.files(self.input)
        except DockerfileError as problem:
            raise DockerfileError(f"failed to read dockerfile: {problem.message}") from None

"""The client of a build that came by itself: it sent its context, and cannot be asked for more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import IO

from daemon.engine.build.client import AgentStream, Progress
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Mirror

CHUNK = 1024 * 1024
NOT_KNOWN = "no active session for {id}: context deadline exceeded"


class SessionMissing(DockerfileError):
    """Something needs a session. `inner` is what the step in question says of it."""

    def __init__(self, inner: str, outer: str = "") -> None:
        super().__init__(outer + inner)
        self.inner = inner

    def __str__(self) -> str:
        return self.inner


class NoSession:
    """BuildClient; `sent` is the context, and `id` a session that was named but does not exist."""

    def __init__(self, sent: IO[bytes], id: str = "") -> None:
        self._sent = sent
        self._id = id
        self.shared_key = ""

    async def pull(
        self,
        name: str,
        into: Mirror,
        *,
        follow: Sequence[str] = (),
        exclude: Sequence[str] = (),
        progress: Progress = lambda _: None,
    ) -> None:
        if self._id:
            raise SessionMissing(NOT_KNOWN.format(id=self._id))
        text = "could not access local files without session"
        raise SessionMissing(text, "failed to load cache key: ")

    async def upload(self, path: str) -> AsyncIterator[bytes]:
        while chunk := self._sent.read(CHUNK):
            yield chunk

    async def secret(self, id: str) -> bytes | None:
        raise SessionMissing("no active sessions")

    async def check_ssh(self, id: str) -> None:
        raise SessionMissing("no active sessions")

    def ssh_agent(self, id: str) -> AbstractAsyncContextManager[AgentStream]:
        raise SessionMissing("no active sessions")

    async def credentials(self, host: str) -> tuple[str, str]:
        return "", ""

    async def token(self, host: str, realm: str, service: str, scopes: Sequence[str]) -> str | None:
        return None

    async def send_tree(
        self, exporter: int, files: Filesystem, *, progress: Progress = lambda _: None
    ) -> None:
        raise SessionMissing(NOT_KNOWN.format(id=self._id))

    async def send_stream(self, exporter: int, chunks: AsyncGenerator[bytes, None]) -> None:
        raise SessionMissing(NOT_KNOWN.format(id=self._id))

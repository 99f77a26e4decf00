"""What a build asks of the client that started it: its files, secrets and credentials; and what it sends back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from daemon.errors import System
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Mirror

Progress = Callable[[int], None]
"""Called with the bytes transferred so far."""


class AgentStream(Protocol):
    """A connection to an agent of the client; ConnectionError if it breaks, or could not be made."""

    async def read(self) -> bytes:
        """At least one byte; b"" once the agent has ended its half."""

    async def write(self, data: bytes) -> None: ...
    async def write_eof(self) -> None: ...


class SaidByClient(System):
    """A failure of the client's own, of which the build says at its end no more than the client `said`."""

    def __init__(self, text: str, said: str) -> None:
        super().__init__(text)
        self.said = said


class BuildClient(Protocol):
    """A build's session. Every call raises ConnectionError once the client is gone."""

    @property
    def shared_key(self) -> str:
        """What the client's folders are told apart by from those of others, for what is kept of them."""

    async def pull(
        self,
        name: str,
        into: Mirror,
        *,
        follow: Sequence[str] = (),
        exclude: Sequence[str] = (),
        progress: Progress = lambda _: None,
    ) -> None:
        """Bring the client's folder `name` (`context`, `dockerfile`, a named context): all is added that is in it.

        `follow` limits it to those paths and what their links lead to; `exclude` holds ignore patterns.
        """

    def upload(self, path: str) -> AsyncIterator[bytes]:
        """What the client has on its standard input, under the path that it was told to the daemon by."""

    async def secret(self, id: str) -> bytes | None:
        """A secret's content; None if the client does not have it."""

    async def check_ssh(self, id: str) -> None:
        """LookupError in the client's words if it forwards no such agent; no id is one, too."""

    def ssh_agent(self, id: str) -> AbstractAsyncContextManager[AgentStream]:
        """A new connection to that agent. The client connects on its side: that it cannot is told by the connection."""

    async def credentials(self, host: str) -> tuple[str, str]:
        """User name and password for a registry; empty for none."""

    async def token(self, host: str, realm: str, service: str, scopes: Sequence[str]) -> str | None:
        """A registry's token, which the client fetches itself; None if it leaves that to the daemon.

        LookupError with the client's words if it gets none.
        """

    async def send_tree(
        self, exporter: int, files: Filesystem, *, progress: Progress = lambda _: None
    ) -> None:
        """Give the client a folder: the exporter of that number writes it."""

    async def send_stream(self, exporter: int, chunks: AsyncGenerator[bytes, None]) -> None:
        """Give the client one file."""

"""The connected sessions of builds, by id. Knows nothing of gRPC, so that a daemon without builds need not load it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.server.buildkit.session import Session
    from daemon.server.buildkit.transport import ByteStream


class Sessions:
    """Every connected session, by id. A build may name one that has not connected yet."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._changed = asyncio.Condition()

    def __contains__(self, id: str) -> bool:
        return id in self._sessions

    @property
    def count(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    async def carry(self, session: Session, duplex: ByteStream) -> None:
        """Know the session for as long as its connection lives."""
        async with self._changed:
            self._sessions[session.id] = session
            self._changed.notify_all()
        try:
            await session.run(duplex)
        finally:
            self._sessions.pop(session.id, None)

    async def wait(self, id: str) -> Session:
        """The session `id`, once it has connected. The caller bounds the wait."""
        async with self._changed:
            await self._changed.wait_for(lambda: id in self._sessions)
        return self._sessions[id]

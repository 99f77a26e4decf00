"""Contexts that come in a request of their own: Docker's CLI before 23 sends what it has on its standard input so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import IO

from daemon.clock import Clock
from daemon.errors import System

REMOTE = "upload-request"
"""The `remote` of a build whose context comes so."""
PREFIX = "upload-request:"
"""In front of the build's id in the request that brings it."""
MEETING_SECONDS = 5.0


@dataclass(slots=True)
class _Meeting:
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    given: asyncio.Future[IO[bytes]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class UploadRequests:
    """Brings the two requests of a build together, whichever comes first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._meetings: dict[str, _Meeting] = {}

    async def take(self, build_id: str) -> IO[bytes]:
        """The context; System if nobody sends it in time."""
        meeting = self._meetings.setdefault(build_id, _Meeting())
        meeting.wanted.set()
        try:
            async with self._clock.timeout(MEETING_SECONDS):
                return await meeting.given
        except TimeoutError:
            raise System("context deadline exceeded") from None
        finally:
            self._meetings.pop(build_id, None)

    async def give(self, build_id: str, sent: IO[bytes]) -> None:
        """System if no build asks for it in time."""
        meeting = self._meetings.setdefault(build_id, _Meeting())
        try:
            async with self._clock.timeout(MEETING_SECONDS):
                await meeting.wanted.wait()
        except TimeoutError:
            self._meetings.pop(build_id, None)
            raise System("context deadline exceeded") from None
        if meeting.given.done():
            raise System("context deadline exceeded")
        meeting.given.set_result(sent)

"""The seams where faults meet a reply: behind its head, and anywhere in its body."""

from __future__ import annotations

from functools import partial

from daemon.faults import ConnectionCut, FaultPoint, Faults, Send
from daemon.server.connection import Connection

CONTROL = "/_mock/"
"""What stands before every path of the control API, which no fault ever strikes."""


class Staging:
    """What may befall one reply, by faults that are armed before it begins or while it goes out."""

    def __init__(self, faults: Faults, connection: Connection, method: str, path: str) -> None:
        self._faults = faults
        self._connection = connection
        self._occasion = {"method": method, "path": path}
        self._asked = 0
        self._broken: Send | None = None

    async def after_head(self) -> None:
        """Hang here if that is armed."""
        if self._faults:
            await self._faults.hold(FaultPoint.HANG_AFTER_HEADERS, **self._occasion)

    def body(self, send: Send) -> Send:
        """The same `send`, but for the fault that strikes; without any armed a piece costs one comparison."""
        return partial(self._send, send)

    async def _send(self, send: Send, data: bytes) -> None:
        if self._asked != self._faults.newest:
            since, self._asked = self._asked, self._faults.newest
            broken = self._faults.body(send, since=since, **self._occasion)
            self._broken = broken if broken is not send else self._broken
        try:
            await (self._broken or send)(data)
        except ConnectionCut:
            self._connection.close()
            raise

"""HTTP over a simulated connection, for every server among the programs: requests in, replies out, one at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import h11

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal

READ_SIZE = 65536
HEAD_LIMIT = 65536

Body = bytes | AsyncIterator[bytes]
Header = tuple[str, str]


@dataclass(slots=True)
class Request:
    """The head of a request; its body is read by `Connection.body`."""

    method: str
    target: str
    headers: dict[str, str]
    http_version: str = "1.1"

    @property
    def line(self) -> str:
        return f"{self.method} {self.target} HTTP/{self.http_version}"

    @property
    def path(self) -> str:
        """The target without its query, still encoded."""
        return self.target.partition("?")[0]

    @property
    def host(self) -> str:
        """The name in the Host header, without the port."""
        name = self.headers.get("host", "")
        return name if name.startswith("[") else name.partition(":")[0]


@dataclass(slots=True)
class Reply:
    """What to send. `length` is the body's; None for one that is chunked, or ended by the connection's end."""

    status: int
    reason: str
    headers: list[Header] = field(default_factory=list)
    body: Body = b""
    length: int | None = None

    def __post_init__(self) -> None:
        if self.length is None and isinstance(self.body, bytes):
            self.length = len(self.body)


class BadRequest(Exception):
    """The peer does not speak HTTP."""


class Connection:
    """The server's side of one connection."""

    def __init__(self, proc: Process, fd: int) -> None:
        self.proc = proc
        self.fd = fd
        self.served = 0
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)

    async def request(self, idle_seconds: float | None = None) -> Request | None:
        """The next request; None when the peer has gone, or stayed silent for that long."""
        if self.served:
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return None
            self._http.start_next_cycle()
        event = await self._next(idle_seconds)
        if not isinstance(event, h11.Request):
            return None
        self.served += 1
        return Request(
            event.method.decode("ascii"),
            event.target.decode("ascii", "replace"),
            {name.decode(): value.decode("latin-1") for name, value in event.headers},
            event.http_version.decode(),
        )

    async def body(self) -> AsyncIterator[bytes]:
        """The request's body in pieces, once; a peer that waits for 100 Continue gets it."""
        if self._http.their_state is not h11.SEND_BODY:
            return
        if self._http.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        while isinstance(event := await self._next(None), h11.Data):
            yield bytes(event.data)

    async def reply(self, reply: Reply) -> None:
        """Send the whole reply, after reading what is left of the request."""
        async for _ in self.body():
            pass
        headers = list(reply.headers)
        if reply.length is not None and reply.status not in (204, 304):
            headers.append(("Content-Length", str(reply.length)))
        await self._send(
            h11.Response(status_code=reply.status, reason=reply.reason, headers=headers)
        )
        if self._http.our_state is h11.SEND_BODY and not self._bodiless(reply):
            await self._send_body(reply.body)
        await self._send(h11.EndOfMessage())

    def _bodiless(self, reply: Reply) -> bool:
        return self.head_only or reply.status in (204, 304)

    head_only = False
    """Set for the reply to HEAD."""

    async def _send_body(self, body: Body) -> None:
        if isinstance(body, bytes):
            if body:
                await self._send(h11.Data(data=body))
            return
        async for piece in body:
            await self._send(h11.Data(data=piece))

    async def _send(self, event: h11.Event) -> None:
        if data := self._http.send(event):
            await self.proc.write(self.fd, data)

    async def _next(self, idle_seconds: float | None) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if not await self.proc.wait_readable([self.fd], idle_seconds):
                    return None
                self._http.receive_data(await self.proc.read(self.fd, READ_SIZE))
        except h11.RemoteProtocolError as error:
            raise BadRequest(str(error)) from error
        return event


Handler = Callable[[Process, int], Awaitable[int]]


async def accept_for_ever(proc: Process, listeners: Sequence[int], handle: Handler) -> None:
    """A child of its own for each connection, which finds it under the descriptor that `handle` is given."""
    proc.on_signal(Signal.SIGCHLD, IGNORE)
    while True:
        for listener in await proc.wait_readable(list(listeners)):
            connection = await proc.accept(listener)
            keep = {fd: fd for fd in proc.fds if fd not in listeners}
            proc.fork(partial(_serve, handle, connection), fds=keep)
            proc.close(connection)


async def _serve(handle: Handler, connection: int, proc: Process) -> int:
    try:
        return await handle(proc, connection)
    except (ConnectionError, BadRequest):
        return 0

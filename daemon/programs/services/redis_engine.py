"""Redis's commands, by fakeredis: one database for a server, one session for a connection.

fakeredis is imported here only, so that a daemon without a Redis does not pay for it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fakeredis import FakeRedis, FakeServer
from fakeredis._helpers import NoResponse, SimpleError, SimpleString
from fakeredis.aioredis import AsyncFakeSocket

from daemon.programs.services.redis_wire import Failure, Status, encode

Later = Coroutine[Any, Any, None]


WRONG_PASSWORD = Failure("WRONGPASS invalid username-password pair or user is disabled.")
NO_PASSWORD = Failure("NOAUTH Authentication required.")
NO_PROTOCOL = Failure("NOPROTO unsupported protocol version")


class Store(FakeServer):
    """What one redis-server keeps, and what it tells of itself."""

    def __init__(self, version: str, password: str) -> None:
        major = version.partition(".")[0]
        super().__init__(version=(int(major),) if major.isdigit() else (8,))
        self.full_version = version
        self.password = password.encode()
        if password:
            self.config[b"requirepass"] = self.password


class Session(AsyncFakeSocket):
    """One client. `pending` is what it has to be sent; `woken` is called when that grows outside a command."""

    def __init__(self, store: Store, peer: str, woken: Callable[[], None]) -> None:
        super().__init__(store, 0, client_class=FakeRedis, client_info={"addr": peer})
        self._store = store
        self._trusted = not store.password
        self.pending = bytearray()
        self.later: list[Later] = []
        self._woken = woken

    def put_response(self, msg: Any) -> None:  # noqa: ANN401 - any RESP value
        self.pending += encode(_converted(msg), self._client_info.protocol_version)
        self._woken()

    def _process_command(self, fields: list[bytes]) -> None:
        """Let nobody in without the password, and greet as Redis does."""
        name = fields[0].upper() if fields else b""
        if name == b"HELLO":
            self.put_response(self._greeting(fields[1:]))
        elif name == b"AUTH" and self._store.password and len(fields) in (2, 3):
            self.put_response(self._authenticated(fields[-1]))
        elif self._trusted or name == b"QUIT":
            super()._process_command(fields)
        else:
            self.put_response(NO_PASSWORD)

    def _authenticated(self, password: bytes) -> Status | Failure:
        if password != self._store.password:
            return WRONG_PASSWORD
        self._trusted = True
        return Status("OK")

    def _greeting(self, words: list[bytes]) -> dict[bytes, Any] | Failure:
        """HELLO [protocol [AUTH user password] [SETNAME name]]."""
        options = [word.upper() for word in words]
        if words and words[0] not in (b"2", b"3"):
            return NO_PROTOCOL
        if b"AUTH" in options and len(words) > options.index(b"AUTH") + 2:
            answer = self._authenticated(words[options.index(b"AUTH") + 2])
            if isinstance(answer, Failure) and self._store.password:
                return answer
        if not self._trusted:
            return NO_PASSWORD
        if words:
            self._client_info["resp"] = int(words[0])
        if b"SETNAME" in options[:-1]:
            self._client_info["name"] = words[options.index(b"SETNAME") + 1].decode()
        return {
            b"server": b"redis",
            b"version": self._store.full_version.encode(),
            b"proto": self._client_info.protocol_version,
            b"id": self._client_info["id"],
            b"mode": b"standalone",
            b"role": b"master",
            b"modules": [],
        }

    def _decode_result(self, result: Any) -> Any:  # noqa: ANN401
        """Keep the difference between a simple and a bulk string, which the client libraries do not need."""
        return result

    def _blocking(
        self,
        timeout: float | None,
        func: Callable[[bool], Any],
        shape: Callable[[Any], Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """A command that waits goes on as a coroutine in `later`, for a task that the machine owns."""
        ready = func(True)
        if ready is not None or self._in_transaction:
            return ready if shape is None else shape(ready)
        event = asyncio.Event()
        self._db.add_change_callback(event.set)
        self._blocked = True
        self.pause()
        self.later.append(self._async_blocking(timeout, func, event, event.set, shape))
        return NoResponse()


def _converted(value: Any) -> Any:  # noqa: ANN401
    """fakeredis's own types as ours, in nested replies as well."""
    if isinstance(value, SimpleString):
        return Status(value.value.decode())
    if isinstance(value, SimpleError):
        return Failure(value.value)
    if isinstance(value, Exception):
        return Failure(f"ERR {value}")
    if isinstance(value, list | tuple):
        return [_converted(item) for item in value]
    if isinstance(value, dict):
        return {_converted(key): _converted(item) for key, item in value.items()}
    return value

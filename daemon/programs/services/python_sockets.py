"""Python's `socket` on the simulated network: servers and clients of TCP and of socket files, as one-liners write them."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from daemon.process.process import Process
from daemon.programs.services.python_values import Namespace, PyError, Value

_Call = Callable[..., Coroutine[Any, Any, Value]]
AF_UNIX, AF_INET, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR = 1, 2, 1, 1, 2
SHUTS = {"SHUT_RD": 0, "SHUT_WR": 1, "SHUT_RDWR": 2}
ERRORS = (
    BrokenPipeError,
    ConnectionRefusedError,
    ConnectionResetError,
    FileNotFoundError,
    PermissionError,
    TimeoutError,
)
"""Those that have a class of their own."""


def members(proc: Process) -> dict[str, Value]:
    """What the module holds."""
    return {
        **SHUTS,
        "AF_INET": AF_INET,
        "AF_UNIX": AF_UNIX,
        "SOCK_STREAM": SOCK_STREAM,
        "SOL_SOCKET": SOL_SOCKET,
        "SO_REUSEADDR": SO_REUSEADDR,
        "socket": lambda family=AF_INET, *_type: _Socket(proc, family).object,
        "gethostname": lambda: proc.machine.hostname,
        "gethostbyname": partial(_guarded, partial(_address_of, proc)),
    }


async def _address_of(proc: Process, name: str) -> str:
    try:
        return (await proc.resolve(name))[0]
    except OSError as error:
        raise PyError("OSError", f"[Errno {error.errno}] {error.strerror}") from None


async def _guarded(call: _Call, *arguments: Value) -> Value:
    try:
        return await call(*arguments)
    except OSError as error:
        kind = type(error).__name__ if isinstance(error, ERRORS) else "OSError"
        raise PyError(kind, f"[Errno {error.errno}] {error.strerror}") from None


class _Socket:
    """One socket; its descriptor comes with listen, connect or accept."""

    def __init__(self, proc: Process, family: int, fd: int = -1) -> None:
        self.proc = proc
        self.is_file = family == AF_UNIX
        self.fd = fd
        self.bound = ("0.0.0.0", 0)
        self.path = ""

    @property
    def object(self) -> Namespace:
        calls: dict[str, _Call] = {
            "listen": self.listen,
            "accept": self.accept,
            "connect": self.connect,
            "recv": self.recv,
            "sendall": self.sendall,
            "send": self.sendall,
        }
        plain: dict[str, Value] = {
            "bind": self.bind,
            "close": self.close,
            "shutdown": self.shutdown,
            "setsockopt": lambda *_option: None,
        }
        guarded = {name: partial(_guarded, call) for name, call in calls.items()}
        return Namespace("socket", plain | guarded)

    def bind(self, address: Value) -> None:
        if self.is_file:
            self.path = address
        else:
            self.bound = (address[0] or "0.0.0.0", address[1])

    async def listen(self, backlog: int = 128) -> None:
        if self.is_file:
            self.fd = await self.proc.listen_unix(self.path, backlog=backlog)
        else:
            host, port = self.bound
            self.fd = await self.proc.listen(port, host, backlog=backlog)

    async def accept(self) -> tuple[Namespace, Value]:
        fd = await self.proc.accept(self.fd)
        peer = _Socket(self.proc, AF_UNIX if self.is_file else AF_INET, fd)
        return peer.object, "" if self.is_file else self.proc.getpeername(fd)

    async def connect(self, address: Value) -> None:
        if self.is_file:
            self.fd = await self.proc.connect_unix(address)
        else:
            self.fd = await self.proc.connect(address[0], address[1])

    def shutdown(self, how: int) -> None:
        self.proc.shutdown(self.fd, how)

    async def recv(self, size: int) -> bytes:
        return await self.proc.read(self.fd, size)

    async def sendall(self, data: bytes) -> int:
        await self.proc.write(self.fd, data)
        return len(data)

    def close(self) -> None:
        if self.fd >= 0:
            self.proc.close(self.fd)
            self.fd = -1

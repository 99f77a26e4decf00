"""Python's `socket` on the simulated network: TCP servers and clients as one-liners write them."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from daemon.process.process import Process
from daemon.programs.services.python_values import Namespace, PyError, Value

_Call = Callable[..., Coroutine[Any, Any, Value]]
AF_INET, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR = 2, 1, 1, 2


def members(proc: Process) -> dict[str, Value]:
    """What the module holds."""
    return {
        "AF_INET": AF_INET,
        "SOCK_STREAM": SOCK_STREAM,
        "SOL_SOCKET": SOL_SOCKET,
        "SO_REUSEADDR": SO_REUSEADDR,
        "socket": lambda *_family_and_type: _Socket(proc).object,
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
        raise PyError("OSError", f"[Errno {error.errno}] {error.strerror}") from None


class _Socket:
    """One socket; its descriptor comes with listen, connect or accept."""

    def __init__(self, proc: Process, fd: int = -1) -> None:
        self.proc = proc
        self.fd = fd
        self.bound = ("0.0.0.0", 0)

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
            "setsockopt": lambda *_option: None,
        }
        guarded = {name: partial(_guarded, call) for name, call in calls.items()}
        return Namespace("socket", plain | guarded)

    def bind(self, address: tuple[str, int]) -> None:
        self.bound = (address[0] or "0.0.0.0", address[1])

    async def listen(self, backlog: int = 128) -> None:
        host, port = self.bound
        self.fd = await self.proc.listen(port, host, backlog=backlog)

    async def accept(self) -> tuple[Namespace, tuple[str, int]]:
        fd = await self.proc.accept(self.fd)
        return _Socket(self.proc, fd).object, self.proc.getpeername(fd)

    async def connect(self, address: tuple[str, int]) -> None:
        self.fd = await self.proc.connect(address[0], address[1])

    async def recv(self, size: int) -> bytes:
        return await self.proc.read(self.fd, size)

    async def sendall(self, data: bytes) -> int:
        await self.proc.write(self.fd, data)
        return len(data)

    def close(self) -> None:
        if self.fd >= 0:
            self.proc.close(self.fd)
            self.fd = -1

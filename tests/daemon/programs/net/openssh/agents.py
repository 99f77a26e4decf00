"""An agent for the tests: a program that answers at a socket file, and remembers what it was asked."""

import base64
import struct
from collections.abc import Callable, Coroutine
from typing import Any

from daemon.process.process import Process
from daemon.programs.net.openssh.wire import string

SOCKET = "/tmp/agent"
FAILURE, SUCCESS = b"\x05", b"\x06"

ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIKlSdComRTrCzk32dfLFTcd/C15Jag1/i0SL8TKQL2+P"
ECDSA = (
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBG7zfsgy5eyz9AgH3YfgO0qUlfvzo7h5NQSuHZMVY4fv"
    "HTspIr7PsFs0PoatVZQK3+weK9hPY48d/RBrq20tQx8="
)


class Agent:
    """Holds public keys by their comments; `answers` has what is said to other requests, by their first byte."""

    def __init__(self, **keys: str) -> None:
        self.keys = {comment: base64.b64decode(key) for comment, key in keys.items()}
        self.answers: dict[int, bytes] = {}
        self.requests: list[bytes] = []

    @property
    def identities(self) -> bytes:
        rows = [string(key) + string(comment.encode()) for comment, key in self.keys.items()]
        return b"\x0c" + struct.pack(">I", len(rows)) + b"".join(rows)

    @property
    def main(self) -> Callable[[Process], Coroutine[Any, Any, int]]:
        return self._main

    async def _main(self, proc: Process) -> int:
        listener = await proc.listen_unix(SOCKET)
        await proc.out("listening\n")
        while True:
            fd = await proc.accept(listener)
            while size := await proc.read(fd, 4):
                request = await proc.read(fd, int.from_bytes(size, "big"))
                self.requests.append(request)
                answer = self.answers.get(request[0], FAILURE)
                await proc.write(fd, string(self.identities if request[0] == 11 else answer))
            proc.close(fd)

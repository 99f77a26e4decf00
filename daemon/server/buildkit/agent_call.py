"""A connection to an agent of the client: the call ForwardAgent, whose messages are pieces of what is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grpclib.client import Stream
from grpclib.exceptions import GRPCError, StreamTerminatedError

from daemon.server.buildkit import wire_pb2 as wire

FORWARD_AGENT = "/moby.sshforward.v1.SSH/ForwardAgent"
SSH_ID = "buildkit.ssh.id"
DEFAULT_ID = "default"


class AgentCall:
    """AgentStream for the engine."""

    def __init__(self, call: Stream[Any, Any]) -> None:
        self._call = call
        self._ended = False

    async def begin(self) -> None:
        """Let the client connect."""
        with broken():
            await self._call.send_request()

    async def read(self) -> bytes:
        with broken():
            while (message := await self._call.recv_message()) is not None:
                if message.data:
                    return bytes(message.data)
            # Who answers a call ends it as a whole; only then is it known how it ended.
            await self.write_eof()
            await self._call.recv_trailing_metadata()
        return b""

    async def write(self, data: bytes) -> None:
        if self._ended:
            raise BrokenPipeError("the agent is gone")
        with broken():
            await self._call.send_message(wire.Bytes(data=data))

    async def write_eof(self) -> None:
        if not self._ended:
            self._ended = True
            with broken():
                await self._call.end()


@contextmanager
def broken() -> Iterator[None]:
    """The end of a call that was not to end is a ConnectionError: its caller knows no gRPC."""
    try:
        yield
    except (GRPCError, StreamTerminatedError) as error:
        raise ConnectionResetError(*error.args) from None

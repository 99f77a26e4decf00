"""A session inside a gRPC call, as bake opens the one that its targets share: each message is a piece of HTTP/2."""

from __future__ import annotations

from typing import Any

from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.server import Stream

from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.session import Session

UUID, SHARED_KEY, METHOD = (
    f"x-docker-expose-session-{name}" for name in ("uuid", "sharedkey", "grpc-method")
)


class CallStream:
    """The messages of a call as a stream of bytes."""

    def __init__(self, stream: Stream[Any, Any]) -> None:
        self._stream = stream

    async def read(self) -> bytes:
        try:
            while (message := await self._stream.recv_message()) is not None:
                if message.data:
                    return bytes(message.data)
        except (StreamTerminatedError, GRPCError):
            pass
        return b""

    async def write(self, data: bytes) -> None:
        try:
            await self._stream.send_message(wire.Bytes(data=data))
        except StreamTerminatedError:
            raise ConnectionResetError("the client is gone") from None

    def write_eof(self) -> None:
        """The call ends when its handler does."""


def called_session(stream: Stream[Any, Any]) -> Session:
    """The session that a call's metadata describes."""
    metadata = stream.metadata
    assert metadata is not None, "a call that is handled has metadata"
    methods = [str(method) for method in metadata.getall(METHOD, [])]
    return Session(str(metadata.get(UUID, "")), str(metadata.get(SHARED_KEY, "")), methods)

"""The session of a build: the daemon calls, the client serves files, secrets and credentials."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote

from google.protobuf.message import Message
from grpclib.client import Stream
from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from daemon.engine.build.client import AgentStream, Progress
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Mirror
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.agent_call import DEFAULT_ID, FORWARD_AGENT, SSH_ID, AgentCall, broken
from daemon.server.buildkit.file_sync import FilePuller, FileSender
from daemon.server.buildkit.transport import ByteStream, SessionChannel

FILE_SYNC = "/moby.filesync.v1.FileSync/DiffCopy"
FILE_SEND = "/moby.filesync.v1.FileSend/DiffCopy"
UPLOAD = "/moby.upload.v1.Upload/Pull"
SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
CHECK_SSH = "/moby.sshforward.v1.SSH/CheckAgent"
NOT_FORWARDED = 'no SSH key "{}" forwarded from the client'
CREDENTIALS = "/moby.filesync.v1.Auth/Credentials"
FETCH_TOKEN = "/moby.filesync.v1.Auth/FetchToken"
TOKEN_AUTHORITY = "/moby.filesync.v1.Auth/GetTokenAuthority"
CLIENT_ID = "buildkit-client"
CHUNK = 256 * 1024

Metadata = dict[str, str] | list[tuple[str, str]]
Reply = TypeVar("Reply", bound=Message)


class Session:
    """A connected client; BuildClient for the engine. `methods` are those that the client says it serves."""

    def __init__(self, id: str, shared_key: str, methods: Sequence[str]) -> None:
        self.id = id
        self.shared_key = shared_key
        self._methods = {method.lower() for method in methods}
        self._channel = SessionChannel()

    async def run(self, duplex: ByteStream) -> None:
        """Carry the session until the client leaves."""
        await self._channel.run(duplex)

    def serves(self, method: str) -> bool:
        return method.lower() in self._methods

    async def pull(
        self,
        name: str,
        into: Mirror,
        *,
        follow: Sequence[str] = (),
        exclude: Sequence[str] = (),
        progress: Progress = lambda _: None,
    ) -> None:
        metadata = [("dir-name", name)]
        metadata += _repeated("followpaths", follow) + _repeated("exclude-patterns", exclude)
        request = self._channel.request(
            FILE_SYNC,
            Cardinality.STREAM_STREAM,
            wire.Packet,
            wire.Packet,
            metadata=metadata,
        )
        async with _called(request) as stream:
            await FilePuller(self._channel, stream, into, progress).run()

    async def upload(self, path: str) -> AsyncIterator[bytes]:
        metadata = {"urlpath": path, "urlhost": "buildkit-session"}
        request = self._channel.request(
            UPLOAD, Cardinality.STREAM_STREAM, wire.Bytes, wire.Bytes, metadata=metadata
        )
        async with _called(request) as stream:
            await stream.send_request(end=True)
            async for message in stream:
                yield message.data

    async def secret(self, id: str) -> bytes | None:
        try:
            reply = await self._call(SECRET, wire.GetSecretRequest(id=id), wire.Bytes)
        except GRPCError as refusal:
            if refusal.status in (Status.NOT_FOUND, Status.UNIMPLEMENTED):
                return None
            raise
        return reply.data

    async def check_ssh(self, id: str) -> None:
        try:
            await self._call(CHECK_SSH, wire.CheckAgentRequest(id=id), wire.Empty)
        except GRPCError as refusal:
            unknown = refusal.status is Status.UNIMPLEMENTED
            raise LookupError(NOT_FORWARDED.format(id) if unknown else refusal.message) from None

    @asynccontextmanager
    async def ssh_agent(self, id: str) -> AsyncIterator[AgentStream]:
        request = self._channel.request(
            FORWARD_AGENT,
            Cardinality.STREAM_STREAM,
            wire.Bytes,
            wire.Bytes,
            metadata={SSH_ID: id or DEFAULT_ID},
        )
        with broken():
            async with _called(request) as stream:
                agent = AgentCall(stream)
                await agent.begin()
                yield agent

    async def credentials(self, host: str) -> tuple[str, str]:
        if not self.serves(CREDENTIALS):
            return "", ""
        request = wire.CredentialsRequest(host=host)
        reply = await self._call(CREDENTIALS, request, wire.CredentialsResponse)
        return reply.username, reply.secret

    async def token(self, host: str, realm: str, service: str, scopes: Sequence[str]) -> str | None:
        if not self.serves(FETCH_TOKEN) or not await self._is_token_authority(host):
            return None
        request = wire.FetchTokenRequest(
            client_id=CLIENT_ID, host=host, realm=realm, service=service, scopes=scopes
        )
        try:
            reply = await self._call(FETCH_TOKEN, request, wire.FetchTokenResponse)
        except GRPCError as refusal:
            raise LookupError(refusal.message) from None
        return reply.token

    async def _is_token_authority(self, host: str) -> bool:
        """A client can be told to leave tokens to the daemon; what else it signs them with is not asked for."""
        request = wire.GetTokenAuthorityRequest(host=host, salt=bytes(32))
        try:
            await self._call(TOKEN_AUTHORITY, request, wire.Empty)
        except GRPCError as refusal:
            if refusal.status in (Status.UNIMPLEMENTED, Status.UNAVAILABLE):
                return False
            raise
        return True

    async def send_tree(
        self, exporter: int, files: Filesystem, *, progress: Progress = lambda _: None
    ) -> None:
        request = self._channel.request(
            FILE_SEND,
            Cardinality.STREAM_STREAM,
            wire.Packet,
            wire.Packet,
            metadata=_exporter(exporter),
        )
        async with _called(request) as stream:
            await FileSender(self._channel, stream, files, progress).run()

    async def send_stream(self, exporter: int, chunks: AsyncGenerator[bytes, None]) -> None:
        request = self._channel.request(
            FILE_SEND,
            Cardinality.STREAM_STREAM,
            wire.Bytes,
            wire.Bytes,
            metadata=_exporter(exporter),
        )
        async with aclosing(chunks), _called(request) as stream:
            await stream.send_request()
            async for piece in joined(chunks, CHUNK):
                await stream.send_message(wire.Bytes(data=piece))
            await stream.end()
            await stream.recv_message()

    async def _call(self, method: str, request: Message, reply: type[Reply]) -> Reply:
        call = self._channel.request(method, Cardinality.UNARY_UNARY, type(request), reply)
        async with _called(call) as stream:
            await stream.send_message(request, end=True)
            answer = await stream.recv_message()
        assert isinstance(answer, reply)
        return answer


@asynccontextmanager
async def _called(call: Stream[Any, Any]) -> AsyncIterator[Stream[Any, Any]]:
    """The stream of a call. If the client goes, that is a new error: grpclib keeps its own, with all its frames."""
    try:
        async with call as stream:
            yield stream
    except StreamTerminatedError as error:
        error.__traceback__ = error.__context__ = None
        raise StreamTerminatedError(*error.args) from None


async def joined(chunks: AsyncGenerator[bytes, None], size: int) -> AsyncIterator[bytes]:
    """The same bytes in pieces of at least that size, but for the last: a message costs more than what is in it."""
    waiting, held = [], 0
    async for chunk in chunks:
        waiting.append(chunk)
        held += len(chunk)
        if held >= size:
            yield b"".join(waiting)
            waiting, held = [], 0
    if held:
        yield b"".join(waiting)


def _exporter(number: int) -> Metadata:
    return {"buildkit-attachable-exporter-id": str(number)}


def _repeated(key: str, values: Sequence[str]) -> list[tuple[str, str]]:
    """One metadata entry a value; if any is not ASCII all are escaped, and marked so."""
    if all(value.isascii() for value in values):
        return [(key, value) for value in values]
    return [(key, quote(value)) for value in values] + [(f"{key}-encoded", "1")]

"""The Control, LLBBridge and Content services: gRPC calls in, build jobs behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

from google.protobuf.message import Message
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from api_schema.go_time import go_time
from daemon.engine.build.cache_usage import pruned, usages
from daemon.engine.build.job import Exporter, Job
from daemon.engine.build.jobs import Builds
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.cache_filters import check, chosen, matches
from daemon.server.buildkit.messages import (
    history_record,
    status_response,
    usage_record,
)
from daemon.server.buildkit.references import definition, result_of
from daemon.server.buildkit.refusals import as_grpc, bare, refusal
from daemon.server.buildkit.session import Session
from daemon.server.buildkit.session_call import CallStream, called_session
from daemon.server.buildkit.sessions import Sessions
from daemon.server.buildkit.worker import CAPS, LLB_CAPS, VERSION, worker

CONTROL = "/moby.buildkit.v1.Control/"
BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge/"
CONTENT = "/containerd.services.content.v1.Content/"
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/"
BUILD_ID = "buildkit-controlapi-buildid"
FIND_JOB_SECONDS = 6.0
FIND_SESSION_SECONDS = 5.0
Unary = Callable[[Any, Stream[Any, Any]], Awaitable[Message]]
Streaming = Callable[[Any, Stream[Any, Any]], AsyncIterator[Message]]


class Row(NamedTuple):
    """One call: its path, the method of Services that answers it, and its messages."""

    path: str
    method: str
    request: type[Message]
    reply: type[Message]


UNARY = (
    Row(CONTROL + "ListWorkers", "list_workers", wire.ListWorkersRequest, wire.ListWorkersResponse),
    Row(CONTROL + "Info", "info", wire.Empty, wire.InfoResponse),
    Row(CONTROL + "Solve", "solve", wire.ControlSolveRequest, wire.ControlSolveResponse),
    Row(CONTROL + "DiskUsage", "disk_usage", wire.DiskUsageRequest, wire.DiskUsageResponse),
    Row(
        CONTROL + "UpdateBuildHistory", "update_history", wire.UpdateBuildHistoryRequest, wire.Empty
    ),
    Row(BRIDGE + "Ping", "ping", wire.Empty, wire.PongResponse),
    Row(BRIDGE + "Solve", "bridge_solve", wire.BridgeSolveRequest, wire.BridgeSolveResponse),
    Row(BRIDGE + "Evaluate", "evaluate", wire.EvaluateRequest, wire.Empty),
    Row(BRIDGE + "Return", "bridge_return", wire.ReturnRequest, wire.Empty),
    Row(CONTENT + "Info", "content_info", wire.ContentInfoRequest, wire.ContentInfoResponse),
    Row(TRACES + "Export", "swallow", wire.Empty, wire.Empty),
)
STREAMS = (
    Row(CONTROL + "Status", "status", wire.StatusRequest, wire.StatusResponse),
    Row(CONTROL + "Prune", "prune", wire.PruneRequest, wire.UsageRecord),
    Row(
        CONTROL + "ListenBuildHistory", "history", wire.BuildHistoryRequest, wire.BuildHistoryEvent
    ),
    Row(CONTENT + "Read", "content_read", wire.ReadContentRequest, wire.ReadContentResponse),
)


class Services:
    """Everything that a client may call on /grpc; a method that is not here is UNIMPLEMENTED, as at the engine."""

    def __init__(self, builds: Builds, sessions: Sessions) -> None:
        self.builds = builds
        self.sessions = sessions

    def __mapping__(self) -> dict[str, Handler]:
        unary = {
            row.path: Handler(
                _unary(getattr(self, row.method)), Cardinality.UNARY_UNARY, row.request, row.reply
            )
            for row in UNARY
        }
        streams = {
            row.path: Handler(
                _streaming(getattr(self, row.method)),
                Cardinality.UNARY_STREAM,
                row.request,
                row.reply,
            )
            for row in STREAMS
        }
        session = Handler(self.session, Cardinality.STREAM_STREAM, wire.Bytes, wire.Bytes)
        return {CONTROL + "Session": session, **unary, **streams}

    # --- Control

    async def list_workers(self, _: wire.ListWorkersRequest, __: Stream[Any, Any]) -> Message:
        return wire.ListWorkersResponse(record=[worker(self.builds.id)])

    async def info(self, _: wire.Empty, __: Stream[Any, Any]) -> Message:
        return wire.InfoResponse(buildkit_version=VERSION)

    async def solve(self, request: wire.ControlSolveRequest, _: Stream[Any, Any]) -> Message:
        exporters = [Exporter(e.type, dict(e.attrs)) for e in request.exporters]
        if not exporters and request.exporter_deprecated:
            attributes = dict(request.exporter_attrs_deprecated)
            exporters = [Exporter(request.exporter_deprecated, attributes)]
        attributes = dict(request.frontend_attrs)
        job = await self.builds.begin(
            request.ref,
            attributes,
            exporters,
            internal=request.internal,
            entitlements=request.entitlements,
        )
        job.session = request.session
        job.inline_cache = any(entry.type == "inline" for entry in request.cache.exports)
        with as_grpc(job):
            response = await self.builds.finish(job, lambda: self._session(job.session))
        return wire.ControlSolveResponse(exporter_response=response)

    async def session(self, stream: Stream[Any, Any]) -> None:
        await stream.send_initial_metadata()
        await self.sessions.carry(called_session(stream), CallStream(stream))

    async def _session(self, id: str) -> Session:
        try:
            async with self.builds.clock.timeout(FIND_SESSION_SECONDS):
                return await self.sessions.wait(id)
        except TimeoutError:
            text = f"no active session for {id}: context deadline exceeded"
            raise GRPCError(Status.DEADLINE_EXCEEDED, text) from None

    async def status(
        self, request: wire.StatusRequest, stream: Stream[Any, Any]
    ) -> AsyncIterator[Message]:
        job = await self._job(request.ref, "")
        now = go_time(self.builds.clock.now())
        await stream.send_initial_metadata(metadata={"buildkit-current-timestamp": now})
        async for batch in job.progress.follow():
            yield status_response(batch)

    async def disk_usage(self, request: wire.DiskUsageRequest, _: Stream[Any, Any]) -> Message:
        check(request.filter, "diskusage")
        found = [
            usage
            for usage in usages(self.builds.cache)
            if all(matches(usage, text) for text in request.filter)
        ]
        return wire.DiskUsageResponse(record=[usage_record(usage) for usage in found])

    async def prune(
        self, request: wire.PruneRequest, _: Stream[Any, Any]
    ) -> AsyncIterator[Message]:
        cache = self.builds.cache
        for usage in pruned(cache, chosen(cache, request)):
            yield usage_record(usage)

    async def history(
        self, request: wire.BuildHistoryRequest, _: Stream[Any, Any]
    ) -> AsyncIterator[Message]:
        if request.ref in self.builds.deleted:
            text = f"ref {request.ref} is deleted: file does not exist"
            raise GRPCError(Status.UNKNOWN, text)
        async for kind, job in self.builds.history(
            request.ref,
            active=request.active_only,
            follow=not request.early_exit,
            limit=request.limit,
        ):
            yield wire.BuildHistoryEvent(type=kind, record=history_record(self.builds, job))

    async def update_history(
        self, request: wire.UpdateBuildHistoryRequest, _: Stream[Any, Any]
    ) -> Message:
        if request.delete:
            await self.builds.forget(request.ref)
        else:
            job = await self._job(request.ref, "", seconds=0)
            job.pinned = request.pinned
        return wire.Empty()

    # --- LLBBridge

    async def _job(self, ref: str, prefix: str, seconds: float = FIND_JOB_SECONDS) -> Job:
        try:
            return await self.builds.find(ref, seconds)
        except LookupError as missing:
            raise GRPCError(Status.NOT_FOUND, f"{prefix}{missing.args[0]}") from None

    async def _called_job(self, stream: Stream[Any, Any], method: str) -> Job:
        """The job that a bridge call belongs to, by its metadata."""
        ref = stream.metadata.get(BUILD_ID) if stream.metadata else None
        if not ref:
            raise GRPCError(Status.UNKNOWN, f"forwarding {method}: no buildid found in context")
        return await self._job(str(ref), f"forwarding {method}: ", seconds=3.0)

    async def ping(self, _: wire.Empty, stream: Stream[Any, Any]) -> Message:
        await self._called_job(stream, "Ping")
        return wire.PongResponse(
            frontend_caps=CAPS, llb_caps=LLB_CAPS, workers=[worker(self.builds.id)]
        )

    async def bridge_solve(
        self, request: wire.BridgeSolveRequest, stream: Stream[Any, Any]
    ) -> Message:
        job = await self._called_job(stream, "Solve")
        if request.frontend not in ("dockerfile.v0", "gateway.v0"):
            raise GRPCError(Status.UNKNOWN, f"frontend {request.frontend} not found")
        session = await self._session(job.session)
        with as_grpc(job):
            inputs = {name: result_of(given) for name, given in request.frontend_inputs.items()}
            options = dict(request.frontend_opt)
            identity, metadata = await self.builds.prepare(job, options, session, inputs)
        ref = wire.Ref(id=identity, definition=definition(identity) if identity else None)
        result = wire.Result(ref=ref, metadata=metadata)
        return wire.BridgeSolveResponse(result=result)

    async def evaluate(self, request: wire.EvaluateRequest, stream: Stream[Any, Any]) -> Message:
        job = await self._called_job(stream, "Evaluate")
        with as_grpc(job):
            await self.builds.evaluate(job, request.ref, await self._session(job.session))
        return wire.Empty()

    async def bridge_return(self, request: wire.ReturnRequest, stream: Stream[Any, Any]) -> Message:
        job = await self._called_job(stream, "Return")
        if not job.returned.done():
            if request.HasField("error"):
                job.returned.set_exception(refusal(request.error))
            else:
                job.returned.set_result(request.result.ref.id)
        return wire.Empty()

    # --- content of history records

    async def content_info(self, request: wire.ContentInfoRequest, _: Stream[Any, Any]) -> Message:
        data = self._blob(request.digest)
        info = wire.ContentInfo(digest=request.digest, size=len(data))
        return wire.ContentInfoResponse(info=info)

    async def content_read(
        self, request: wire.ReadContentRequest, _: Stream[Any, Any]
    ) -> AsyncIterator[Message]:
        data = self._blob(request.digest)
        end = request.offset + request.size if request.size else len(data)
        yield wire.ReadContentResponse(offset=request.offset, data=data[request.offset : end])

    def _blob(self, digest: str) -> bytes:
        data = self.builds.blobs.get(digest)
        if data is None:
            raise GRPCError(Status.NOT_FOUND, f"content {digest}: not found")
        return data

    async def swallow(self, _: wire.Empty, __: Stream[Any, Any]) -> Message:
        return wire.Empty()


def _unary(method: Unary) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    async def call(stream: Stream[Any, Any]) -> None:
        request = await stream.recv_message()
        with as_grpc():
            reply = await bare(method(request, stream))
        await stream.send_message(reply)

    return call


def _streaming(method: Streaming) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    async def call(stream: Stream[Any, Any]) -> None:
        request = await stream.recv_message()
        with as_grpc():
            async for message in method(request, stream):
                await stream.send_message(message)

    return call

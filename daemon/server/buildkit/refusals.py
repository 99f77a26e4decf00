"""A build's failures as gRPC statuses, with the details that make the client print the Dockerfile's lines."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from daemon.engine.build.jobs import Job
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.errors import DockerError
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.transport import json_detail


@contextmanager
def as_grpc(job: Job) -> Iterator[None]:
    """Mistakes of the Dockerfile and refusals of the engine; UNKNOWN lets the client print the bare message."""
    try:
        yield
    except DockerfileError as problem:
        raise GRPCError(Status.UNKNOWN, problem.message, source_details(job, problem)) from None
    except DockerError as problem:
        raise GRPCError(Status.UNKNOWN, str(problem)) from None


def source_details(job: Job, problem: DockerfileError) -> list[tuple[str, bytes]]:
    """The Dockerfile and the lines to mark in it."""
    if problem.lines is None:
        return []
    name, data = job.dockerfile
    start, end = problem.lines
    source = {
        "info": {"filename": name, "data": base64.b64encode(data).decode()},
        "ranges": [{"start": {"line": start}, "end": {"line": end}}],
    }
    return [json_detail("errdefs.Source", json.dumps(source).encode())]


def refusal(status: wire.RpcStatus) -> GRPCError:
    """What a client returned as its frontend's error, to be given back with its details."""
    details = [(detail.type_url, detail.value) for detail in status.details]
    return GRPCError(Status(status.code), status.message, details)


def rpc_status(error: BaseException) -> wire.RpcStatus:
    """An error as a record of the build history holds it."""
    if isinstance(error, GRPCError):
        return wire.RpcStatus(code=error.status.value, message=error.message or "")
    if isinstance(error, DockerfileError):
        return wire.RpcStatus(code=Status.UNKNOWN.value, message=error.message)
    return wire.RpcStatus(code=Status.CANCELLED.value, message="context canceled")

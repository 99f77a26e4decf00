"""A build's failures as gRPC statuses, with the details that make the client print the Dockerfile's lines."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from daemon.engine.build.job import Job
from daemon.engine.build.step_failures import StepFailed
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.errors import DockerError
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.transport import json_detail

CANCELED = "context canceled"
T = TypeVar("T")
logger = logging.getLogger(__name__)


@contextmanager
def as_grpc(job: Job | None = None) -> Iterator[None]:
    """Every failure as a status with a message; UNKNOWN lets the client print the bare message."""
    try:
        yield
    except (GRPCError, asyncio.CancelledError):
        raise
    except Exception as problem:
        raise _status(_first(problem), job) from problem


async def bare(call: Awaitable[T]) -> T:
    """What a call returns, or raises, without the frames that the error went through: they hold what a build held, and
    grpclib keeps the end of a call whose connection is lost, in a cycle."""
    try:
        return await call
    except BaseException as problem:
        end = problem
    end.__context__ = end.__cause__ = None
    try:
        raise end.with_traceback(None)
    finally:
        del end


def _first(problem: Exception) -> Exception:
    """The first failure of a group of tasks, however deep."""
    while isinstance(problem, ExceptionGroup):
        problem = problem.exceptions[0]
    return problem


def _status(problem: Exception, job: Job | None) -> GRPCError:
    match problem:
        case GRPCError():
            return problem
        case DockerfileError():
            details = source_details(job, problem) if job else []
            return GRPCError(Status.UNKNOWN, problem.message, details)
        case DockerError():
            return GRPCError(Status.UNKNOWN, str(problem))
        case ConnectionError() | StreamTerminatedError():
            return GRPCError(Status.CANCELLED, CANCELED)
    logger.exception("a build failed in the daemon itself", exc_info=problem)
    return GRPCError(Status.UNKNOWN, f"{type(problem).__name__}: {problem}")


def source_details(job: Job, problem: DockerfileError) -> list[tuple[str, bytes]]:
    """The Dockerfile and the lines to mark in it."""
    if problem.lines is None:
        return []
    name, data = problem.source or job.dockerfile
    start, end = problem.lines
    source = {
        "info": {"filename": name, "data": base64.b64encode(data).decode()},
        "ranges": [
            {"start": {"line": line}, "end": {"line": line}} for line in range(start, end + 1)
        ],
    }
    return [json_detail("errdefs.Source", json.dumps(source).encode())]


def history_details(job: Job, error: BaseException) -> list[tuple[str, bytes]]:
    """What the history knows of a failure besides its message: the step, whose output clients show, and the lines."""
    if isinstance(error, GRPCError):
        return list(error.details or ())
    if not isinstance(error, DockerfileError):
        return []
    step = {"digest": error.vertex} if isinstance(error, StepFailed) and error.vertex else None
    named = [json_detail("errdefs.Vertex", json.dumps(step).encode())] if step else []
    return [*named, *source_details(job, error)]


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
    return wire.RpcStatus(code=Status.CANCELLED.value, message=CANCELED)

"""What the engine knows of builds, as BuildKit's messages."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.timestamp_pb2 import Timestamp

from daemon.engine.build.cache_usage import Usage
from daemon.engine.build.job import Job
from daemon.engine.build.jobs import Builds
from daemon.engine.build.progress import Log, Transfer, Update, Vertex, Warning
from daemon.engine.build.provenance import MEDIA_TYPE, PREDICATE, Document
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.refusals import history_details, rpc_status

STATUS_TYPE = "application/vnd.googeapis.google.rpc.status+proto"
"""BuildKit's own spelling."""
IMAGE_TYPE = "application/vnd.docker.container.image.v1+json"


def timestamp(nanoseconds: int | None) -> Timestamp | None:
    if nanoseconds is None:
        return None
    return Timestamp(seconds=nanoseconds // 1_000_000_000, nanos=nanoseconds % 1_000_000_000)


def status_response(updates: Iterable[Update]) -> wire.StatusResponse:
    """A batch of progress."""
    response = wire.StatusResponse()
    for update in updates:
        if isinstance(update, Vertex):
            response.vertexes.append(_vertex(update))
        elif isinstance(update, Transfer):
            response.statuses.append(_transfer(update))
        elif isinstance(update, Log):
            response.logs.append(_log(update))
        else:
            response.warnings.append(_warning(update))
    return response


def _vertex(vertex: Vertex) -> wire.Vertex:
    return wire.Vertex(
        digest=vertex.digest,
        inputs=vertex.inputs,
        name=vertex.name,
        cached=vertex.cached,
        started=timestamp(vertex.started),
        completed=timestamp(vertex.completed),
        error=vertex.error,
    )


def _transfer(line: Transfer) -> wire.VertexStatus:
    return wire.VertexStatus(
        id=line.id,
        vertex=line.vertex,
        name=line.name,
        current=line.current,
        total=line.total,
        timestamp=timestamp(line.timestamp),
        started=timestamp(line.started),
        completed=timestamp(line.completed),
    )


def _log(log: Log) -> wire.VertexLog:
    return wire.VertexLog(
        vertex=log.vertex, timestamp=timestamp(log.timestamp), stream=log.stream, msg=log.data
    )


def _warning(warning: Warning) -> wire.VertexWarning:
    start, end = warning.lines
    return wire.VertexWarning(
        vertex=warning.vertex,
        level=1,
        short=warning.short.encode(),
        detail=[warning.detail.encode()],
        url=warning.url,
        info=wire.SourceInfo(filename=warning.filename, data=warning.source, language="Dockerfile"),
        ranges=[
            wire.Range(start=wire.Position(line=line), end=wire.Position(line=line))
            for line in range(start, end + 1)
        ],
    )


def usage_record(usage: Usage) -> wire.UsageRecord:
    """One line of `docker buildx du`."""
    return wire.UsageRecord(
        id=usage.id,
        mutable=usage.mutable,
        in_use=usage.in_use,
        size=usage.size,
        created_at=timestamp(usage.created),
        last_used_at=timestamp(usage.last_used),
        usage_count=usage.usage_count,
        description=usage.description,
        record_type=usage.kind,
        shared=usage.shared,
        parents=usage.parents,
    )


def history_record(builds: Builds, job: Job) -> wire.BuildHistoryRecord:
    """A job as `docker buildx history` shows it."""
    vertexes = job.progress.vertexes.values()
    record = wire.BuildHistoryRecord(
        ref=job.ref,
        frontend_attrs=dict(job.attributes),
        exporters=[
            wire.Exporter(type="image" if e.type == "moby" else e.type, attrs=dict(e.attributes))
            for e in job.exporters
        ],
        created_at=timestamp(job.created),
        completed_at=timestamp(job.completed),
        exporter_response=job.response,
        pinned=job.pinned,
        num_cached_steps=sum(vertex.cached for vertex in vertexes),
        num_total_steps=len(vertexes),
        num_completed_steps=sum(vertex.completed is not None for vertex in vertexes),
        num_warnings=len(job.progress.warnings),
    )
    if job.error is not None:
        record.error.CopyFrom(rpc_status(job.error))
        record.external_error.CopyFrom(_external_error(builds, job, job.error))
    if job.attestation is not None:
        record.result.CopyFrom(_result(builds, job, job.attestation))
    return record


def _external_error(builds: Builds, job: Job, error: BaseException) -> wire.Descriptor:
    """The same error with its step and the Dockerfile's lines, as content that the client reads by digest."""
    status = rpc_status(error)
    status.details.extend(
        wire.Any(type_url=kind, value=value) for kind, value in history_details(job, error)
    )
    document = Document(status.SerializeToString())
    builds.keep(job, document)
    return wire.Descriptor(media_type=STATUS_TYPE, digest=document.digest, size=len(document.data))


def _result(builds: Builds, job: Job, attestation: Document) -> wire.BuildResultInfo:
    """What came out, and where it came from."""
    found = wire.BuildResultInfo(
        attestations=[
            wire.Descriptor(
                media_type=MEDIA_TYPE,
                digest=attestation.digest,
                size=len(attestation.data),
                annotations={"in-toto.io/predicate-type": PREDICATE},
            )
        ]
    )
    if image := job.response.get("containerimage.config.digest"):
        size = len(builds.blobs.get(image, b""))
        descriptor = wire.Descriptor(media_type=IMAGE_TYPE, digest=image, size=size)
        found.results[0].CopyFrom(descriptor)
    return found

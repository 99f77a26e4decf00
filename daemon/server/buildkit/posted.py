"""BuildKit's builds that come as `POST /build?version=2`: one request, and what Control/Status tells in its stream."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import IO, Any, cast

from grpclib.exceptions import GRPCError

from api_schema.oci import Reference
from daemon.engine.build.client import BuildClient
from daemon.engine.build.exporting import IMAGE
from daemon.engine.build.fetched_context import UPLOAD_HOST
from daemon.engine.build.frontend_attributes import frontend_attributes
from daemon.engine.build.job import Exporter, Job
from daemon.engine.build.jobs import HOST_NETWORK, Builds
from daemon.engine.build.no_session import NoSession
from daemon.engine.build.posted_options import PostedOptions
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.images.progress import Emit, Message, messages
from daemon.errors import System
from daemon.server.buildkit.messages import status_response
from daemon.server.buildkit.refusals import CANCELED, as_grpc
from daemon.server.buildkit.sessions import Sessions
from daemon.server.buildkit.upload_requests import REMOTE, UploadRequests
from daemon.tasks import Tasks

TRACE, IMAGE_ID = "moby.buildkit.trace", "moby.image.id"
CLIENT_SESSION = "client-session"
FIND_SESSION_SECONDS = 5.0
INLINE_CACHE = "BUILDKIT_INLINE_CACHE"
_TRUE = ("1", "t", "T", "true", "TRUE", "True")


class PostedBuilds:
    """All such builds of a daemon. A client that goes away cancels its own."""

    def __init__(self, builds: Builds, sessions: Sessions, gateway: Callable[[], str]) -> None:
        """`gateway` is what `host-gateway` stands for."""
        self.builds = builds
        self.sessions = sessions
        self.gateway = gateway
        self.uploads = UploadRequests(builds.clock)
        self._tasks = Tasks("posted builds")
        self._named: dict[str, asyncio.Task[str | None]] = {}

    async def close(self) -> None:
        await self._tasks.close()

    def cancel(self, build_id: str) -> None:
        """End the build that its client gave this id; one that is not there has ended already."""
        if build_id in self._named:
            self._named[build_id].cancel()

    async def build(
        self, options: PostedOptions, tags: Sequence[Reference], sent: IO[bytes]
    ) -> AsyncIterator[Message]:
        """The build's stream. What is wrong with the request itself is raised at once."""
        if options.remote == REMOTE and options.build_id:
            sent.close()
            sent = await self.uploads.take(options.build_id)
            options = replace(options, remote="")
        try:
            job = await self._begin(options, tags)
        except BaseException:
            sent.close()
            raise

        async def work(emit: Emit) -> None:
            try:
                await self._work(job, options, sent, emit)
            finally:
                sent.close()

        return messages(self._tasks, work, "posted build")

    async def _begin(self, options: PostedOptions, tags: Sequence[Reference]) -> Job:
        context = options.remote or f"http://{UPLOAD_HOST}/"
        if context == CLIENT_SESSION:
            context = ""
        attributes = frontend_attributes(options, self.gateway(), context)
        uses_host = attributes.get("force-network-mode") == "host"
        try:
            job = await self.builds.begin(
                self.builds.ids.identity(),
                attributes,
                [_exporter(options, tags)],
                internal=False,
                entitlements=[HOST_NETWORK] if uses_host else [],
            )
        except DockerfileError as refusal:
            raise System(refusal.message) from None
        job.session = options.session
        job.inline_cache = options.args.get(INLINE_CACHE) in _TRUE
        return job

    async def _work(self, job: Job, options: PostedOptions, sent: IO[bytes], emit: Emit) -> None:
        kept: list[Message] = []
        say = kept.append if options.quiet else emit
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell(job, say))
            building = group.create_task(self._outcome(job, sent))
            if options.build_id:
                self._named[options.build_id] = building
                building.add_done_callback(lambda _: self._named.pop(options.build_id, None))
        failure = building.result()
        if failure is not None:
            for message in kept:
                emit(message)
            emit({"errorDetail": {"message": failure}, "error": failure})
            return
        image = job.response.get("containerimage.digest", "")
        if image:
            say({"id": IMAGE_ID, "aux": {"ID": image}})
        if options.quiet:
            emit({"stream": f"{image}\n"})

    async def _tell(self, job: Job, say: Emit) -> None:
        async for batch in job.progress.follow():
            data = status_response(batch).SerializeToString()
            say({"id": TRACE, "aux": base64.b64encode(data).decode()})

    async def _outcome(self, job: Job, sent: IO[bytes]) -> str | None:
        """Build; what went wrong, None if nothing did."""
        try:
            with as_grpc(job):
                await self.builds.solve(job, await self._client(job, sent))
        except GRPCError as refusal:
            return refusal.message or ""
        except asyncio.CancelledError:
            return CANCELED
        return None

    async def _client(self, job: Job, sent: IO[bytes]) -> BuildClient:
        """The session that the request names, which may yet have to connect; or none."""
        if not job.session:
            return NoSession(sent)
        try:
            async with self.builds.clock.timeout(FIND_SESSION_SECONDS):
                session = await self.sessions.wait(job.session)
        except TimeoutError:
            return NoSession(sent, job.session)
        return cast("BuildClient", _WithContext(session, sent))


class _WithContext:
    """A session, but for the context, which came in the request's body."""

    def __init__(self, session: BuildClient, sent: IO[bytes]) -> None:
        self._session = session
        self._sent = NoSession(sent)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._session, name)

    def upload(self, path: str) -> AsyncIterator[bytes]:
        return self._sent.upload(path)


def _exporter(options: PostedOptions, tags: Sequence[Reference]) -> Exporter:
    if len(options.outputs) > 1:
        raise System("multiple outputs not supported")
    exporter = Exporter(IMAGE, {})
    for output in options.outputs:
        # `cacheonly` names no exporter, which the engine then cannot find.
        kind = "" if output.type == "cacheonly" else output.type
        exporter = Exporter(kind, output.attributes)
    if exporter.type == IMAGE and tags:
        names = ",".join(str(tag) for tag in tags)
        exporter = Exporter(IMAGE, {**exporter.attributes, "name": names})
    return exporter

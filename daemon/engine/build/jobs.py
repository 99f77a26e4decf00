"""BuildKit's builds: each a job with a reference of the client's, prepared by the frontend, then evaluated and exported."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from enum import IntEnum

from api_schema.oci import HistoryEntry
from daemon.clock import Clock
from daemon.engine.build import operations as ops
from daemon.engine.build import subrequests
from daemon.engine.build.cache import Cache
from daemon.engine.build.cache_imports import look_up, parse_imports
from daemon.engine.build.checks import Checks, Finding, Settings
from daemon.engine.build.client import BuildClient
from daemon.engine.build.dockerfile_source import definition
from daemon.engine.build.evaluator import Evaluator, Runner, Snapshot
from daemon.engine.build.export import dated_history
from daemon.engine.build.exporting import Exports, check_exporters
from daemon.engine.build.fetched_context import FetchedContext, is_fetched
from daemon.engine.build.git.inputs import GitContext, GitInputs
from daemon.engine.build.git.repositories import Repositories
from daemon.engine.build.graph import Graph
from daemon.engine.build.job import Exporter, Job, Prepared
from daemon.engine.build.llb import Sources
from daemon.engine.build.local import Locals
from daemon.engine.build.mounting import mounted
from daemon.engine.build.options import Options, check
from daemon.engine.build.planner import Planner
from daemon.engine.build.progress import Progress, Warning
from daemon.engine.build.provenance import Document, Found, Invocation, provenance
from daemon.engine.build.remotes import Remotes
from daemon.engine.build.resolving import Bases, Resolver
from daemon.engine.build.sources import Sources as Folders
from daemon.engine.build.url_inputs import UrlInputs
from daemon.engine.build.vertexes import Vertexes
from daemon.engine.dockerfile import source as lines
from daemon.engine.dockerfile.errors import DockerfileError, first
from daemon.engine.images.service import Images, parse_reference
from daemon.fs.memory import MemoryTree
from daemon.fs.mirror import MirrorTree
from daemon.ids import Ids

HOST_NETWORK = "network.host"
REFUSED_ENTITLEMENTS = ("security.insecure", "device")
ENTITLEMENTS = (HOST_NETWORK, *REFUSED_ENTITLEMENTS)
KEPT_PROBES = 64
"""Ended internal builds that a late Status still finds; a client asks for Status and Solve at once, in any order."""
FRONTENDS = (
    "docker.io/docker/dockerfile",
    "docker.io/docker/dockerfile-upstream",
    "docker.io/docker.io/docker/dockerfile",
)


class Event(IntEnum):
    """What the history tells of a build; the values are BuildKit's."""

    STARTED = 0
    COMPLETE = 1
    DELETED = 2


class Builds:
    """All jobs of a daemon, running ones and history."""

    def __init__(
        self,
        id: str,
        images: Images,
        cache: Cache,
        runner: Runner,
        clock: Clock,
        ids: Ids,
        repositories: Repositories,
    ) -> None:
        self.id = id
        """The worker's: the daemon's own."""
        self.repositories = repositories
        self.images = images
        self.cache = cache
        self.runner = runner
        self.bases = Bases(images, clock)
        self.exports = Exports(images, clock)
        cache.has_image = images.store.has_chain
        self.clock = clock
        self.ids = ids
        self.vertexes = Vertexes(clock)
        self.jobs: dict[str, Job] = {}
        self.blobs: dict[str, bytes] = {}
        """Content that history records name by digest."""
        self.deleted: set[str] = set()
        """References of builds that somebody removed from the history."""
        self._probes: deque[str] = deque()
        self._changed = asyncio.Condition()

    async def close(self) -> None:
        """Cancel what builds still work on."""
        await self.vertexes.close()

    async def begin(
        self,
        ref: str,
        attributes: Mapping[str, str],
        exporters: Sequence[Exporter],
        *,
        internal: bool,
        entitlements: Sequence[str] = (),
    ) -> Job:
        """A new job; whoever waits for the reference hears of it."""
        check_exporters(exporters)
        check_entitlements(entitlements)
        returned: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        progress = Progress(self.clock, ref)
        job = Job(ref, attributes, exporters, progress, self.clock.now(), returned, internal)
        job.entitlements = tuple(entitlements)
        async with self._changed:
            self.jobs[ref] = job
            self._changed.notify_all()
        return job

    async def find(self, ref: str, seconds: float) -> Job:
        """The job, once it exists; LookupError `no such job REF` after `seconds`."""
        try:
            async with self.clock.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: ref in self.jobs)
        except TimeoutError:
            raise LookupError(f"no such job {ref}") from None
        return self.jobs[ref]

    async def prepare(
        self,
        job: Job,
        attributes: Mapping[str, str],
        client: BuildClient,
        inputs: Mapping[str, str] | None = None,
    ) -> tuple[str, dict[str, bytes]]:
        """Read and plan the Dockerfile: the id of what `finish` will carry out, and the frontend's metadata.

        `inputs` are such ids of other builds, by the names that contexts use. DockerfileError if the file is wrong.
        """
        job.inputs = dict(inputs or {})
        check(attributes)
        options = Options.parse(attributes)
        urls = UrlInputs(self.images.registry.download, job.progress, self.cache)
        remotes = Remotes(urls, GitInputs(self.repositories, client, job.progress))
        local = self._locals(job, options, client, remotes.git)
        data = await local.dockerfile()
        if options.request not in ("", *subrequests.KNOWN):
            text = f"unsupported request {options.request}"
            raise DockerfileError(f"{text}: {text}")
        job.dockerfile = (local.filename, data)
        try:
            return await self._answer(job, options, local, remotes, data)
        except DockerfileError as problem:
            if options.request:
                problem.lines = None  # Who only asks is shown no lines.
            raise

    async def _answer(
        self, job: Job, options: Options, local: Locals, remotes: Remotes, data: bytes
    ) -> tuple[str, dict[str, bytes]]:
        if options.request == subrequests.TARGETS:
            return "", subrequests.targets(data)
        if options.request == subrequests.CHECK:
            return "", await self._checked(job, options, local, data)
        planner, plan = await self._plan(job, options, local, data)
        if options.request == subrequests.OUTLINE:
            return "", subrequests.outline(planner, plan, data)
        if plan.uses_host_network and HOST_NETWORK not in job.entitlements:
            raise DockerfileError(f"failed to load LLB: {HOST_NETWORK} is not allowed")
        identity = self.ids.identity()
        job.prepared[identity] = Prepared(options, plan, local, remotes)
        return identity, {}

    async def _plan(
        self, job: Job, options: Options, local: Locals, data: bytes, checks: Checks | None = None
    ) -> tuple[Planner, ops.Plan]:
        """The Dockerfile's plan; its findings are warnings of the build unless `checks` collects them."""
        if not data:
            raise DockerfileError("the Dockerfile cannot be empty")
        resolver = Resolver(self.bases, local.client, job.progress, options)
        source = lines.read(data)
        self._check_frontend(job, options.frontend or source.directives.get("syntax", ""))
        # Of a directive's value BuildKit takes what stands before the first space.
        said = source.directives.get("check", "").partition(" ")[0]
        settings = Settings.parse(options.checks or said)
        every_stage = checks is not None and not options.target
        if checks is None:
            checks = Checks(heard=lambda finding: self._warn(job, local, finding))
        checks.settings = settings
        ready = None if local.fetched else local.ignore_patterns
        planner = Planner(
            source,
            options,
            resolver.resolve,
            checks,
            ready,
            lambda name: self._result(job, name),
            local.main,
        )
        plan = await planner.plan(every_stage=every_stage)
        checks.conclude()
        return planner, plan

    def _check_frontend(self, job: Job, image: str) -> None:
        """`# syntax=` names a frontend to run; docker/dockerfile is the one that stands in for all of its versions."""
        if not image:
            return
        reference = parse_reference(image.split()[0]).tagged()
        step = job.progress.announce(f"resolve image config for docker-image://{reference}")
        if reference.name in FRONTENDS:
            with step.running():
                return
        step.failed(f"mockerd runs no other frontend than {FRONTENDS[0]}")
        raise DockerfileError(
            f"failed to resolve source metadata for {reference}: {step.vertex.error}", (1, 1)
        )

    async def _checked(
        self, job: Job, options: Options, local: Locals, data: bytes
    ) -> dict[str, bytes]:
        checks, error = Checks(), None
        try:
            await self._plan(job, options, local, data, checks)
        except DockerfileError as problem:
            error = problem
        found = local.definition
        place = definition(options, job.session, found.vertex.name) if found else None
        return subrequests.check(local.filename, data, checks, error, place)

    def _warn(self, job: Job, local: Locals, finding: Finding) -> None:
        name, data = job.dockerfile
        vertex = local.definition.digest if local.definition else ""
        rule = finding.rule
        job.progress.tell(
            Warning(vertex, finding.short, rule.description, rule.url, finding.lines, name, data)
        )

    async def solve(self, job: Job, client: BuildClient) -> dict[str, str]:
        """Build in one go: the frontend runs here, and nobody is asked for a verdict on its result."""

        async def prepared() -> str:
            return (await self.prepare(job, job.attributes, client))[0]

        async def connected() -> BuildClient:
            return client

        return await self._conclude(job, prepared(), connected)

    async def finish(
        self, job: Job, connected: Callable[[], Awaitable[BuildClient]]
    ) -> dict[str, str]:
        """Wait for the client's verdict on the frontend's result; then evaluate and export."""
        return await self._conclude(job, job.returned, connected)

    async def _conclude(
        self, job: Job, verdict: Awaitable[str], connected: Callable[[], Awaitable[BuildClient]]
    ) -> dict[str, str]:
        try:
            prepared = job.prepared.get(await verdict)
            if prepared:
                job.response = await self._carry_out(job, prepared, await connected())
        except BaseException as error:
            job.error = without_frames(error)
            raise
        finally:
            job.completed = self.clock.now()
            self.vertexes.leave(job.progress, job.release)
            job.progress.end()
            if job.internal:
                self._keep_probe(job)
            async with self._changed:
                self._changed.notify_all()
        return job.response

    def _keep_probe(self, job: Job) -> None:
        """An internal build is in no history: it goes when enough others have ended after it."""
        self._probes.append(job.ref)
        if len(self._probes) > KEPT_PROBES:
            self.jobs.pop(self._probes.popleft(), None)

    async def forget(self, ref: str) -> None:
        """Remove a build from the history; one that was never in it counts as removed, too."""
        self.deleted.add(ref)
        async with self._changed:
            job = self.jobs.pop(ref, None)
            named = {digest for one in self.jobs.values() for digest in one.documents}
            for digest in job.documents - named if job else ():
                self.blobs.pop(digest, None)
            self._changed.notify_all()

    async def history(
        self, ref: str, *, active: bool, follow: bool, limit: int
    ) -> AsyncIterator[tuple[Event, Job]]:
        """Builds, newest first; with `follow` also what becomes of them, for as long as the caller listens."""
        told: dict[str, Event] = {}
        while True:
            for event, job in self._news(told, ref, active, limit):
                yield event, job
            if not follow:
                return
            async with self._changed:
                await self._changed.wait()

    def _news(
        self, told: dict[str, Event], ref: str, active: bool, limit: int
    ) -> list[tuple[Event, Job]]:
        """What happened since `told`, which is brought up to date."""
        found: list[tuple[Event, Job]] = []
        for job in reversed(self.jobs.values()):
            event = Event.STARTED if job.completed is None else Event.COMPLETE
            wanted = (not ref or job.ref == ref) and not (active and event is Event.COMPLETE)
            if wanted and not job.internal and told.get(job.ref) is not event:
                told[job.ref] = event
                found.append((event, job))
        return found[:limit] if limit else found

    async def _carry_out(self, job: Job, prepared: Prepared, client: BuildClient) -> dict[str, str]:
        snapshot = prepared.snapshot or await self._evaluate(job, prepared, client)
        response: dict[str, str] = {}
        for number, exporter in enumerate(job.exporters):
            response |= await self.exports.export(job, prepared, snapshot, number, exporter, client)
        job.attestation = self._provenance(job, prepared, snapshot)
        self.keep(job, job.attestation)
        if image := self.images.store.get(response.get("containerimage.config.digest", "")):
            self.keep(job, Document(image.raw))
        return response

    def _provenance(self, job: Job, prepared: Prepared, snapshot: Snapshot) -> Document:
        invocation = Invocation(job.ref, job.created, self.clock.now(), *job.dockerfile)
        sources = Sources(
            job.attributes.get("image-resolve-mode", ""),
            prepared.locals.known_patterns,
            {"local.session": job.session},
        )
        remotes = prepared.remotes
        found = Found(snapshot.diff_ids, remotes.git.commits, remotes.urls.digests)
        return provenance(prepared.plan, job.attributes, invocation, sources, found)

    def keep(self, job: Job, document: Document) -> None:
        """Content that the history's record of a build names; it goes with the last record that does."""
        job.documents.add(document.digest)
        self.blobs[document.digest] = document.data

    async def evaluate(self, job: Job, identity: str, client: BuildClient) -> None:
        """Make the files now, not when the frontend's result is returned."""
        if prepared := job.prepared.get(identity):
            prepared.snapshot = await self._evaluate(job, prepared, client)

    async def _result(self, job: Job, name: str) -> ops.BaseImage:
        """What another build made, to start from; it is made now if it is not in the cache."""
        identity = job.inputs.get(name, "")
        owner = next((one for one in self.jobs.values() if identity in one.prepared), None)
        if owner is None:
            raise DockerfileError(f"input {name} not found")
        prepared = owner.prepared[identity]
        try:
            snapshot = await self._evaluate(job, prepared, prepared.locals.client)
        except DockerfileError as problem:
            problem.source = problem.source or owner.dockerfile
            raise
        stage = prepared.plan.target
        history = dated_history(stage, snapshot, self.clock.now(), prepared.options.epoch)
        return ops.BaseImage(
            "",
            stage.draft.config.model_copy(deep=True),
            snapshot.diff_ids,
            tuple(HistoryEntry.model_validate(entry) for entry in history),
            stage.draft.author,
        )

    async def _evaluate(self, job: Job, prepared: Prepared, client: BuildClient) -> Snapshot:
        plan, options = prepared.plan, prepared.options
        wanted = parse_imports(options.cache_imports, options.cache_from)
        found = [await look_up(one, self.bases, client, job.progress) for one in wanted]
        try:
            async with asyncio.TaskGroup() as group:
                evaluator = Evaluator(
                    Graph(plan, prepared.locals.vertex),
                    options,
                    job.progress,
                    self.cache,
                    self.vertexes,
                    self.runner,
                    lambda name: prepared.locals.folder(name, plan.context_paths, group),
                    lambda evaluator, mount, run: mounted(
                        mount, run, evaluator, self.cache, client
                    ),
                    prepared.remotes,
                    [cache for cache in found if cache],
                    job.uses,
                )
                for source in plan.inputs():
                    if isinstance(source, ops.Local):
                        prepared.locals.folder(source.name, plan.context_paths, group)
                return await evaluator.run()
        except* DockerfileError as failures:
            raise first(failures) from None
        raise AssertionError("a group returns or raises")

    def _locals(self, job: Job, options: Options, client: BuildClient, git: GitInputs) -> Locals:
        def new_tree() -> MemoryTree:
            # One that a step of another build may go on reading when it is cleared.
            job.trees.append(MirrorTree(self.cache.store.spool, self.clock.now))
            return job.trees[-1]

        fetched: FetchedContext | GitContext | None = None
        if source := ops.git_context(options.context, keep_git_dir=options.keep_git_dir):
            fetched = GitContext(source, git)
        elif is_fetched(options.context):
            download = self.images.registry.download
            fetched = FetchedContext(
                options.context,
                client,
                download,
                job.progress,
                new_tree,
                lambda *facts: self.cache.context(job.uses, options.context, *facts),
            )
        job.sources = job.sources or Folders(self.cache)
        return Locals(client, options, job.progress, job.sources, self.vertexes, fetched)


def check_entitlements(names: Sequence[str]) -> None:
    """DockerfileError for what this engine does not grant."""
    for name in names:
        if name not in ENTITLEMENTS:
            raise DockerfileError(f"unknown entitlement {name}")
        if name in REFUSED_ENTITLEMENTS:
            text = f"granting entitlement {name} is not allowed by build daemon configuration"
            raise DockerfileError(text)


def without_frames(error: BaseException) -> BaseException:
    """The error to be remembered: the frames that it went through would keep all that the build held."""
    while isinstance(error, BaseExceptionGroup):  # its members have frames of their own
        error = error.exceptions[0]
    kind = type(error)
    kept = kind.__new__(kind, *error.args)
    kept.__dict__.update(error.__dict__)
    return kept

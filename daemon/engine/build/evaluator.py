"""Carries out a Plan: stages side by side, each step from the cache if it can."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from daemon.engine.build import operations as ops
from daemon.engine.build.agents import Agent
from daemon.engine.build.base_vertexes import BaseVertexes
from daemon.engine.build.cache import Cache, Record, Uses, key_of
from daemon.engine.build.checksum import checksum, total_size
from daemon.engine.build.copying import (
    Copier,
    check_way,
    octal_mode,
    parse_mode,
)
from daemon.engine.build.copying import (
    Options as CopyOptions,
)
from daemon.engine.build.finding import Finder, Source
from daemon.engine.build.folders import make_folders
from daemon.engine.build.graph import Graph
from daemon.engine.build.inline_cache import InlineCache
from daemon.engine.build.options import Options
from daemon.engine.build.progress import Progress, Step
from daemon.engine.build.remotes import Remotes
from daemon.engine.build.selection import Selection
from daemon.engine.build.step_failures import (
    StepFailed,
    step_errors,
    told_by,
)
from daemon.engine.build.unpack import unpack_archive
from daemon.engine.build.vertexes import SharedVertex, Vertexes
from daemon.engine.dockerfile.errors import DockerfileError, first
from daemon.engine.dockerfile.words import go_escape
from daemon.engine.images.threads import behind_the_loop, off_loop
from daemon.engine.users import file_owner
from daemon.fs.filesystem import Filesystem
from daemon.fs.frozen import FrozenTree
from daemon.fs.layers import Layer, LayerStore, chain_id
from daemon.fs.overlay import OverlayTree
from daemon.fs.scope import in_scope
from daemon.fs.tree import Tree

Output = Callable[[bytes, int], None]
CACHE_MODES = "[internal] setting cache mount permissions"
PROCESS_STARTS = 0.1
"""Seconds that the real engine takes at least."""
BEING_TOLD = 0.002
"""Seconds in which a failure of one part of a build reaches the others."""
INLINE = "[internal] preparing inline document"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files after a step: their layers, the key that stands for how they came about, and who made them."""

    key: str
    diff_ids: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    uses: Uses | None = None
    """By whom the last of the records is held once it is needed."""
    base: str = ""
    """The vertex of the image at the bottom."""


class Runner(Protocol):
    """Runs a RUN's process in a machine of its own."""

    async def run(
        self, tree: OverlayTree, run: ops.Run, mounts: list[Mounted], output: Output
    ) -> int:
        """The exit code. LookupError with the engine's words if the process cannot even be set up."""


@dataclass(frozen=True, slots=True)
class Mounted:
    """A mount of a RUN with its files in hand; or, with `secret`, one file of content; or an agent's socket."""

    mount: ops.RunMount
    tree: Tree[Any] | None = None
    record: Record | None = None
    secret: bytes | None = None
    agent: Agent | None = None


class Evaluator:
    """Evaluates one plan; `locals` gives the client's folders once they have arrived."""

    def __init__(
        self,
        graph: Graph,
        options: Options,
        progress: Progress,
        cache: Cache,
        vertexes: Vertexes,
        runner: Runner,
        local: Callable[[str], asyncio.Future[Filesystem]],
        mounts: Callable[[Evaluator, ops.RunMount, ops.Run], Awaitable[Mounted]],
        remotes: Remotes,
        imports: Sequence[InlineCache] = (),
        uses: Uses | None = None,
    ) -> None:
        self.graph = graph
        self.plan = graph.plan
        self.options = options
        self.progress = progress
        self.cache = cache
        self.store: LayerStore = cache.store
        self.vertexes = vertexes
        self.runner = runner
        self.local = local
        self.mounts = mounts
        self.remotes = remotes
        self.imports = imports
        self.snapshots: dict[int, asyncio.Future[Snapshot]] = {}
        self.loaded: dict[str, SharedVertex] = {}
        self._documents: dict[str, Step] = {}
        self.bases = BaseVertexes(progress, cache, vertexes)
        self.finder = Finder(graph, cache)
        self.uses = uses or Uses(cache.clock)
        """What is the build's own, and no vertex's."""

    async def run(self) -> Snapshot:
        """The target stage's files."""
        for folder in ops.emptied_mounts(self.graph.stages):
            self.cache.forget_mount(folder)
        loop = asyncio.get_running_loop()
        self.snapshots = {stage.index: loop.create_future() for stage in self.graph.stages}
        self._load()
        try:
            async with asyncio.TaskGroup() as group:
                self.remotes.ask(self.graph, group)
                for stage in self.graph.stages:
                    group.create_task(self._stage(stage))
        except* DockerfileError as failures:
            raise first(failures) from None
        result = self.snapshots[self.plan.target.index].result()
        await self._use(result)
        return result

    async def _use(self, snapshot: Snapshot) -> Record | None:
        """The entry of somebody's files, which are now needed; None for no files."""
        if snapshot.records:
            (snapshot.uses or self.uses).hold(snapshot.records[-1])
            return snapshot.records[-1]
        return await self.bases.read(snapshot.base) or self.cache.of_layers(snapshot.diff_ids)

    def _load(self) -> None:
        """The client hears of all that there is to do, of the last step first."""
        for node in reversed(self.graph.nodes.values()):
            self.loaded[node.digest] = self.vertexes.load(node, self.progress)
        for stage in self.graph.stages:
            for source in ops.stage_inputs(stage):
                if isinstance(source, ops.BaseImage) and (digest := self.graph.image(source)):
                    line = stage.line if source is stage.base else None
                    self.bases.announce(source, self.loaded[digest], line)

    async def _stage(self, stage: ops.PlannedStage) -> None:
        snapshot = await self._base(stage)
        steps = [self.loaded[digest] for digest in self.graph.steps[stage.index]]
        for operation, step in zip(stage.operations, steps, strict=True):
            if isinstance(operation, ops.Run) and any(one.sets_mode for one in operation.mounts):
                with self.progress.announce(CACHE_MODES, key=CACHE_MODES + step.digest).running():
                    pass
        async with asyncio.TaskGroup() as group:
            if stage.operations and not self.cache.was_done(_way(snapshot, stage.operations[0])):
                group.create_task(self.bases.read(snapshot.base))
            for operation, step in zip(stage.operations, steps, strict=True):
                if operation.reads():
                    group.create_task(self._look_for(operation, step.step))
            group.create_task(self._steps(stage, steps, snapshot))

    async def _steps(
        self, stage: ops.PlannedStage, steps: list[SharedVertex], snapshot: Snapshot
    ) -> None:
        for operation, step in zip(stage.operations, steps, strict=True):
            snapshot = await self._step(operation, step, snapshot)
        self.snapshots[stage.index].set_result(snapshot)

    async def _look_for(self, operation: ops.Operation, step: Step) -> None:
        """What is not in an input ends the build once that is here, whatever has still to be run before."""
        if isinstance(operation, ops.CopyFiles) and operation.sources:
            copied = operation.input
            if not operation.selects and self._comes_in_any_case(operation, copied):
                files = await self.files_of(copied)
                with told_by(step):
                    collections.deque(self.finder.copied(operation, files), maxlen=0)
        for mount in operation.mounts if isinstance(operation, ops.Run) else ():
            if mount.mount.type == "bind" and self._comes_in_any_case(operation, mount.input):
                files = await self.files_of(mount.input)
                with told_by(step):
                    self.finder.mounted(mount, files, operation.line)

    def _comes_in_any_case(self, operation: ops.Operation, source: ops.Input) -> bool:
        """All but the repositories that no cached step needs, and what the operation stands on."""
        if isinstance(source, ops.Git):
            return self.remotes.git.has_files(source)
        return not self.graph.stands_on(operation, source)

    async def _folders_arrive(self) -> None:
        """What a client's folder lacks is told before a process fails at once: real ones take longer to start."""
        folders = {self.local(one.name) for one in self.plan.inputs() if isinstance(one, ops.Local)}
        if arriving := {folder for folder in folders if not folder.done()}:
            with contextlib.suppress(TimeoutError):
                async with self.cache.clock.timeout(PROCESS_STARTS):
                    await asyncio.wait(arriving)
            await self.cache.clock.sleep(BEING_TOLD)

    async def _base(self, stage: ops.PlannedStage) -> Snapshot:
        base = stage.base
        if isinstance(base, ops.FromStage):
            return await self.snapshots[base.index]
        if isinstance(base, ops.BaseImage):
            digest = self.graph.image(base)
            key = key_of("image", chain_id(base.diff_ids))
            return Snapshot(key, base.diff_ids, base=digest)
        if isinstance(base, ops.Local | ops.Git):
            return self._from_files(base, await self.files_of(base))
        return Snapshot(key_of("scratch"))

    def _from_files(self, base: ops.Local | ops.Git, files: Filesystem) -> Snapshot:
        """A folder as a base image: one layer. What a client sends is always something new to BuildKit."""
        is_new = isinstance(base, ops.Local)
        key = key_of("local", self.cache.ids.identity() if is_new else checksum(files, ["/"]))
        record = self.cache.find(key)
        if record is None:
            record = self.cache.begin(f"local source for {base.name}" if is_new else base.name)
            tree = self._overlay(())
            Copier(Filesystem(tree), CopyOptions()).copy(files, "/", "/", to_folder=True)
            self.cache.commit(record, key, (self.store.commit(tree).diff_id,))
        self.uses.hold(record)
        return Snapshot(key, record.diff_ids, (record,))

    def _overlay(self, diff_ids: tuple[str, ...]) -> OverlayTree:
        return OverlayTree(self.store.merged(diff_ids), self.store.spool, self.store.now)

    def _frozen(self, diff_ids: tuple[str, ...]) -> Filesystem:
        merged = self.store.merged(diff_ids)
        return Filesystem(FrozenTree(merged, self.store.spool, self.store.now))

    def _inline(self, operation: ops.Operation) -> None:
        """Here-documents that become files are a vertex of their own, which is done or known once they are wanted."""
        for name, data in operation.documents():
            step = self.progress.announce(INLINE, key=key_of(INLINE, name, data))
            with step.running():
                pass
            self._documents[key_of(name, data)] = step

    async def _step(
        self, operation: ops.Operation, vertex: SharedVertex, below: Snapshot
    ) -> Snapshot:
        self._inline(operation)
        with told_by(vertex.step):
            prepared = await self._prepare(operation)
        key = key_of(below.key, prepared.key)
        shared = self.vertexes.merged(vertex, (key, *below.diff_ids), self.progress)
        try:
            record = await self.vertexes.result(
                shared, self.progress, lambda: self._made(prepared, shared, below, key)
            )
        except StepFailed as failure:
            raise failure.at(operation.line if shared is vertex else None) from None
        records = (*below.records, record)
        return Snapshot(key, record.diff_ids, records, shared.uses, below.base)

    async def _made(
        self, prepared: Prepared, shared: SharedVertex, below: Snapshot, key: str
    ) -> Record:
        """What the step leads to, held for as long as a build may go on from there."""
        record = await self._known(prepared.operation, shared, below, key)
        if record is None:
            record = await self._execute(prepared, shared, below, key)
        shared.releases.append(self.cache.keep_layer(record))
        self.cache.note_done(_way(below, prepared.operation))
        return record

    async def _known(
        self, operation: ops.Operation, shared: SharedVertex, below: Snapshot, key: str
    ) -> Record | None:
        if operation.ignore_cache:
            return None
        record = self.cache.find(key) or await self._imported(operation, shared, below, key)
        # A step below that was made anew leaves nothing to find on top of it.
        if record is None or record.diff_ids[:-1] != below.diff_ids:
            return None
        shared.step.cached()
        return record

    async def _execute(
        self, prepared: Prepared, shared: SharedVertex, below: Snapshot, key: str
    ) -> Record:
        parent = await self._use(below)
        await self._use_inputs(prepared.operation)
        record = self.cache.begin(_description(prepared.operation), parent)
        shared.uses.hold(record)
        try:
            layer = await self._layer(prepared, shared.step, below)
        except BaseException:
            shared.uses.drop(record)
            self.cache.abandon(record)
            raise
        return self.cache.commit(record, key, (*below.diff_ids, layer.diff_id))

    async def _use_inputs(self, operation: ops.Operation) -> None:
        """What the operation reads besides the files that it changes; folders of the client are in use anyway."""
        for source in operation.reads():
            if isinstance(source, ops.FromStage):
                await self._use(await self.snapshots[source.index])
            elif isinstance(source, ops.BaseImage):
                await self.bases.read(self.graph.image(source))
        for name, data in operation.documents():
            key = key_of(name, data)
            if self.cache.has_file(key):
                self._documents[key].cached()
            self.uses.hold(self.cache.file(key, INLINE, len(data)))
        if isinstance(operation, ops.CopyFiles):
            for url in operation.urls:
                self.uses.hold(self.remotes.urls.record(url, operation))

    async def _layer(self, prepared: Prepared, step: Step, below: Snapshot) -> Layer:
        tree = self._overlay(below.diff_ids)
        try:
            with step.running():
                try:
                    await prepared.act(tree, lambda data, stream: step.log(data, stream))
                except StepFailed as failure:
                    failure.vertex = step.digest
                    raise
            return await off_loop(tree.used, lambda: self.store.commit(tree))
        finally:
            behind_the_loop(tree.used, tree.clear)

    async def _imported(
        self, operation: ops.Operation, shared: SharedVertex, below: Snapshot, key: str
    ) -> Record | None:
        """The step's layer from an image that brought its cache along."""
        for cache in self.imports:
            layer = cache.fits(key, below.diff_ids)
            if layer is None:
                continue
            await self.bases.read_if_away(below.base)
            async with cache.first_layers(layer.number + 1, shared.step):
                record = self.cache.begin(_description(operation), await self._use(below))
                shared.uses.hold(record)
                diff_ids = (*below.diff_ids, cache.diff_ids[layer.number])
                self.cache.commit(record, key, diff_ids).created = layer.created
                return record
        return None

    async def _prepare(self, operation: ops.Operation) -> Prepared:
        if isinstance(operation, ops.CopyFiles):
            return await self._prepare_copy(operation)
        if isinstance(operation, ops.Run):
            return await self._prepare_run(operation)
        assert isinstance(operation, ops.MakeFolder)
        return Prepared(operation, key_of(*operation.words()), self._make_folder(operation))

    async def files_of(self, source: ops.Input) -> Filesystem:
        """An input's files, to be read."""
        if isinstance(source, ops.Local):
            return await self.local(source.name)
        if isinstance(source, ops.Git):
            return await self.remotes.git.files(source)
        return self._frozen(await self._diff_ids(source))

    async def _diff_ids(self, source: ops.Input) -> tuple[str, ...]:
        if isinstance(source, ops.FromStage):
            snapshot = await self.snapshots[source.index]
            if not snapshot.records:
                await self.bases.read_if_away(snapshot.base)
            return snapshot.diff_ids
        if isinstance(source, ops.BaseImage):
            await self.bases.read(self.graph.image(source), only_to_look=True)
            return source.diff_ids
        return ()

    async def _prepare_copy(self, copy: ops.CopyFiles) -> Prepared:
        if not copy.reads_only_git or copy.ignore_cache:
            return await self._with_files(copy)
        commits = [
            await self.remotes.git.key(one) for one in copy.reads() if isinstance(one, ops.Git)
        ]
        shortcut = key_of(*copy.words(), *copy.sources, "|", *commits)
        contents = self.remotes.git.repositories.contents
        if known := contents.get(shortcut):
            return Prepared(copy, known, self._copy_late(copy))
        prepared = await self._with_files(copy)
        contents[shortcut] = prepared.key
        return prepared

    def _copy_late(self, copy: ops.CopyFiles) -> Act:
        """For what is most likely in the cache: commits have said what the files are."""

        async def act(tree: OverlayTree, output: Output) -> None:
            prepared = await self._with_files(copy)
            await prepared.act(tree, output)

        return act

    async def _with_files(self, copy: ops.CopyFiles) -> Prepared:
        files = await self.files_of(copy.input) if copy.sources else self._frozen(())
        found = list(self.finder.copied(copy, files))
        found += [Source(*await self.remotes.urls.file(url, copy)) for url in copy.urls]
        found += [await self._cloned(copy, one) for one in copy.repositories]
        size = sum(total_size(one.files, [one.path]) for one in found)
        with step_errors(copy.line):
            content = await off_loop(
                size, lambda: [checksum(one.files, [one.path], one.selection) for one in found]
            )
        key = key_of(*copy.words(), *content)
        return Prepared(copy, key, self._copy(copy, found, size))

    async def _cloned(self, copy: ops.CopyFiles, source: ops.Git) -> Source:
        selection = Selection(None, self.finder.excluded(copy))
        return Source(await self.remotes.git.files(source), "/", selection)

    def _copy(
        self,
        copy: ops.CopyFiles,
        found: list[Source],
        size: int,
    ) -> Act:
        def work(tree: OverlayTree) -> None:
            target = Filesystem(tree)
            with step_errors(copy.line):
                options = CopyOptions(
                    _owner(target, copy.chown) if copy.chown else (0, 0),
                    parse_mode(copy.chmod) if copy.chmod else None,
                    octal_mode(copy.chmod),
                    unpack_archive if copy.unpack else None,
                    root=lambda: f"/var/lib/docker/overlay2/{self.cache.ids.identity()}/merged",
                )
                copier = Copier(target, options)
                for one in found:
                    copier.copy(
                        one.files,
                        one.path,
                        copy.destination,
                        to_folder=copy.to_folder,
                        selection=one.selection,
                    )
                for name, data in copy.inline:
                    copier.write(data, copy.destination, name, to_folder=copy.to_folder)

        async def act(tree: OverlayTree, _: Output) -> None:
            await off_loop(size, lambda: work(tree))

        return act

    def _make_folder(self, operation: ops.MakeFolder) -> Act:
        async def act(tree: OverlayTree, _: Output) -> None:
            files = Filesystem(tree)
            with step_errors(operation.line):
                owner = _owner(files, operation.user) if operation.user else (0, 0)
                path = in_scope(files, operation.path)
                check_way(files, path)
                make_folders(files, path, owner, operation.time)

        return act

    async def _prepare_run(self, run: ops.Run) -> Prepared:
        with step_errors(run.line):
            mounted = [await self.mounts(self, mount, run) for mount in run.mounts]
        content = [
            await self._mount_content(mount, run)
            for mount in run.mounts
            if mount.mount.type == "bind"
        ]
        return Prepared(run, key_of(*run.words(), *content), self._run(run, mounted))

    async def _mount_content(self, mount: ops.RunMount, run: ops.Run) -> str:
        if self.graph.stands_on(run, mount.input):
            return ""
        files = await self.files_of(mount.input)
        return checksum(files, [self.finder.mounted(mount, files, run.line)])

    def _run(self, run: ops.Run, mounted: list[Mounted]) -> Act:
        async def act(tree: OverlayTree, output: Output) -> None:
            process = f'process "{go_escape(" ".join(run.argv))}" did not complete successfully: '
            await self._folders_arrive()
            try:
                code = await self.runner.run(tree, run, mounted, output)
            except LookupError as refusal:
                raise StepFailed(process + str(refusal.args[0]), run.line) from None
            finally:
                for one in mounted:
                    if isinstance(one.tree, OverlayTree):
                        one.tree.clear()
            if code:
                raise StepFailed(f"{process}exit code: {code}", run.line, exit_code=code)

        return act


def _owner(target: Filesystem, text: str) -> tuple[int, int]:
    """DockerfileError for a name where there are no files at all."""
    if not (text.replace(":", "").isdecimal() or target.listdir("/")):
        raise DockerfileError("invalid user index: -1")
    return file_owner(target, text)


class Act(Protocol):
    async def __call__(self, tree: OverlayTree, output: Output, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation with its inputs in hand: what it is by, for the cache, and how it is done."""

    operation: ops.Operation
    key: str
    act: Act


def _way(below: Snapshot, operation: ops.Operation) -> str:
    """A step on these files, whatever it reads elsewhere."""
    return key_of(below.key, _description(operation))


def _description(operation: ops.Operation) -> str:
    """What `docker buildx du --verbose` says of a step's result."""
    if isinstance(operation, ops.Run):
        return f"mount / from exec {' '.join(operation.argv)}"
    return operation.name

"""From a Dockerfile and options to a Plan, as BuildKit's Dockerfile frontend does it."""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

from api_schema.oci import ContainerConfig, HistoryEntry
from daemon.engine.build import operations as ops
from daemon.engine.build.checks import Checks
from daemon.engine.build.copying import checked_mode, destination
from daemon.engine.build.downloads import is_url
from daemon.engine.build.draft import BuildArgs, Draft, resolve_globals
from daemon.engine.build.history import copy_text, describe, run_text
from daemon.engine.build.linting import (
    StageChecks,
    check_arguments,
    check_continuations,
    check_default_bases,
    check_line,
    check_platform,
    check_stages,
    suggestion,
)
from daemon.engine.build.numbering import Numbering
from daemon.engine.build.options import Options, nanoseconds
from daemon.engine.build.remote_sources import remote_sources
from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile import source as lines
from daemon.engine.dockerfile.errors import DockerfileError, did_you_mean, first
from daemon.engine.dockerfile.ignore import Matcher, clean
from daemon.engine.dockerfile.mounts import parse_mount, stage_of
from daemon.engine.dockerfile.words import Lexer
from daemon.engine.images import platforms
from daemon.errors import InvalidParameter

_NUMBER = re.compile(r"[+-]?\d+")
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_PLATFORM = "linux/amd64"
INLINE_FOLDER = "/dev/pipes"
CLIENTS_FOLDER = ops.Local()

Resolve = Callable[[str, str, str], Awaitable[ops.BaseImage]]
"""Finds the image of a name for a platform ("" for the default), asked for by a named context ("" for none)."""


class Planner:
    """Plans one build. `plan` raises DockerfileError, with lines where it knows them."""

    def __init__(
        self,
        source: lines.Source,
        options: Options,
        resolve: Resolve,
        checks: Checks | None = None,
        ignored: Callable[[], Awaitable[Sequence[str]]] | None = None,
        results: Callable[[str], Awaitable[ops.BaseImage]] | None = None,
        context: ops.Input = CLIENTS_FOLDER,
    ) -> None:
        """`ignored` gives the patterns of the context's ignore file; it is called when all images are known.

        `results` are those of other builds, by the name of an `input:` context. `context` is what COPY reads.
        """
        self.context = context
        self.source = source
        self.checks = checks or Checks()
        self.ignored = ignored
        self.ignore: Matcher | None = None
        self.results = results
        self.options = options
        self.resolve = resolve
        self.build_args = BuildArgs(options.args, platform=platform_args(options.platform))
        check_continuations(source, self.checks)
        self.stages, self.globals = i.stages(
            source.lines, lambda line: check_line(line, self.checks)
        )
        self.written_bases = [stage.base for stage in self.stages]
        self.by_name: dict[str, int] = {}
        self.planned: dict[int, ops.PlannedStage] = {}
        self.images: dict[tuple[str, str, str], ops.BaseImage] = {}
        self._asked: defaultdict[tuple[str, str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self.stage_checks: dict[int, StageChecks] = {}

    async def plan(self, *, every_stage: bool = False) -> ops.Plan:
        """`every_stage`: also those that the target does not need, as the build checks want them."""
        if not self.stages:
            raise DockerfileError("dockerfile contains no stages to build")
        self._check_form()
        resolve_globals(self.globals, self.build_args, self.source.escape)
        self._expand_bases()
        target = self._target()
        self._check_circles()
        indexes = list(range(len(self.stages))) if every_stage else self._needed(target)
        bases = await self._bases(indexes)
        if self.ignored:
            self.ignore = Matcher(await self.ignored())
        for index, base in bases.items():
            try:
                await self._plan_stage(index, base)
            except DockerfileError as problem:
                raise located(problem, self.stages[index].line) from None
        last = self.planned[target]
        if self.options.labels:
            last.draft.config.labels = {**(last.draft.config.labels or {}), **self.options.labels}
        return ops.Plan(list(self.planned.values()))

    def _check_form(self) -> None:
        check_stages(self.source, self.stages, self.checks)
        defaults = BuildArgs({}, platform=self.build_args.platform)
        with contextlib.suppress(DockerfileError):
            resolve_globals(self.globals, defaults, self.source.escape)
            known = {**defaults.platform, **defaults.globals}
            check_default_bases(self.stages, known, self.source.escape, self.checks)

    def _expand_bases(self) -> None:
        """FROM knows the ARGs above the first stage, and the platform's."""
        known = {**self.build_args.platform, **self.build_args.globals}
        declared = [*known, *(name for arg in self.globals for name, _ in arg.pairs)]
        for index, stage in enumerate(self.stages):
            try:
                self._expand_base(stage, known, declared)
            except DockerfileError as problem:
                raise located(problem, stage.line) from None
            if stage.name:
                self.by_name[stage.name] = index

    def _expand_base(self, stage: i.Stage, known: Mapping[str, str], declared: list[str]) -> None:
        lexer = Lexer(self.source.escape)
        base = lexer.word(stage.base, known)
        check_arguments(lexer.unmatched, declared, stage.line, self.checks)
        if not base:
            raise DockerfileError(f"base name ({stage.base}) should not be blank")
        stage.base = base
        if not stage.platform:
            return
        platform = lexer.word(stage.platform, known)
        check_arguments(lexer.unmatched, declared, stage.line, self.checks)
        check_platform(stage, platform, lexer, known, self.checks)
        hint = next(filter(None, (suggestion(n, known) for n in sorted(lexer.unmatched))), "")
        if not platform:
            text = f"empty platform value from expression {stage.platform}"
            raise DockerfileError(text + hint)
        try:
            stage.platform = platforms.show(platforms.parse(platform))
        except InvalidParameter as problem:
            text = f"failed to parse platform {stage.platform}: {problem}{hint}"
            raise DockerfileError(text) from None

    def args_in_bases(self, stages: Iterable[int]) -> set[str]:
        """The ARGs that the FROM lines of these stages use."""
        known = {**self.build_args.platform, **self.build_args.globals}
        used: set[str] = set()
        for index in stages:
            lexer = Lexer(self.source.escape)
            lexer.word(self.written_bases[index], known)
            used |= lexer.matched
        return used

    def _target(self) -> int:
        wanted = self.options.target
        if not wanted:
            return len(self.stages) - 1
        if wanted.lower() in self.by_name:
            return self.by_name[wanted.lower()]
        hint = did_you_mean(wanted, self.by_name)
        raise DockerfileError(f'target stage "{wanted}" could not be found{hint}')

    def _needed(self, target: int) -> list[int]:
        """The target and every stage that it reads, in the file's order."""
        found, todo = set(), [target]
        while todo:
            index = todo.pop()
            if index not in found:
                found.add(index)
                todo += self._reads(index)
        return sorted(found)

    def _check_circles(self) -> None:
        """No stage may read itself, whether the target needs it or not."""
        for index, stage in enumerate(self.stages):
            circular = [line for line, read in self._stages_read(stage) if read == index]
            if circular:
                text = f"circular dependency detected on stage: {stage.name or f'stage-{index}'}"
                raise located(DockerfileError(text), circular[-1])

    def _reads(self, index: int) -> list[int]:
        stage = self.stages[index]
        found = [self._stage(stage.base, numbers=False)]
        found += [read for _, read in self._stages_read(stage)]
        return [one for one in found if one is not None and one != index]

    def _stages_read(self, stage: i.Stage) -> Iterator[tuple[lines.Line, int | None]]:
        for instruction in stage.instructions:
            for name, numbers in _sources_named(instruction):
                yield instruction.line, self._stage(name, numbers=numbers)

    def _stage(self, name: str, *, numbers: bool) -> int | None:
        """The stage of that name; where `numbers` are allowed, of that number."""
        if numbers and _NUMBER.fullmatch(name):
            if not 0 <= int(name) < len(self.stages):
                raise DockerfileError(f"invalid stage index {name}")
            return int(name)
        return self.by_name.get(name.lower())

    async def _input(self, name: str, platform: str, *, numbers: bool, before: int) -> ops.Input:
        """What a name stands for: a named context, a stage above, `scratch`, an image."""
        context = self.options.contexts.get(name.lower())
        if context is not None:
            return await self._named_context(name.lower(), context, platform)
        index = self._stage(name, numbers=numbers)
        if index is not None and index < before:
            return ops.FromStage(index)
        if index is not None and numbers:
            label = self.stages[before].name or f"stage-{before}"
            raise DockerfileError(
                f'cannot copy from stage "{name}", it needs to be defined before current stage "{label}"'
            )
        if name == "scratch":
            return ops.Scratch()
        try:
            return await self._image(name, platform)
        except DockerfileError as problem:
            hint = did_you_mean(name, self.by_name)
            raise DockerfileError(problem.message + hint, problem.lines) from None

    async def _named_context(self, name: str, value: str, platform: str) -> ops.Input:
        kind, _, rest = value.partition(":")
        if kind == "local":
            return ops.Local(rest)
        if kind == "docker-image":
            return await self._image(rest.removeprefix("//"), platform, name)
        if kind == "input" and self.results:
            key = (rest, platform, kind)
            async with self._asked[key]:
                if key not in self.images:
                    self.images[key] = await self.results(rest)
            return self.images[key]
        if kind == "git" or kind.startswith("git@") or is_url(value):
            if source := ops.git_context(value):
                return source
            # All that BuildKit says of files at URLs.
            refusal = "invalid argument" if is_url(value) else f"invalid git context {value}"
            raise DockerfileError(refusal)
        raise DockerfileError(f"unsupported context source {kind} for {name}")

    async def _image(self, name: str, platform: str, context: str = "") -> ops.BaseImage:
        key = (name, platform or self.options.platform, context)
        async with self._asked[key]:
            if key not in self.images:
                self.images[key] = await self.resolve(*key)
        return self.images[key]

    async def _bases(self, indexes: Iterable[int]) -> dict[int, ops.Input]:
        """What the stages start from. All images are asked for at the same time; one that fails ends it."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {index: group.create_task(self._base(index)) for index in indexes}
        except* DockerfileError as failures:
            raise first(failures) from None
        return {index: task.result() for index, task in tasks.items()}

    async def _base(self, index: int) -> ops.Input:
        """What the stage starts from; its other images are found on the way, too."""
        stage = self.stages[index]
        name = stage.name if self._is_replaced(stage) else stage.base
        try:
            base = await self._input(name, stage.platform, numbers=False, before=index)
        except DockerfileError as problem:
            raise located(problem, stage.line) from None
        for instruction in stage.instructions:
            await self._find_sources(instruction, index)
        return base

    async def _find_sources(self, instruction: i.Instruction, index: int) -> None:
        """The images that an instruction reads. BuildKit shows no line for that of a mount."""
        for name, numbers in _sources_named(instruction):
            if not name or "$" in name or self._stage(name, numbers=numbers) is not None:
                continue
            try:
                await self._input(name, "", numbers=numbers, before=index)
            except DockerfileError as problem:
                raise (located(problem, instruction.line) if numbers else problem) from None

    def _is_replaced(self, stage: i.Stage) -> bool:
        """A named context stands in for a stage of that name."""
        return bool(stage.name and stage.name in self.options.contexts)

    async def _plan_stage(self, index: int, base: ops.Input) -> None:
        stage = self.stages[index]
        replaced = self._is_replaced(stage)
        planned = self._begin(index, base)
        self.planned[index] = planned
        triggers = [] if replaced else self._triggers(planned)
        instructions = [] if replaced else stage.instructions
        numbering = Numbering(self._label(index), base, instructions)
        if isinstance(base, ops.BaseImage):
            self._check_platform(stage, base)
            if base.diff_ids and base.name:
                planned.base_vertex = base.vertex or numbering.vertex(f"FROM {base.name}")
        checked = self.stage_checks[index] = self._stage_checks(planned)
        numbering.count(triggers)
        own = len(triggers)
        for number, instruction in enumerate([*triggers, *instructions]):
            numbering.prefix = "ONBUILD " if number < own else ""
            if number >= own and instruction.keyword == "EXPOSE":
                checked.ports(instruction)
            try:
                await self._dispatch(planned, instruction, numbering)
            except DockerfileError as problem:
                raise located(problem, instruction.line) from None
            finally:
                if number >= own:
                    checked.variables(instruction.line)
            if number >= own:
                checked.instruction(instruction)
                if self.ignore and isinstance(instruction, i.Copy):
                    self._check_sources(checked, instruction)

    def _check_sources(self, checked: StageChecks, copy: i.Copy) -> None:
        if self.ignore and not copy.flags.text("from"):
            checked.sources(copy, self.ignore)

    def _stage_checks(self, planned: ops.PlannedStage) -> StageChecks:
        below = planned.base.index if isinstance(planned.base, ops.FromStage) else None
        absolute = below is not None and self.stage_checks[below].work_dir_set
        return StageChecks(self.checks, planned.draft, absolute)

    def _check_platform(self, stage: i.Stage, image: ops.BaseImage) -> None:
        expected = stage.platform or self.options.platform or DEFAULT_PLATFORM
        actual = f"{image.os}/{image.architecture}"
        if actual != "/".join(expected.split("/")[:2]):
            self.checks.report("InvalidBaseImagePlatform", stage.line, stage.base, actual, expected)

    def _begin(self, index: int, base: ops.Input) -> ops.PlannedStage:
        if isinstance(base, ops.FromStage):
            below = self.planned[base.index]
            config = below.draft.config.model_copy(deep=True)
            draft = Draft(config, self.build_args, self.source.escape, below.draft.author)
            draft.args = dict(below.draft.args)
            draft.order = dict(below.draft.order)
            history, image = list(below.history), below.base_image
        else:
            image = base if isinstance(base, ops.BaseImage) else None
            config = image.config.model_copy(deep=True) if image else ContainerConfig()
            if base == ops.Scratch():
                config.working_dir = "/"
            draft = Draft(
                config, self.build_args, self.source.escape, image.author if image else ""
            )
            history = list(image.history) if image else []
        draft.last_wins = True
        if "PATH" not in draft.env:
            config.env = [*(config.env or ()), DEFAULT_PATH]
        return ops.PlannedStage(
            index,
            self.stages[index].name,
            base,
            draft,
            history=history,
            base_image=image,
            platform=self.stages[index].platform or self.options.platform or DEFAULT_PLATFORM,
            line=self.stages[index].line,
        )

    def _triggers(self, planned: ops.PlannedStage) -> list[i.Instruction]:
        """The base's ONBUILD instructions, which do not carry over."""
        triggers = planned.draft.config.on_build or []
        planned.draft.config.on_build = None
        found = []
        for trigger in triggers:
            line = lines.read(trigger.encode()).lines[0]
            parsed = i.parse(line)
            assert isinstance(parsed, i.Instruction)
            found.append(parsed)
        return found

    def _label(self, index: int) -> str:
        if len(self.stages) == 1 and not self._other_sources():
            return ""
        return self.stages[index].name or f"stage-{index}"

    def _other_sources(self) -> bool:
        """BuildKit counts every image that COPY or a mount names as a stage, and so names the only written one."""
        for instruction in self.stages[0].instructions:
            if isinstance(instruction, i.Copy) and instruction.flags.text("from"):
                return True
            if instruction.line.keyword.lower() == "run" and any(
                flag.startswith("--mount") for flag in instruction.line.flags
            ):
                return True
        return False

    async def _dispatch(
        self, planned: ops.PlannedStage, instruction: i.Instruction, numbering: Numbering
    ) -> None:
        if isinstance(instruction, i.Copy):
            await self._copy(planned, instruction, numbering)
        elif isinstance(instruction, i.Command) and instruction.keyword == "RUN":
            await self._run(planned, instruction, numbering)
        else:
            said = planned.draft.apply(instruction)
            assert said is not None
            if instruction.keyword == "ONBUILD":
                return
            makes_folder = (
                instruction.keyword == "WORKDIR" and planned.draft.config.working_dir != "/"
            )
            if makes_folder:
                self._work_folder(planned, instruction, numbering)
            commit(planned, describe(instruction, planned.draft, said), layer=makes_folder)

    def _ignored(self, planned: ops.PlannedStage) -> bool:
        return self.options.ignores_cache(planned.name)

    def _work_folder(
        self, planned: ops.PlannedStage, instruction: i.Instruction, numbering: Numbering
    ) -> None:
        config = planned.draft.config
        name = numbering.step(planned.draft, instruction.line, raw_quotes=False)
        planned.operations.append(
            ops.MakeFolder(
                name,
                instruction.line,
                self._ignored(planned),
                clean(config.working_dir),
                config.user,
                nanoseconds(self.options.epoch),
            )
        )

    async def _copy(self, planned: ops.PlannedStage, copy: i.Copy, numbering: Numbering) -> None:
        draft, flags = planned.draft, copy.flags
        origin = self.context
        if name := flags.text("from"):
            if Lexer(self.source.escape).word(name, {}) != name:
                raise DockerfileError(NO_VARIABLES_IN_FROM)
            origin = await self._input(name, "", numbers=True, before=planned.index)
        owner, mode, checksum = (
            draft.expand(flags.text(name)) for name in ("chown", "chmod", "checksum")
        )
        words = [draft.expand(word) for word in copy.sources]
        checked_mode(mode)
        keep = flags.switch("keep-git-dir") if "keep-git-dir" in flags.given else None
        remote = remote_sources(copy.keyword, words, checksum, keep)
        to = draft.expand(copy.destination)
        path, to_folder = destination(draft.config.working_dir, to)
        name = numbering.step(draft, copy.line, raw_quotes=False)
        operation = ops.CopyFiles(
            name,
            copy.line,
            self._ignored(planned),
            origin,
            [word for word in words if word not in remote],
            path,
            to_folder,
            [(body.name, self._body(draft, body)) for body in copy.inline],
            owner,
            mode,
            flags.all("exclude"),
            flags.switch("parents"),
            flags.switch("unpack") if "unpack" in flags.given else copy.keyword == "ADD",
            remote.urls,
            checksum,
            [ops.Git(one, name) for one in remote.repositories.values()],
        )
        planned.operations.append(operation)
        commit(planned, copy_text(copy, operation, words, to), layer=True)

    def _body(self, draft: Draft, body: lines.Heredoc) -> bytes:
        """A here-document's content; its quotes are no quotes to the lexer."""
        text = draft.expand_raw(body.text) if body.expand else body.text
        return text.encode("utf-8", "surrogateescape")

    async def _run(self, planned: ops.PlannedStage, run: i.Command, numbering: Numbering) -> None:
        draft = planned.draft
        if run.flags.all("device"):
            raise DockerfileError(DEVICES_ARE_LATER)
        argv, script, summary = _command_line(draft, run)
        operation = ops.Run(
            numbering.step(draft, run.line, raw_quotes=True, suffix=summary),
            run.line,
            self._ignored(planned),
            argv,
            {**draft.environment, **draft.hidden_args},
            draft.config.user,
            clean(draft.config.working_dir or "/"),
            run.flags.text("network") or self.options.network,
            script=script,
            hosts=self.options.hosts,
            hostname=self.options.hostname,
            shm_size=self.options.shm_size,
            ulimits=self.options.ulimits,
            proxies=draft.build_args.proxies,
            hidden=frozenset(draft.hidden_args),
        )
        for text in run.flags.all("mount"):
            operation.mounts.append(await self._mount(planned, text))
        operation.place_agents()
        planned.operations.append(operation)
        commit(planned, f"RUN {run_text(draft, argv)} # buildkit", layer=True)

    async def _mount(self, planned: ops.PlannedStage, text: str) -> ops.RunMount:
        draft = planned.draft
        mount = parse_mount(text, draft.expand)
        if mount.type == "ssh" and mount.source:
            raise DockerfileError("ssh does not support source")
        origin: ops.Input = ops.Scratch()
        if mount.source_stage:
            origin = await self._input(mount.source_stage, "", numbers=False, before=planned.index)
        elif mount.type == "bind":
            origin = self.context
        target = posixpath.normpath(posixpath.join(draft.config.working_dir or "/", mount.target))
        if target == "/" and mount.type in ("bind", "cache", "tmpfs"):
            raise DockerfileError(f'invalid mount target "{target}"')
        namespace = self.options.args.get("BUILDKIT_CACHE_MOUNT_NS", "")
        return ops.RunMount(mount, origin, target, namespace)


DEVICES_ARE_LATER = "device feature is only supported in Dockerfile frontend 1.14.0-labs or later"
NO_VARIABLES_IN_FROM = (
    "variable expansion is not supported for --from, "
    "define a new stage with FROM using ARG from global scope as a workaround"
)


def _sources_named(instruction: i.Instruction) -> Iterator[tuple[str, bool]]:
    """What a COPY and the mounts of a RUN name with `from`, and whether a number there is a stage's."""
    if isinstance(instruction, i.Copy):
        yield instruction.flags.text("from"), True
    elif isinstance(instruction, i.Command) and instruction.keyword == "RUN":
        for text in instruction.flags.all("mount"):
            yield stage_of(text), False


def located(problem: DockerfileError, line: lines.Line) -> DockerfileError:
    """The same mistake, with its place unless it has one."""
    return problem if problem.lines else DockerfileError(problem.message, (line.start, line.end))


def commit(planned: ops.PlannedStage, text: str, *, layer: bool) -> None:
    planned.history.append(
        HistoryEntry(created_by=text, comment=ops.HISTORY_COMMENT, empty_layer=not layer)
    )


def _command_line(draft: Draft, run: i.Command) -> tuple[list[str], tuple[str, bytes] | None, str]:
    """argv, the content of an inline script, and what the vertex name says of a here-document."""
    if not run.heredocs or not run.shell_form or not run.argv:
        return draft.argv(run), None, ""
    first = run.heredocs[0]
    if not lines.heredoc(run.argv[0]):
        text = run.argv[0]
        for body in run.heredocs:
            text += f"\n{body.content}{body.name}"
        return [*draft.shell, text], None, ""
    summary = f" ({_summary(first.content)})"
    if first.text.startswith("#!"):
        path = f"{INLINE_FOLDER}/{first.name}"
        content = first.text.encode("utf-8", "surrogateescape")
        return [*draft.shell, path], (path, content), summary
    return [*draft.shell, first.text], None, summary


def _summary(text: str) -> str:
    first, _, rest = text.strip().replace("\r\n", "\n").partition("\n")
    return first + ("..." if rest else "")


def platform_args(platform: str) -> dict[str, str]:
    """BUILDPLATFORM, TARGETARCH and their kin; this machine counts as linux/amd64."""
    found: dict[str, str] = {}
    for side, text in (("BUILD", DEFAULT_PLATFORM), ("TARGET", platform or DEFAULT_PLATFORM)):
        system, arch, variant = (*text.split("/"), "", "")[:3]
        found |= {
            f"{side}PLATFORM": text,
            f"{side}OS": system,
            f"{side}ARCH": arch,
            f"{side}VARIANT": variant,
        }
    return found

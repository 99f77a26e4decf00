"""The classic builder: an image after every step, and for most of them a container that it is committed from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import IO, Any, Protocol, Self

from api_schema.oci import ContainerConfig
from daemon.engine.build import classic_copy
from daemon.engine.build.classic_cache import ClassicCache
from daemon.engine.build.classic_copy import (
    BuildFailed,
    Sources,
    StageResults,
    copied,
    describe_copy,
    size_of,
)
from daemon.engine.build.copying import check_several
from daemon.engine.build.draft import BadPort, BuildArgs, Draft, resolve_globals
from daemon.engine.build.history import describe_classic
from daemon.engine.build.planner import DEFAULT_PATH
from daemon.engine.build.posted_options import PostedOptions
from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile import source as lines
from daemon.engine.dockerfile.errors import DockerfileError, FormError
from daemon.engine.dockerfile.mounts import parse_mount
from daemon.engine.dockerfile.words import Lexer
from daemon.engine.images.image import Image
from daemon.engine.images.threads import off_loop
from daemon.errors import DockerError, InvalidParameter
from daemon.fs.filesystem import Filesystem

Message = dict[str, Any]
Output = Callable[[bytes, int], None]
STDERR = 2
RED, PLAIN = "\x1b[91m", "\x1b[0m"
NEEDS_BUILDKIT = (
    "the --{flag} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ "
    "to learn how to build images with BuildKit enabled"
)
BUILDKIT_FLAGS = {"ADD": ("chmod",), "COPY": ("chmod",), "RUN": ("mount", "network", "device")}
"""The flags by instruction that are known and refused; others are taken, and nothing comes of them."""
UNREADABLE = "failed to parse {}: {}"
EMPTY_LINE = "[WARNING]: Empty continuation line found in: {line}"
EMPTY_LINES = "[WARNING]: Empty continuation lines will become errors in a future release."


class Workbench(Protocol):
    """The containers of a build."""

    async def create(
        self, image: str, config: Mapping[str, Any], host: Mapping[str, object]
    ) -> str:
        """A container's id."""

    async def run(self, container: str, output: Output) -> int:
        """Start it, pass on what it prints, and wait: its exit code. DockerError if it cannot start."""

    def files(self, container: str) -> Filesystem:
        """Its root, to be written to."""

    def layer(self, container: str) -> IO[bytes]:
        """What it changed, as a layer's tar."""

    async def remove(self, container: str) -> None: ...


class Shelf(classic_copy.Shelf, Protocol):
    """The images of a build."""

    def platform(self, text: str) -> Self:
        """The same for the images of another platform; DockerError for what is none."""

    async def commit(
        self,
        parent: Image | None,
        container: str,
        container_config: Mapping[str, Any],
        config: Mapping[str, Any],
        layer: IO[bytes],
        author: str,
    ) -> Image:
        """A new image on top of `parent`."""

    def cache(self, options: PostedOptions) -> ClassicCache: ...


class ClassicBuild:
    """One build. `say` gets the messages of its stream, in order."""

    def __init__(
        self,
        context: Filesystem | None,
        dockerfile: bytes,
        options: PostedOptions,
        shelf: Shelf,
        bench: Workbench,
        say: Callable[[Message], None],
    ) -> None:
        self.options = options
        self.shelf = shelf
        self.bench = bench
        self.say = say
        self.cache = shelf.cache(options)
        self.args = BuildArgs(options.args, unset=options.unset_args)
        self.source = self._read(dockerfile)
        self.stages, self.globals = self._parse()
        self.results = StageResults()
        self.sources = Sources(context, shelf, self.results, say)
        self.step = 0
        self.total = len(self.globals) + sum(1 + len(s.instructions) for s in self.stages)
        self.draft = Draft(ContainerConfig(), self.args)
        self.image: Image | None = None
        self.containers: list[str] = []

    def _read(self, dockerfile: bytes) -> lines.Source:
        """The Dockerfile's lines; a mistake in it is a refusal of the whole request."""
        try:
            return lines.read(dockerfile)
        except DockerfileError as problem:
            raise self._unreadable(problem) from None

    def _unreadable(self, problem: DockerfileError) -> InvalidParameter:
        return InvalidParameter(UNREADABLE.format(self.options.dockerfile, problem.message))

    def _parse(self) -> tuple[list[i.Stage], list[i.Arg]]:
        try:
            stages, before = i.stages(self.source.lines)
        except FormError as problem:
            raise self._unreadable(problem) from None
        except DockerfileError as problem:
            raise InvalidParameter(problem.message) from None
        target = self.options.target
        if target:
            names = [stage.name for stage in stages]
            if target.lower() not in names:
                raise InvalidParameter(f'target stage "{target}" could not be found')
            stages = stages[: names.index(target.lower()) + 1]
        if self.options.labels and stages:
            stages[-1].instructions += _label_instructions(self.options.labels)
        return stages, before

    async def run(self) -> Image:
        """The last stage's image. BuildFailed, with what the stream ends in."""
        try:
            return await self._run()
        except DockerfileError as problem:
            text = problem.classic if isinstance(problem, BadPort) else problem.message
            raise BuildFailed(text) from None
        except asyncio.CancelledError:
            await self._remove_all()
            raise

    def _warn(self) -> None:
        for line, _ in self.source.warnings:
            self._print(f"{RED}{EMPTY_LINE.format(line=line)}\n{PLAIN}")
        if self.source.warnings:
            self._print(f"{RED}{EMPTY_LINES}\n{PLAIN}")

    async def _run(self) -> Image:
        self._warn()
        for arg in self.globals:
            self._announce(arg.line)
        resolve_globals(self.globals, self.args, self.source.escape)
        for stage in self.stages:
            await self._stage(stage)
            self.results.add(stage.name, self.image)
        if self.image is None:
            raise BuildFailed("No image was generated. Is your Dockerfile empty?")
        unconsumed = self.args.unconsumed()
        if unconsumed:
            names = " ".join(unconsumed)
            self._print(f"[Warning] One or more build-args [{names}] were not consumed\n")
        return self.image

    def _print(self, text: str) -> None:
        self.say({"stream": text})

    def _announce(self, line: lines.Line) -> None:
        # A `--label` stands on no line of the file, and is told as it was given.
        text = line.original.strip() if line.start else line.original
        self.step += 1
        self._print(f"Step {self.step}/{self.total} : {text}")
        self._print("\n")

    def _show_result(self) -> None:
        self._print(f" ---> {self.image.short_id if self.image else ''}\n")

    async def _stage(self, stage: i.Stage) -> None:
        if stage.name in self.results.named:
            raise BuildFailed(f"{stage.name} stage name already used")
        self._announce(stage.line)
        self.cache.reset()
        self.image = await self._base(stage)
        self._new_draft()
        for trigger in self._triggers():
            await self._step(trigger)
        self._show_result()
        for instruction in stage.instructions:
            self._announce(instruction.line)
            await self._step(instruction)
            self._show_result()
        if self.image and self.options.aux:
            self.say({"aux": {"ID": self.image.id}})

    async def _base(self, stage: i.Stage) -> Image | None:
        """FROM knows the ARGs in front of it, and proxies."""
        shelf, known = self.shelf, {**self.args.proxies, **self.args.globals}
        lexer = Lexer(self.source.escape)
        if stage.platform:
            shelf = _for_platform(shelf, lexer.word(stage.platform, known))
        name = lexer.word(stage.base, known)
        if not name:
            raise DockerfileError(f"base name ({stage.base}) should not be blank")
        if name.lower() in self.results.named:
            return self.results.named[name.lower()]
        if name == "scratch":
            return None
        return await shelf.base(name, pull=self.options.pull)

    def _new_draft(self) -> None:
        image = self.image
        config = image.config.config if image else None
        config = config.model_copy(deep=True) if config else ContainerConfig()
        config.env = config.env or [DEFAULT_PATH]
        author = image.config.author if image else ""
        self.draft = Draft(config, self.args, self.source.escape, author)

    def _triggers(self) -> list[i.Instruction]:
        triggers = self.draft.config.on_build or []
        self.draft.config.on_build = None
        if triggers:
            self._print(f"# Executing {len(triggers)} build trigger")
            if len(triggers) > 1:
                self._print("s")
            self._print("\n")
        parsed = [i.parse(lines.read(text.encode()).lines[0]) for text in triggers]
        return [one for one in parsed if isinstance(one, i.Instruction)]

    async def _step(self, instruction: i.Instruction) -> None:
        try:
            await self._dispatch(instruction)
        finally:
            if self.options.force_remove:
                await self._remove_all()

    def _refuse_buildkit(self, instruction: i.Instruction) -> None:
        """What a mount says is read all the same, and what is wrong with it told first."""
        if isinstance(instruction, i.Command):
            for text in instruction.flags.all("mount"):
                parse_mount(text, self.draft.expand)
        refused = BUILDKIT_FLAGS.get(instruction.keyword, ())
        for word in instruction.line.flags:
            flag = word.removeprefix("--").partition("=")[0]
            if flag in refused:
                raise BuildFailed(NEEDS_BUILDKIT.format(flag=flag))

    async def _dispatch(self, instruction: i.Instruction) -> None:
        self._refuse_buildkit(instruction)
        if isinstance(instruction, i.Copy):
            await self._copy(instruction)
        elif isinstance(instruction, i.Command) and instruction.keyword == "RUN":
            await self._run_command(instruction)
        else:
            await self._metadata(instruction)

    def _config(self, cmd: list[str] | None = None) -> dict[str, Any]:
        """The draft as a container's config; `cmd` stands in for its own."""
        config = self.draft.config.model_dump(by_alias=True, exclude_none=True)
        if cmd is not None:
            config["Cmd"] = cmd
        config["Image"] = self.image.id if self.image else ""
        return config

    async def _metadata(self, instruction: i.Instruction) -> None:
        shell, before = self.draft.shell, self.draft.config.healthcheck
        said = self.draft.apply(instruction)
        assert said is not None
        if instruction.keyword == "SHELL":
            shell = self.draft.shell
        text = describe_classic(instruction, self.draft, said)
        if instruction.keyword == "HEALTHCHECK":
            self._tell_of_override(before)
        makes_folder = instruction.keyword == "WORKDIR"
        comment = [f"#(nop) {text}"] if makes_folder else ["#(nop) ", text]
        config = self._config([*shell, *comment])
        if self._cached(config):
            return
        self._inherit_healthcheck()
        container = await self._container(config)
        await self._commit(container, config)

    def _tell_of_override(self, before: Mapping[str, Any] | None) -> None:
        test = (before or {}).get("Test")
        if test and test[0] != "NONE":
            self._print(f"Note: overriding previous HEALTHCHECK: [{' '.join(test)}]\n")

    def _inherit_healthcheck(self) -> None:
        """What a check does not say it takes from the image's, as the step's container does."""
        own, image = self.draft.config.healthcheck, self.image.config.config if self.image else None
        if own and image and image.healthcheck:
            self.draft.config.healthcheck = {**image.healthcheck, **own}

    def _cached(self, config: Mapping[str, Any]) -> bool:
        found = self.cache.find(self.image.id if self.image else "", config)
        if found is None:
            return False
        self._print(" ---> Using cache\n")
        self.image = found
        return True

    async def _container(self, config: Mapping[str, Any]) -> str:
        parent = self.image.id if self.image else ""
        container = await self.bench.create(parent, config, self.options.host_config)
        self.containers.append(container)
        self._print(f" ---> Running in {container[:12]}\n")
        return container

    async def _commit(self, container: str, config: Mapping[str, Any]) -> None:
        image = await self.shelf.commit(
            self.image,
            container,
            {**config, "Hostname": container[:12]},
            self._config(),
            self.bench.layer(container),
            self.draft.author,
        )
        if self.options.remove:
            await self._remove(container)
        self.image = image

    async def _remove_all(self) -> None:
        for container in list(self.containers):
            await self._remove(container)

    async def _remove(self, container: str) -> None:
        await self.bench.remove(container)
        self.containers.remove(container)
        self._print(f" ---> Removed intermediate container {container[:12]}\n")

    async def _run_command(self, run: i.Command) -> None:
        argv = self.draft.argv(run)
        args, hidden = self.draft.run_args, self.draft.hidden_args
        counted = [f"|{len(args)}", *sorted(f"{n}={v}" for n, v in args.items())]
        if not (args or hidden):
            counted = []
        probe = self._config([*counted, *argv])
        if self._cached(probe):
            return
        env = {**self.draft.env, **args, **hidden}
        real = {
            **probe,
            "Cmd": argv,
            "Env": [f"{name}={value}" for name, value in env.items()],
            "Healthcheck": {"Test": ["NONE"]},
        }
        if argv:
            real["Entrypoint"] = [""]
        container = await self._container(real)
        code = await self.bench.run(container, self._output)
        if code:
            shown = " ".join(argv)
            raise BuildFailed(f"The command '{shown}' returned a non-zero code: {code}", code)
        await self._commit(container, probe)

    def _output(self, data: bytes, stream: int) -> None:
        # Go's JSON has one U+FFFD for each byte that is no UTF-8; half characters become that.
        text = data.decode("utf-8", "surrogateescape")
        self._print(f"{RED}{text}{PLAIN}" if stream == STDERR else text)

    async def _copy(self, copy: i.Copy) -> None:
        draft = self.draft
        found = await self.sources.find(copy, draft)
        to = draft.expand(copy.destination)
        check_several(copy, len(found), to.endswith("/"))
        text = await off_loop(size_of(found), lambda: describe_copy(copy, draft, found, to))
        config = self._config([*draft.shell, f"#(nop) {text} "])
        if self._cached(config):
            return
        target = self.shelf.files(self.image)
        layer = await copied(self.shelf, target, copy, draft, found, to)
        self.image = await self.shelf.commit(
            self.image, "", config, self._config(), layer, draft.author
        )


def _for_platform(shelf: Shelf, text: str) -> Shelf:
    try:
        return shelf.platform(text)
    except DockerError as problem:
        raise BuildFailed(f"failed to parse platform {text}: {problem}") from None


def _literal(text: str) -> str:
    """A word in which nothing is expanded."""
    return "'" + text.replace("'", "'\"'\"'") + "'" if text else text


def _label_instructions(labels: Mapping[str, str]) -> list[i.Instruction]:
    """`--label` as last instructions."""
    return [
        i.Pairs(
            lines.Line("LABEL", (), "", f"LABEL {name}={value}", 0, 0),
            ((_literal(name), _literal(value)),),
        )
        for name, value in sorted(labels.items())
    ]

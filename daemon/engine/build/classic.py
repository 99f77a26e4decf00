"""The classic builder: an image after every step, and for most of them a container that it is committed from."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import IO, Any, Protocol

from api_schema.oci import ContainerConfig
from daemon.engine.build.cache import key_of
from daemon.engine.build.checksum import checksum, total_size
from daemon.engine.build.classic_cache import ClassicCache
from daemon.engine.build.classic_options import ClassicOptions
from daemon.engine.build.copying import Copier, NotInContext, check_several, destination, sources
from daemon.engine.build.copying import Options as CopyOptions
from daemon.engine.build.downloads import Download, fetched, is_url
from daemon.engine.build.draft import BadPort, BuildArgs, Draft, resolve_globals
from daemon.engine.build.history import describe_classic
from daemon.engine.build.planner import DEFAULT_PATH, platform_args
from daemon.engine.build.unpack import unpack_archive
from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile import source as lines
from daemon.engine.dockerfile.errors import DockerfileError, FormError
from daemon.engine.dockerfile.words import Lexer
from daemon.engine.images import progress
from daemon.engine.images.image import Image
from daemon.engine.images.threads import off_loop
from daemon.errors import DockerError, InvalidParameter, System
from daemon.fs.filesystem import Filesystem

Message = dict[str, Any]
Output = Callable[[bytes, int], None]
STDERR = 2
RED, PLAIN = "\x1b[91m", "\x1b[0m"
NEEDS_BUILDKIT = (
    "the --{flag} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ "
    "to learn how to build images with BuildKit enabled"
)
BUILDKIT_FLAGS = (
    "chmod",
    "mount",
    "network",
    "security",
    "checksum",
    "keep-git-dir",
)
UNREADABLE = "failed to parse Dockerfile: "
EMPTY_LINE = "[WARNING]: Empty continuation line found in: {line}"
EMPTY_LINES = "[WARNING]: Empty continuation lines will become errors in a future release."
NOT_IN_CONTEXT = (
    "{keyword} failed: file not found in build context or excluded by .dockerignore: "
    "stat {path}: file does not exist"
)
NOT_IN_STAGE = "{keyword} failed: stat {path}: file does not exist"


@dataclass(frozen=True, slots=True)
class Found:
    """A source of COPY or ADD."""

    files: Filesystem
    path: str
    fetched: bool = False


class BuildFailed(DockerError):
    """A build that ended in its stream; `code` is a process's exit code."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


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


class Shelf(Protocol):
    """The images of a build."""

    async def base(self, name: str, *, pull: bool) -> Image:
        """An image by name, pulled if it is not here; DockerError if there is none."""

    def files(self, image: Image | None) -> Filesystem:
        """An image's files; None for none at all."""

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

    def layer_of(self, files: Filesystem) -> IO[bytes]:
        """What was changed in files that `files` gave."""

    @property
    def download(self) -> Download:
        """How ADD reads a URL."""

    def cache(self, options: ClassicOptions) -> ClassicCache: ...

    def owner(self, files: Filesystem, text: str) -> tuple[int, int]:
        """uid and gid by name; LookupError with dockerd's words."""


class ClassicBuild:
    """One build. `say` gets the messages of its stream, in order."""

    def __init__(
        self,
        context: Filesystem,
        options: ClassicOptions,
        shelf: Shelf,
        bench: Workbench,
        say: Callable[[Message], None],
    ) -> None:
        self.context = context
        self.options = options
        self.shelf = shelf
        self.bench = bench
        self.say = say
        self.cache = shelf.cache(options)
        self.args = BuildArgs(options.args)
        self.source = self._read()
        self.stages, self.globals = self._parse()
        self.results: dict[str, Image | None] = {}
        self.step = 0
        self.total = len(self.globals) + sum(1 + len(s.instructions) for s in self.stages)
        self.draft = Draft(ContainerConfig(), self.args)
        self.image: Image | None = None
        self.containers: list[str] = []

    def _read(self) -> lines.Source:
        """The Dockerfile's lines; a mistake in it is a refusal of the whole request."""
        name = self.options.dockerfile
        if posixpath.normpath(name.lstrip("/")).startswith(".."):
            raise System(f"forbidden path outside the build context: {name} ()")
        try:
            data = self.context.read_bytes(f"/{name}")
        except OSError:
            raise System(f"Cannot locate specified Dockerfile: {name}") from None
        if not data:
            raise InvalidParameter(f"the Dockerfile ({name}) cannot be empty")
        try:
            return lines.read(data)
        except DockerfileError as problem:
            raise InvalidParameter(UNREADABLE + problem.message) from None

    def _parse(self) -> tuple[list[i.Stage], list[i.Arg]]:
        try:
            stages, before = i.stages(self.source.lines)
        except FormError as problem:
            raise InvalidParameter(UNREADABLE + problem.message) from None
        except DockerfileError as problem:
            raise InvalidParameter(problem.message) from None
        target = self.options.target
        if target:
            names = [stage.name for stage in stages]
            number = int(target) if target.isdigit() else -1
            if target.lower() in names:
                number = names.index(target.lower())
            if not 0 <= number < len(stages):
                raise InvalidParameter(f'target stage "{target}" could not be found')
            stages = stages[: number + 1]
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
        finally:
            if self.options.force_remove:
                await self._remove_all()

    def _warn(self) -> None:
        for line, _ in self.source.warnings:
            self._print(f"{RED}{EMPTY_LINE.format(line=line)}\n{PLAIN}")
        if self.source.warnings:
            self._print(f"{RED}{EMPTY_LINES}\n{PLAIN}")

    async def _run(self) -> Image:
        self._warn()
        for arg in self.globals:
            self._announce(arg.line.original)
        resolve_globals(self.globals, self.args, self.source.escape)
        for number, stage in enumerate(self.stages):
            await self._stage(stage)
            self.results[str(number)] = self.image
            if stage.name:
                self.results[stage.name] = self.image
        if self.image is None:
            raise BuildFailed("No image was generated. Is your Dockerfile empty?")
        unconsumed = self.args.unconsumed()
        if unconsumed:
            names = " ".join(unconsumed)
            self._print(f"[Warning] One or more build-args [{names}] were not consumed\n")
        return self.image

    def _print(self, text: str) -> None:
        self.say({"stream": text})

    def _announce(self, text: str) -> None:
        self.step += 1
        self._print(f"Step {self.step}/{self.total} : {text.strip()}")
        self._print("\n")

    def _result(self, image: Image | None) -> None:
        self.image = image
        self._print(f" ---> {image.short_id if image else ''}\n")

    async def _stage(self, stage: i.Stage) -> None:
        self._announce(stage.line.original)
        known = {**platform_args(self.options.platform), **self.args.globals}
        name = Lexer(self.source.escape).word(stage.base, known)
        if not name:
            raise DockerfileError(f"base name ({stage.base}) should not be blank")
        self._result(await self._base(name))
        self.cache.reset()
        self._new_draft()
        instructions = [*self._triggers(), *stage.instructions]
        for position, instruction in enumerate(instructions):
            if position >= len(instructions) - len(stage.instructions):
                self._announce(instruction.line.original)
            await self._dispatch(instruction)
        if self.image:
            self.say({"aux": {"ID": self.image.id}})

    async def _base(self, name: str) -> Image | None:
        if name.lower() in self.results:
            return self.results[name.lower()]
        if name == "scratch":
            return None
        return await self.shelf.base(name, pull=self.options.pull)

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
            plural = "s" if len(triggers) > 1 else ""
            self._print(f"# Executing {len(triggers)} build trigger{plural}\n")
        parsed = [i.parse(lines.read(text.encode()).lines[0]) for text in triggers]
        return [one for one in parsed if isinstance(one, i.Instruction)]

    async def _dispatch(self, instruction: i.Instruction) -> None:
        for flag in BUILDKIT_FLAGS:
            if f"--{flag}" in [word.partition("=")[0] for word in instruction.line.flags]:
                raise BuildFailed(NEEDS_BUILDKIT.format(flag=flag))
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
        shell = self.draft.shell
        said = self.draft.apply(instruction)
        assert said is not None
        if instruction.keyword == "SHELL":
            shell = self.draft.shell
        text = describe_classic(instruction, self.draft, said)
        makes_folder = instruction.keyword == "WORKDIR"
        comment = [f"#(nop) {text}"] if makes_folder else ["#(nop) ", text]
        config = self._config([*shell, *comment])
        if self._cached(config):
            return
        container = await self._container(config)
        if makes_folder:
            self.bench.files(container).makedirs(self.draft.config.working_dir)
        await self._commit(container, config)

    def _cached(self, config: Mapping[str, Any]) -> bool:
        found = self.cache.find(self.image.id if self.image else "", config)
        if found is None:
            return False
        self._print(" ---> Using cache\n")
        self._result(found)
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
        self._result(image)

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
        counted = [f"|{len(args)}", *(f"{n}={v}" for n, v in args.items())]
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
            "Entrypoint": [""],
            "Healthcheck": {"Test": ["NONE"]},
        }
        container = await self._container(real)
        code = await self.bench.run(container, self._output)
        if code:
            shown = " ".join(argv)
            raise BuildFailed(f"The command '{shown}' returned a non-zero code: {code}", code)
        await self._commit(container, probe)

    def _output(self, data: bytes, stream: int) -> None:
        text = data.decode("utf-8", "replace")
        self._print(f"{RED}{text}{PLAIN}" if stream == STDERR else text)

    async def _copy(self, copy: i.Copy) -> None:
        draft = self.draft
        found = await self._found(copy)
        to = draft.expand(copy.destination)
        path, to_folder = destination(draft.config.working_dir, to)
        check_several(copy, len(found), to_folder)
        size = sum(total_size(one.files, [one.path]) for one in found)
        text = await off_loop(size, lambda: self._copy_text(copy, found, to))
        config = self._config([*draft.shell, f"#(nop) {text} "])
        if self._cached(config):
            return
        target = self.shelf.files(self.image)
        chown = copy.flags.text("chown")
        options = CopyOptions(
            self._owner(target, draft.expand(chown)) if chown else (0, 0),
        )
        unpacking = replace(options, unpack=unpack_archive) if copy.keyword == "ADD" else options

        def work() -> IO[bytes]:
            for one in found:
                copier = Copier(target, options if one.fetched else unpacking)
                copier.copy(one.files, one.path, path, to_folder=to_folder)
            return self.shelf.layer_of(target)

        layer = await off_loop(size, work)
        self._result(
            await self.shelf.commit(self.image, "", config, self._config(), layer, draft.author)
        )

    async def _copy_source(self, copy: i.Copy) -> Filesystem:
        name = copy.flags.text("from")
        if not name:
            return self.context
        if name.lower() in self.results:
            return self.shelf.files(self.results[name.lower()])
        try:
            return self.shelf.files(await self.shelf.base(name, pull=False))
        except DockerError as problem:
            raise BuildFailed(f"invalid from flag value {name}: {problem}") from None

    async def _found(self, copy: i.Copy) -> list[Found]:
        words = [self.draft.expand(word) for word in copy.sources]
        urls = [word for word in words if copy.keyword == "ADD" and is_url(word)]
        files = await self._copy_source(copy)
        paths = self._paths(copy, [word for word in words if word not in urls], files)
        found = [Found(files, path) for path in paths]
        found += [await self._fetched(url) for url in urls]
        if not found:
            raise BuildFailed(f"{copy.keyword} failed: no source files were specified")
        return found

    async def _fetched(self, url: str) -> Found:
        files = self.shelf.files(None)
        try:
            path = await fetched(url, self.shelf.download, files)
        except DockerError as problem:
            raise BuildFailed(f"ADD failed: {problem}") from None
        size = files.stat(path).size
        self.say(progress.bar("Downloading", "", size, size))
        self._print("\n")
        return Found(files, path, fetched=True)

    def _paths(self, copy: i.Copy, words: Iterable[str], files: Filesystem) -> list[str]:
        found: list[str] = []
        from_stage = bool(copy.flags.text("from"))
        for expanded in words:
            if posixpath.normpath(expanded.lstrip("/")).startswith(".."):
                raise BuildFailed(
                    f"{copy.keyword} failed: forbidden path outside the build context: {expanded} ()"
                )
            try:
                found += sources(files, expanded)
            except NotInContext as missing:
                if any(char in expanded for char in "*?["):
                    continue
                path = missing.path.lstrip("/")
                form = NOT_IN_STAGE if from_stage else NOT_IN_CONTEXT
                text = form.format(keyword=copy.keyword, path=path)
                raise BuildFailed(text) from None
        return found

    def _copy_text(self, copy: i.Copy, found: list[Found], to: str) -> str:
        kind = "dir" if found[0].files.isdir(found[0].path) else "file"
        digests = [checksum(one.files, [one.path]) for one in found]
        digest = key_of(*digests) if len(digests) > 1 else digests[0]
        chown = copy.flags.text("chown")
        owner = f"--chown={self.draft.expand(chown)} " if chown else ""
        return f"{copy.keyword} {owner}{'multi' if len(found) > 1 else kind}:{digest} in {to}"

    def _owner(self, target: Filesystem, text: str) -> tuple[int, int]:
        try:
            return self.shelf.owner(target, text)
        except LookupError as unknown:
            raise BuildFailed(
                f"unable to convert uid/gid chown string to host mapping: {unknown.args[0]}"
            ) from None


def _label_instructions(labels: Mapping[str, str]) -> list[i.Instruction]:
    """`--label` as last instructions."""
    return [
        i.Pairs(lines.Line("LABEL", (), "", f"LABEL {name}={value}", 0, 0), ((name, value),))
        for name, value in sorted(labels.items())
    ]

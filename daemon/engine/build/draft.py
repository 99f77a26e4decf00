"""An image's config while the instructions of one stage change it."""

from __future__ import annotations

import posixpath
import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import cast

from api_schema.oci import ContainerConfig
from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import clean
from daemon.engine.dockerfile.words import Lexer, go_escape
from daemon.engine.signals import parse_signal
from daemon.errors import InvalidParameter

DEFAULT_SHELL = ("/bin/sh", "-c")
PREDEFINED_ARGS = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
)
"""Build arguments that need no ARG and leave no trace in the history."""

_PORTS = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(slots=True)
class BuildArgs:
    """What `--build-arg` gave, what the ARGs before the first FROM say, and which of it was asked for."""

    given: Mapping[str, str]
    globals: dict[str, str] = field(default_factory=dict)
    platform: Mapping[str, str] = field(default_factory=dict)
    consumed: set[str] = field(default_factory=set)
    unset: frozenset[str] = frozenset()
    """Names that were given without a value: nothing comes of them but the complaint that nobody wants them."""

    def value(self, name: str, default: str | None) -> str | None:
        """The value of `ARG name`, None if it stays unset."""
        self.consumed.add(name)
        if name in self.given:
            return self.given[name]
        if default is not None:
            return default
        return self.globals.get(name, self.platform.get(name))

    @property
    def proxies(self) -> dict[str, str]:
        """Predefined arguments that were given: the classic builder expands them without an ARG."""
        return {n: v for n, v in self.given.items() if n in PREDEFINED_ARGS}

    def unconsumed(self) -> list[str]:
        """Given names that no ARG asked for."""
        names = self.given.keys() | self.unset
        return sorted(names - self.consumed - PREDEFINED_ARGS)


@dataclass(slots=True)
class Draft:
    """Config, author and variables of a stage. Metadata instructions act here; files are somebody else's."""

    config: ContainerConfig
    build_args: BuildArgs
    escape: str = "\\"
    author: str = ""
    args: dict[str, str | None] = field(default_factory=dict)
    last_wins: bool = False
    """BuildKit's way: of an ARG and an ENV of one name the later one counts, and an ARG sees those before it in its line.
    For the classic builder ENV always counts, and no line sees itself."""
    order: dict[str, None] = field(default_factory=dict)
    """Names that ENV and ARG gave a value to, the last one last."""
    cmd_set: bool = False
    undefined: list[tuple[str, list[str]]] = field(default_factory=list)
    """Variables that were asked for and that nothing defined, word by word, each with what was defined then."""
    _args_on_top: set[str] = field(default_factory=set)
    _env: dict[str, str] = field(default_factory=dict)
    _env_of: list[str] | None = None
    """The entries that `_env` was made from."""

    @property
    def shell(self) -> list[str]:
        return list(self.config.shell or DEFAULT_SHELL)

    @property
    def env(self) -> Mapping[str, str]:
        """The image's environment, in order."""
        entries = self.config.env or []
        if self._env_of is not entries:
            pairs = (entry.partition("=") for entry in entries)
            self._env = {name: value for name, _, value in pairs}
            self._env_of = entries
        return self._env

    def set_env(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Names keep their place. Quick for the thousands of them that generated Dockerfiles have."""
        entries = list(self.config.env or ())
        for name, value in pairs:
            if name in self.env:
                at = next(n for n, entry in enumerate(entries) if entry.partition("=")[0] == name)
                entries[at] = f"{name}={value}"
            else:
                entries.append(f"{name}={value}")
            self._env[name] = value
            self._gave(name)
        self.config.env = entries
        self._env_of = self.config.env

    @property
    def run_args(self) -> dict[str, str]:
        """ARGs that a RUN sees as environment; unset ones are left out, as are those that ENV hides."""
        env, on_top = self.env, self._args_on_top
        shown = (n for n in self.args if n not in env or n in on_top)
        return {n: v for n in shown if (v := self.args[n]) is not None}

    @property
    def environment(self) -> dict[str, str]:
        """What a RUN sees, in the order in which BuildKit gives it: what came with the image, then the newest last."""
        known = {**self.env, **self.run_args}
        old = [name for name in known if name not in self.order]
        return {name: known[name] for name in [*old, *self.order] if name in known}

    def _gave(self, name: str) -> None:
        self.order.pop(name, None)
        self.order[name] = None

    @property
    def hidden_args(self) -> dict[str, str]:
        """Predefined arguments (proxies), given without an ARG."""
        return {n: v for n, v in self.build_args.proxies.items() if n not in self.args}

    @property
    def variables(self) -> MutableMapping[str, str]:
        """What `$name` in a Dockerfile stands for."""
        hidden = {} if self.last_wins else self.hidden_args
        return ChainMap(self.run_args, cast("MutableMapping[str, str]", self.env), hidden)

    def expand(self, text: str) -> str:
        """One word with its variables replaced; DockerfileError for a bad substitution."""
        return self._expanded(Lexer(self.escape), text)

    def expand_raw(self, text: str) -> str:
        """Variables replaced, quotes kept as they are: the content of a here-document."""
        return self._expanded(Lexer("\\", plain_quotes=True), text)

    def _expanded(self, lexer: Lexer, text: str) -> str:
        try:
            return lexer.word(text, self.variables)
        finally:
            for name in sorted(lexer.unmatched - self.args.keys()):
                self.undefined.append((name, [*self.run_args, *self.env]))

    def expand_words(self, text: str) -> list[str]:
        return Lexer(self.escape).words(text, self.variables)

    def apply(self, instruction: i.Instruction) -> str | None:
        """Carry out a metadata instruction and return what the history says of it; None if it is none."""
        rule = RULES.get(instruction.keyword)
        return rule(self, instruction) if rule else None

    def argv(self, command: i.Command) -> list[str]:
        """The argv of a RUN, CMD or ENTRYPOINT: the shell form behind the stage's shell."""
        if not command.shell_form:
            return list(command.argv)
        return [*self.shell, *(command.argv or ([""] if self.last_wins else []))]


def resolve_globals(before: Iterable[i.Arg], build_args: BuildArgs, escape: str) -> None:
    """The ARGs before the first FROM; each sees those above it."""
    for arg in before:
        for name, default in arg.pairs:
            seen = {**build_args.platform, **build_args.globals}
            text = None if default is None else Lexer(escape).word(default, seen)
            value = build_args.value(name, text)
            if value is not None:
                build_args.globals[name] = value


def quoted(words: Iterable[str]) -> str:
    """Go's %q of a string slice."""
    return "[" + " ".join(f'"{go_escape(word)}"' for word in words) + "]"


def _arg(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Arg)
    pairs: Iterable[tuple[str, str | None]] = (
        (draft.expand(name), None if default is None else draft.expand(default))
        for name, default in instruction.pairs
    )
    if not draft.last_wins:
        pairs = list(pairs)
    said = []
    for name, default in pairs:
        value = draft.build_args.value(name, default)
        draft.args[name] = value
        if value is not None:
            draft._gave(name)
        if draft.last_wins and value is not None:
            draft._args_on_top.add(name)
        shown = value if draft.last_wins else default
        said.append(name if shown is None else f"{name}={shown}")
    return "ARG " + " ".join(said)


def _env(draft: Draft, instruction: i.Instruction) -> str:
    pairs = _expanded(draft, instruction)
    draft.set_env(pairs)
    draft._args_on_top.difference_update(name for name, _ in pairs)
    return "ENV " + " ".join(f"{name}={value}" for name, value in pairs)


def _label(draft: Draft, instruction: i.Instruction) -> str:
    pairs = _expanded(draft, instruction)
    draft.config.labels = {**(draft.config.labels or {}), **dict(pairs)}
    return "LABEL " + " ".join(f"{name}={value}" for name, value in pairs)


def _expanded(draft: Draft, instruction: i.Instruction) -> list[tuple[str, str]]:
    """All pairs of one instruction see the variables as they were before it."""
    assert isinstance(instruction, i.Pairs)
    return [(draft.expand(name), draft.expand(value)) for name, value in instruction.pairs]


def _maintainer(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Text)
    draft.author = instruction.value
    return f"MAINTAINER {instruction.value}"


def _workdir(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Text)
    path = draft.expand(instruction.value)
    if not (path or draft.last_wins):
        raise DockerfileError("cannot normalize nothing")
    if not (draft.last_wins and path.startswith("/")):  # which BuildKit leaves as it is written
        path = clean(posixpath.join(draft.config.working_dir or "/", path))
    draft.config.working_dir = path
    return f"WORKDIR {draft.config.working_dir}"


def _user(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Text)
    draft.config.user = draft.expand(instruction.value)
    return f"USER {draft.config.user}"


def _stopsignal(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Text)
    draft.config.stop_signal = draft.expand(instruction.value)
    try:
        parse_signal(draft.config.stop_signal)
    except InvalidParameter as problem:
        raise DockerfileError(str(problem)) from None
    return f"STOPSIGNAL {draft.config.stop_signal}"


def _expose(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Texts)
    words = [word for value in instruction.values for word in draft.expand_words(value)]
    ports = [port for word in words for port in expose_ports(word)]
    draft.config.exposed_ports = {
        **(draft.config.exposed_ports or {}),
        **{port: {} for port in sorted(ports)},
    }
    return "EXPOSE " + " ".join(words)


class BadPort(DockerfileError):
    """A port that EXPOSE refuses; `classic` is how the classic builder says it."""

    def __init__(self, message: str, classic: str) -> None:
        super().__init__(message)
        self.classic = classic


def expose_ports(word: str) -> list[str]:
    """`9000-9002/udp` as single `port/protocol` names; an address and a host port before it are ignored."""
    protocol = protocol_of(word)
    ports = word.partition("/")[0].rpartition(":")[2]
    match = _PORTS.fullmatch(ports)
    first, last = (int(match.group(1)), int(match.group(2) or match.group(1))) if match else (1, 0)
    if not first <= last <= 65535:
        raise BadPort(f"invalid containerPort: {ports}", f"Invalid containerPort: {ports}")
    return [f"{port}/{protocol}" for port in range(first, last + 1)]


def protocol_of(word: str) -> str:
    """The protocol of a port of EXPOSE, in lower case."""
    ports, _, protocol = word.partition("/")
    if not ports.rpartition(":")[2]:
        raise BadPort(
            f'invalid port: "{word}": no port specified', f"No port specified: {word}<empty>"
        )
    protocol = (protocol or "tcp").lower()
    if protocol not in ("tcp", "udp", "sctp"):
        raise BadPort(
            f'invalid port: "{word}": invalid proto: {protocol}', f"Invalid proto: {protocol}"
        )
    return protocol


def _volume(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Texts)
    paths = [draft.expand(value) for value in instruction.values]
    if "" in paths:
        raise DockerfileError("VOLUME specified can not be an empty string")
    draft.config.volumes = {**(draft.config.volumes or {}), **{path: {} for path in paths}}
    return f"VOLUME [{' '.join(paths)}]"


def _shell(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Command)
    draft.config.shell = list(instruction.argv)
    return f"SHELL [{' '.join(instruction.argv)}]"


def _cmd(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Command)
    draft.config.cmd = draft.argv(instruction)
    draft.cmd_set = True
    return f"CMD {quoted(draft.config.cmd)}"


def _entrypoint(draft: Draft, instruction: i.Instruction) -> str:
    """A new entrypoint drops the command that came with the base image."""
    assert isinstance(instruction, i.Command)
    empty = instruction.shell_form and not instruction.argv and not draft.last_wins
    draft.config.entrypoint = None if empty else draft.argv(instruction) or None
    if not draft.cmd_set:
        draft.config.cmd = None
    return f"ENTRYPOINT {quoted(draft.config.entrypoint or [])}"


def _healthcheck(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Healthcheck)
    draft.config.healthcheck = {"Test": list(instruction.test), **instruction.options}
    return f"HEALTHCHECK {' '.join(instruction.test)}"


def _onbuild(draft: Draft, instruction: i.Instruction) -> str:
    assert isinstance(instruction, i.Onbuild)
    draft.config.on_build = [*(draft.config.on_build or ()), instruction.trigger]
    return f"ONBUILD {instruction.trigger}"


RULES: dict[str, Callable[[Draft, i.Instruction], str]] = {
    "ARG": _arg,
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}

"""Typed instructions and stages, with the refusals of BuildKit's instruction parser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.engine.dockerfile import source
from daemon.engine.dockerfile.durations import parse_duration
from daemon.engine.dockerfile.errors import DockerfileError, FormError, did_you_mean
from daemon.engine.dockerfile.flags import Flags
from daemon.engine.dockerfile.source import Heredoc, Line
from daemon.engine.dockerfile.words import go_escape, split_quoted

STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_SPACE = re.compile(r"[\t\v\f\r ]+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """Base of all; `line` is where it stands and how it was written."""

    line: Line

    @property
    def keyword(self) -> str:
        return self.line.keyword.upper()


@dataclass(frozen=True, slots=True)
class Pairs(Instruction):
    """ENV and LABEL: names with their still unexpanded values; `old_form` for `ENV name value`."""

    pairs: tuple[tuple[str, str], ...]
    old_form: bool = False


@dataclass(frozen=True, slots=True)
class Arg(Instruction):
    """ARG: names with a default, or None."""

    pairs: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Text(Instruction):
    """MAINTAINER, WORKDIR, USER, STOPSIGNAL: one unexpanded value."""

    value: str


@dataclass(frozen=True, slots=True)
class Texts(Instruction):
    """EXPOSE, VOLUME: several values."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command(Instruction):
    """RUN, CMD, ENTRYPOINT, SHELL: `argv` of the JSON form, else one text for the shell."""

    argv: tuple[str, ...]
    shell_form: bool
    heredocs: tuple[Heredoc, ...] = ()
    flags: Flags = field(default_factory=Flags)


@dataclass(frozen=True, slots=True)
class Copy(Instruction):
    """COPY and ADD: `sources` are paths, `inline` are here-documents."""

    sources: tuple[str, ...]
    destination: str
    inline: tuple[Heredoc, ...]
    flags: Flags


@dataclass(frozen=True, slots=True)
class Healthcheck(Instruction):
    """HEALTHCHECK as image config: Test and durations in nanoseconds."""

    test: tuple[str, ...]
    options: dict[str, int]


@dataclass(frozen=True, slots=True)
class Onbuild(Instruction):
    """ONBUILD: the instruction to run later, as text."""

    trigger: str


@dataclass(slots=True)
class Stage:
    """FROM and the instructions that follow it."""

    line: Line
    base: str
    name: str
    platform: str
    instructions: list[Instruction] = field(default_factory=list)


def stages(
    lines: list[Line], look: Callable[[Line], None] = lambda _: None
) -> tuple[list[Stage], list[Arg]]:
    """The stages, and the ARGs before the first FROM; `look` sees each line before it is understood.

    Lines that cannot be split are told of first, whatever is wrong with lines above them.
    """
    found: list[Stage] = []
    before: list[Arg] = []
    for line, parsed in [(line, _parsed(line)) for line in lines]:
        look(line)
        if isinstance(parsed, DockerfileError):
            raise parsed
        if isinstance(parsed, Stage):
            found.append(parsed)
        elif found:
            found[-1].instructions.append(parsed)
        elif isinstance(parsed, Arg):
            before.append(parsed)
        else:
            raise DockerfileError("no build stage in current context", (line.start, line.end))
    return found, before


def _parsed(line: Line) -> Instruction | Stage | DockerfileError:
    try:
        return parse_numbered(line)
    except FormError:
        raise
    except DockerfileError as problem:
        return problem


def parse_numbered(line: Line) -> Instruction | Stage:
    """`parse`, whose mistakes carry the line's number in their text, as docker prints them."""
    try:
        return parse(line)
    except FormError as problem:
        raise FormError(problem.message, (line.start, line.end)) from None
    except DockerfileError as problem:
        text = f"dockerfile parse error on line {line.start}: {problem.message}"
        raise DockerfileError(text, (line.start, line.end)) from None


def parse(line: Line) -> Instruction | Stage:
    """One typed instruction, or DockerfileError in BuildKit's words."""
    rule = RULES.get(line.keyword.lower())
    if rule is None:
        hint = did_you_mean(line.keyword, [name.upper() for name in RULES])
        raise DockerfileError(f"unknown instruction: {line.keyword}{hint}")
    return rule(line)


def _need_one(line: Line) -> str:
    if not line.rest:
        raise DockerfileError(f"{line.keyword.upper()} requires exactly one argument")
    return line.rest


def _need_some(line: Line) -> str:
    if not line.rest:
        raise DockerfileError(f"{line.keyword.upper()} requires at least one argument")
    return line.rest


def _json_list(text: str) -> tuple[str, ...] | None:
    """A JSON array of strings, None for anything that is no JSON array."""
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text)
    except ValueError:
        return None
    if not all(isinstance(value, str) for value in values):
        raise FormError("when using JSON array syntax, arrays must be comprised of strings only")
    return tuple(values)


def _words_or_json(line: Line) -> tuple[str, ...]:
    listed = _json_list(line.rest)
    if listed is not None:
        return listed
    return tuple(_SPACE.split(line.rest)) if line.rest else ()


def _pairs(line: Line) -> Pairs:
    Flags.parse(line)
    keyword = line.keyword.upper()
    words = split_quoted(_need_some(line), line.escape)
    if "=" not in words[0]:
        name, *value = _SPACE.split(line.rest, maxsplit=1)
        if not value:
            raise FormError(f"{keyword} must have two arguments")
        return Pairs(line, ((name, value[0]),), old_form=True)
    pairs = []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            quoted = go_escape(word)
            raise FormError(
                f'Syntax error - can\'t find = in "{quoted}". Must be of the form: name=value'
            )
        if not name:
            raise DockerfileError(f"{keyword} names can not be blank")
        pairs.append((name, text))
    return Pairs(line, tuple(pairs))


def _arg(line: Line) -> Arg:
    pairs: list[tuple[str, str | None]] = []
    for word in split_quoted(_need_some(line), line.escape):
        name, equals, text = word.partition("=")
        if not name:
            raise DockerfileError("ARG names can not be blank")
        pairs.append((name, text if equals else None))
    return Arg(line, tuple(pairs))


def _text(line: Line) -> Text:
    value = _need_one(line)
    if line.keyword.lower() != "stopsignal":
        Flags.parse(line)
    return Text(line, value)


def _expose(line: Line) -> Texts:
    _need_some(line)
    Flags.parse(line)
    return Texts(line, tuple(sorted(_SPACE.split(line.rest))))


def _volume(line: Line) -> Texts:
    values = tuple(value.strip() for value in _words_or_json(line))
    if not values:
        raise DockerfileError("VOLUME requires at least one argument")
    Flags.parse(line)
    if "" in values:
        raise DockerfileError("VOLUME specified can not be an empty string")
    return Texts(line, values)


def _command(line: Line) -> Command:
    flags = Flags.parse(line)
    listed = _json_list(line.rest)
    if listed is not None:
        return Command(line, listed, shell_form=False, heredocs=line.heredocs, flags=flags)
    argv = (line.rest,) if line.rest else ()
    return Command(line, argv, shell_form=True, heredocs=line.heredocs, flags=flags)


NETWORKS = ("", "default", "none", "host")


def _run(line: Line) -> Command:
    command = _command(line)
    network = command.flags.text("network")
    if network not in NETWORKS:
        raise DockerfileError(f'invalid network mode "{network}"')
    if "" in command.flags.all("mount"):
        raise DockerfileError("failed to parse csv mounts: EOF")
    return command


def _shell(line: Line) -> Command:
    command = _command(line)
    if not command.argv:
        raise DockerfileError("SHELL requires at least one argument")
    if command.shell_form:
        raise DockerfileError("SHELL requires the arguments to be in JSON form")
    return command


def _copy(line: Line) -> Copy:
    words = _words_or_json(line)
    keyword = line.keyword.upper()
    if len(words) < 2:
        raise DockerfileError(
            f"{keyword} requires at least two arguments, but only one was provided. "
            "Destination could not be determined"
        )
    flags = Flags.parse(line)
    *sources, destination = words
    if source.heredoc(destination):
        raise DockerfileError(f"{keyword} cannot accept a heredoc as a destination")
    bodies = {body.name: body for body in line.heredocs}
    announced = {word: source.heredoc(word) for word in sources}
    # A line that cannot be split into words announces nothing: what looks like a here-document is a path then.
    found = {
        word: bodies[doc.name] for word, doc in announced.items() if doc and doc.name in bodies
    }
    inline = tuple(found.values())
    paths = tuple(word for word in sources if word not in found)
    return Copy(line, paths, destination, inline, flags)


def _from(line: Line) -> Stage:
    words = _SPACE.split(line.rest) if line.rest else []
    name = ""
    if len(words) == 3 and words[1].lower() == "as":
        name = words[2].lower()
        if not STAGE_NAME.fullmatch(name):
            raise DockerfileError(
                f'invalid name for build stage: "{go_escape(words[2])}", '
                "name can't start with a number or contain symbols"
            )
    elif len(words) != 1:
        raise DockerfileError("FROM requires either one or three arguments")
    return Stage(line, words[0], name, Flags.parse(line).text("platform"))


def _onbuild(line: Line) -> Onbuild:
    word = _need_some(line).split()[0].upper()
    Flags.parse(line)
    if word == "ONBUILD":
        raise DockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if word in ("MAINTAINER", "FROM"):
        raise DockerfileError(f"{word} isn't allowed as an ONBUILD trigger")
    trigger = re.sub(r"(?i)^\s*ONBUILD\s*", "", line.original)
    for body in line.heredocs:
        trigger += f"\n{body.content}{body.name}"
    return Onbuild(line, trigger)


def _healthcheck(line: Line) -> Healthcheck:
    kind, *rest = _need_some(line).split(maxsplit=1)
    kind, text = kind.upper(), rest[0] if rest else ""
    if kind == "NONE":
        if text:
            raise DockerfileError("HEALTHCHECK NONE takes no arguments")
        return Healthcheck(line, ("NONE",), {})
    flags = Flags.parse(line)
    if kind != "CMD":
        raise DockerfileError(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)')
    if not text:
        raise DockerfileError("Missing command after HEALTHCHECK CMD")
    listed = _json_list(text)
    test = ("CMD-SHELL", text) if listed is None else ("CMD", *listed)
    return Healthcheck(line, test, _health_options(flags))


HEALTH_DURATIONS = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
}


def _health_options(flags: Flags) -> dict[str, int]:
    options = {}
    for flag, name in HEALTH_DURATIONS.items():
        nanoseconds = parse_duration(flags.text(flag)) if flags.text(flag) else 0
        if nanoseconds and nanoseconds < 1_000_000:
            raise DockerfileError(f'Interval "{flag}" cannot be less than 1ms')
        if nanoseconds:
            options[name] = nanoseconds
    if retries := flags.text("retries"):
        options["Retries"] = _retries(retries)
    return options


def _retries(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text):
        raise DockerfileError(f'strconv.ParseInt: parsing "{go_escape(text)}": invalid syntax')
    if int(text) < 0:
        raise DockerfileError(f"--retries cannot be negative ({int(text)})")
    return int(text)


RULES: dict[str, Callable[[Line], Instruction | Stage]] = {
    "add": _copy,
    "arg": _arg,
    "cmd": _command,
    "copy": _copy,
    "entrypoint": _command,
    "env": _pairs,
    "expose": _expose,
    "from": _from,
    "healthcheck": _healthcheck,
    "label": _pairs,
    "maintainer": _text,
    "onbuild": _onbuild,
    "run": _run,
    "shell": _shell,
    "stopsignal": _text,
    "user": _text,
    "volume": _volume,
    "workdir": _text,
}

"""What an image's history says of each instruction, in BuildKit's words and in the classic builder's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from daemon.engine.build import operations as ops
from daemon.engine.build.draft import Draft, expose_ports, quoted
from daemon.engine.dockerfile import instructions as i


def describe(instruction: i.Instruction, draft: Draft, said: str) -> str:
    """BuildKit's text for a metadata instruction; `said` is the one that both builders share."""
    if instruction.keyword == "EXPOSE":
        ports = [port for word in said.split()[1:] for port in expose_ports(word)]
        return f"EXPOSE [{' '.join(ports)}]"
    if instruction.keyword == "HEALTHCHECK":
        return f"HEALTHCHECK {_quoted_healthcheck(draft.config.healthcheck or {})}"
    return said


def describe_classic(instruction: i.Instruction, draft: Draft, said: str) -> str:
    """The classic builder's text for a metadata instruction."""
    if instruction.keyword != "HEALTHCHECK":
        return said
    health = draft.config.healthcheck or {}
    test = " ".join(health.get("Test", ()))
    return f"HEALTHCHECK &{{[{test}] {' '.join(_times(health))} {health.get('Retries', 0)}}}"


def _quoted_healthcheck(health: Mapping[str, object]) -> str:
    """Go's %q of the struct: quoted words and times, and the number of retries as a character."""
    test, retries = health.get("Test"), health.get("Retries", 0)
    words = quoted(test if isinstance(test, list) else [])
    times = " ".join(f'"{time}"' for time in _times(health))
    return f"&{{{words} {times} {_go_rune(retries if isinstance(retries, int) else 0)}}}"


def _go_rune(number: int) -> str:
    named = {
        7: "\\a",
        8: "\\b",
        9: "\\t",
        10: "\\n",
        11: "\\v",
        12: "\\f",
        13: "\\r",
        39: "\\'",
        92: "\\\\",
    }
    if number in named:
        return f"'{named[number]}'"
    return f"'{chr(number)}'" if chr(number).isprintable() else f"'\\x{number:02x}'"


def _times(health: Mapping[str, object]) -> list[str]:
    names = ("Interval", "Timeout", "StartPeriod", "StartInterval")
    values = [health.get(name, 0) for name in names]
    return [go_duration(value) for value in values if isinstance(value, int)]


def go_duration(nanoseconds: int) -> str:
    """Go's Duration.String: `1m30s`, `1.5s`, `300ms`, `0s`."""
    if nanoseconds < 1_000_000_000:
        for unit, size in (("ms", 1_000_000), ("µs", 1_000), ("ns", 1)):
            if nanoseconds >= size:
                return f"{_trimmed(nanoseconds, size)}{unit}"
        return "0s"
    minutes, rest = divmod(nanoseconds, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{_trimmed(rest, 1_000_000_000)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


def _trimmed(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    digits = f"{rest:0{len(str(size)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


def copy_text(copy: i.Copy, operation: ops.CopyFiles, sources: Iterable[str], to: str) -> str:
    """The history text of COPY and ADD."""
    words = [copy.keyword]
    if operation.parents:
        words.append("--parents")
    for flag, value in (("chown", operation.chown), ("chmod", operation.chmod)):
        if value:
            words.append(f"--{flag}={value}")
    words += sources
    words += [f"<<{name}" for name, _ in operation.inline]
    return " ".join([*words, to]) + " # buildkit"


def run_text(draft: Draft, argv: list[str]) -> str:
    """`|n NAME=value … argv`: the ARGs so far, then the command."""
    known = draft.variables
    args = [f"{name}={known.get(name, value or '')}" for name, value in draft.args.items()]
    counted = [f"|{len(args)}", *args] if args else []
    return " ".join([*counted, *argv])

"""The `--flags` of instructions, declared as a table."""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.engine.dockerfile.errors import DockerfileError, did_you_mean
from daemon.engine.dockerfile.source import Line

TEXT, SWITCH, LIST = "text", "switch", "list"

KNOWN: dict[str, dict[str, str]] = {
    "add": {
        "chown": TEXT,
        "chmod": TEXT,
        "link": SWITCH,
        "keep-git-dir": SWITCH,
        "checksum": TEXT,
        "unpack": SWITCH,
        "exclude": LIST,
    },
    "copy": {
        "chown": TEXT,
        "from": TEXT,
        "chmod": TEXT,
        "link": SWITCH,
        "exclude": LIST,
    },
    "from": {"platform": TEXT},
    "healthcheck": {
        "interval": TEXT,
        "timeout": TEXT,
        "start-period": TEXT,
        "start-interval": TEXT,
        "retries": TEXT,
    },
    "run": {"mount": LIST, "network": TEXT, "device": LIST},
}

LATER: dict[str, dict[str, str]] = {"copy": {"parents": SWITCH}, "run": {"security": TEXT}}
"""Flags that the engine's own frontend does not know, but those that a `# syntax=` line brings do."""


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags that were given, by name; every value checked against the table."""

    given: dict[str, list[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.given.get(name, [""])[-1]

    def switch(self, name: str) -> bool:
        return self.text(name) == "true"

    def all(self, name: str) -> list[str]:
        return self.given.get(name, [])

    @classmethod
    def parse(cls, line: Line) -> Flags:
        """The line's flags, or DockerfileError in BuildKit's words."""
        keyword = line.keyword.lower()
        known = KNOWN.get(keyword, {})
        if line.newest:
            known = known | LATER.get(keyword, {})
        given: dict[str, list[str]] = {}
        for word in line.flags:
            flag, equals, value = word.partition("=")
            name = flag[2:]
            if name not in known:
                raise DockerfileError(f"unknown flag: {flag}{did_you_mean(name, known)}")
            if name in given and known[name] != LIST:
                raise DockerfileError(f"duplicate flag specified: {flag}")
            given.setdefault(name, []).append(_value(flag, known[name], equals, value))
        return cls(given)


def _value(flag: str, kind: str, equals: str, value: str) -> str:
    if (equals and not value) if kind == SWITCH else not equals:
        raise DockerfileError(f"missing a value on flag: {flag}")
    if kind != SWITCH:
        return value
    spelled = value.lower() or "true"
    if spelled not in ("true", "false"):
        raise DockerfileError(f"expecting boolean value for flag {flag}, not: {value}")
    return spelled

"""`RUN --mount=…`: its fields as a table, with BuildKit's refusals."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass

from daemon.engine.dockerfile.errors import DockerfileError, did_you_mean

TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
SHARING = ("shared", "private", "locked")
TRUE = ("1", "t", "T", "true", "TRUE", "True")
FALSE = ("0", "f", "F", "false", "FALSE", "False")
KEYS = [
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
    "readwrite",
    "env",
]
OWNED = ("secret", "ssh", "cache")
UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(slots=True)
class Mount:
    """One mount. `readonly` is settled; `mode`, `uid`, `gid` None where not given."""

    type: str = "bind"
    source_stage: str = ""
    source: str = ""
    target: str = ""
    readonly: bool | None = None
    id: str = ""
    sharing: str = ""
    required: bool = False
    size: int = 0
    env: str | None = None
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None

    @property
    def secret_id(self) -> str:
        """What the client knows a secret by."""
        return self.id or self.source or self.target.rpartition("/")[2]


def stage_of(text: str) -> str:
    """The `from` of a mount, readable before variables are known; it takes none."""
    for field in _fields(text):
        key, _, value = field.partition("=")
        if key.lower() == "from":
            if "$" in value[:-1]:
                raise DockerfileError(
                    "'from' doesn't support variable expansion, define alias stage instead"
                )
            return value
    return ""


def parse_mount(text: str, expand: Callable[[str], str]) -> Mount:
    """A whole mount, its values expanded; DockerfileError in BuildKit's words."""
    mount = Mount()
    for field in _fields(text):
        key, equals, value = field.partition("=")
        _set(mount, key.lower(), expand(value) if equals else None, field)
    if mount.readonly is None:
        mount.readonly = mount.type not in ("cache", "tmpfs")
    _check(mount)
    return mount


def _fields(text: str) -> list[str]:
    return next(iter(csv.reader([text])), [])


def _set(mount: Mount, key: str, value: str | None, field: str) -> None:
    if value is None:
        _set_bare(mount, key, field)
        return
    rule = _RULES.get(key)
    if rule is None:
        raise DockerfileError(f"unexpected key '{key}' in '{field}'{did_you_mean(key, KEYS)}")
    rule(mount, key, value)


def _set_bare(mount: Mount, key: str, field: str) -> None:
    """Switches may stand without a value."""
    if key not in ("readonly", "ro", "readwrite", "rw", "required"):
        raise DockerfileError(f"invalid field '{field}' must be a key=value pair")
    _RULES[key](mount, key, "true")


def _boolean(key: str, value: str) -> bool:
    if value not in TRUE + FALSE:
        raise DockerfileError(f"invalid value for {key}: {value}")
    return value in TRUE


def _type(mount: Mount, _: str, value: str) -> None:
    mount.type = value.lower()
    if mount.type not in TYPES:
        raise DockerfileError(f'unsupported mount type "{mount.type}"{did_you_mean(value, TYPES)}')


def _readonly(mount: Mount, key: str, value: str) -> None:
    mount.readonly = _boolean(key, value)


def _readwrite(mount: Mount, key: str, value: str) -> None:
    mount.readonly = not _boolean(key, value)


def _required(mount: Mount, key: str, value: str) -> None:
    if mount.type not in ("secret", "ssh"):
        raise DockerfileError(f"unexpected key '{key}' for mount type '{mount.type}'")
    mount.required = _boolean(key, value)


def _size(mount: Mount, key: str, value: str) -> None:
    if mount.type != "tmpfs":
        raise DockerfileError(f"unexpected key '{key}' for mount type '{mount.type}'")
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kmgt]?)i?b?", value.lower())
    if not match:
        raise DockerfileError(f"invalid value for {key}: {value}")
    mount.size = int(float(match.group(1)) * UNITS[match.group(2)])


def _sharing(mount: Mount, _: str, value: str) -> None:
    mount.sharing = value.lower()
    if mount.sharing not in SHARING:
        hint = did_you_mean(value, SHARING)
        raise DockerfileError(f'unsupported sharing value "{mount.sharing}"{hint}')


def _mode(mount: Mount, _: str, value: str) -> None:
    if not re.fullmatch("[0-7]+", value):
        raise DockerfileError(f"invalid value {value} for mode")
    mount.mode = int(value, 8)


def _number(mount: Mount, key: str, value: str) -> None:
    if not value.isdecimal():
        raise DockerfileError(f"invalid value {value} for {key}")
    setattr(mount, key, int(value))


def _text(member: str) -> Callable[[Mount, str, str], None]:
    return lambda mount, _, value: setattr(mount, member, value)


_RULES: dict[str, Callable[[Mount, str, str], None]] = {
    "type": _type,
    "from": _text("source_stage"),
    "source": _text("source"),
    "src": _text("source"),
    "target": _text("target"),
    "dst": _text("target"),
    "destination": _text("target"),
    "readonly": _readonly,
    "ro": _readonly,
    "readwrite": _readwrite,
    "rw": _readwrite,
    "required": _required,
    "size": _size,
    "id": _text("id"),
    "sharing": _sharing,
    "mode": _mode,
    "uid": _number,
    "gid": _number,
    "env": _text("env"),
}


def _check(mount: Mount) -> None:
    if mount.type not in OWNED:
        for key in ("mode", "uid", "gid"):
            if getattr(mount, key) is not None:
                raise DockerfileError(f'{key} not allowed for "{mount.type}" type mounts')
    if mount.type == "secret":
        _check_secret(mount)
    if mount.sharing and mount.type != "cache":
        raise DockerfileError(f"invalid cache sharing set for {mount.type} mount")


def _check_secret(mount: Mount) -> None:
    if mount.source_stage:
        raise DockerfileError("secret mount should not have a from")
    if mount.sharing:
        raise DockerfileError("secret mount should not define sharing")
    if not (mount.source or mount.target or mount.id):
        raise DockerfileError("invalid secret mount. one of source, target required")
    if mount.source and mount.id:
        raise DockerfileError("both source and id can't be set")

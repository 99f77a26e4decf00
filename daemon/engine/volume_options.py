"""What the local volume driver takes: names and mount options, refused in its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.errors import InvalidParameter

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_KNOWN = frozenset({"type", "o", "device", "size"})
_SIZE = re.compile(r"(\d+)([kmgt]?)b?%?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def check_name(name: str) -> None:
    """Long enough, and nothing that could be a path."""
    if len(name) == 1:
        raise InvalidParameter(
            f"create {name}: volume name is too short, names should be at least two alphanumeric characters"
        )
    if not _NAME.fullmatch(name):
        raise InvalidParameter(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
        )


def check_options(name: str, options: Mapping[str, str]) -> None:
    """Known options only, and a device and a type wherever anything is to be mounted."""
    for option in options:
        if option not in _KNOWN:
            raise InvalidParameter(f'create {name}: invalid option: "{option}"')
    if "size" in options:
        raise InvalidParameter(f"create {name}: quota size requested but no quota support")
    if not options:
        return
    for required in ("device", "type"):
        if not options.get(required):
            raise InvalidParameter(f'create {name}: missing required option: "{required}"')


@dataclass(frozen=True, slots=True)
class Source:
    """What stands behind a local volume: its own folder, a tmpfs of some size, or a folder of the host."""

    kind: str = "folder"
    device: str = ""
    size: int | None = None


def source_of(options: Mapping[str, str]) -> Source:
    """How `type`, `device` and `o` are mounted."""
    flags = options.get("o", "").split(",")
    if options.get("type") == "tmpfs":
        size = next((flag[5:] for flag in flags if flag.startswith("size=")), "")
        return Source("tmpfs", size=_bytes(size))
    if {"bind", "rbind"} & set(flags) or options.get("type") in ("bind", "none"):
        return Source("bind", device=options.get("device", ""))
    return Source()


def _bytes(text: str) -> int | None:
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _UNITS[found[2].lower()] if found and "%" not in text else None

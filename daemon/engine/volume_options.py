"""What the local volume driver takes: names and mount options, refused in its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.errors import InvalidParameter, System

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_LONGEST_NAME = 255
_KNOWN = frozenset({"type", "o", "device", "size"})
_SIZE = re.compile(r"(\d+)([kmgt]?)b?%?", re.IGNORECASE)
_OCTAL = re.compile(r"[0-7]+")
_TMPFS_MODE = 0o1777
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


def check_length(name: str, folder: str) -> None:
    """The driver makes a folder of that name."""
    if len(name) > _LONGEST_NAME:
        raise System(
            f"create {name}: error while creating volume root path '{folder}': "
            f"mkdir {folder}: file name too long"
        )


def check_options(name: str, options: Mapping[str, str]) -> None:
    """Known options only, and a device and a type wherever anything is to be mounted."""
    for option in options:
        if option not in _KNOWN:
            raise InvalidParameter(f'create {name}: invalid option: "{option}"')
    if "size" in options:
        raise InvalidParameter(f"create {name}: quota size requested but no quota support")
    if not any(options.values()):
        return
    for required in ("device", "type"):
        if not options.get(required):
            raise InvalidParameter(f'create {name}: missing required option: "{required}"')


@dataclass(frozen=True, slots=True)
class Source:
    """What stands behind a local volume: its own folder, a tmpfs, or a folder or a device of the host."""

    kind: str = "folder"
    device: str = ""
    size: int | None = None
    mode: int = _TMPFS_MODE
    uid: int = 0
    gid: int = 0

    @property
    def mount_source(self) -> str:
        """What /proc/mounts shows in front."""
        return self.device if self.kind == "tmpfs" else "/dev/vda"

    @property
    def mount_options(self) -> str:
        """What /proc/mounts shows of a tmpfs; empty for what is shown as any bind is."""
        if self.kind != "tmpfs":
            return ""
        size = self.size or 0
        shown = [f"size={size >> 10}k"] if size else []
        shown += [f"mode={self.mode:o}"] if self.mode != _TMPFS_MODE else []
        shown += [f"uid={self.uid}"] if self.uid else []
        shown += [f"gid={self.gid}"] if self.gid else []
        return ",".join(["rw", "relatime", *shown])


def source_of(options: Mapping[str, str]) -> Source:
    """How `type`, `device` and `o` are mounted."""
    flags = options.get("o", "").split(",")
    device = options.get("device", "")
    if options.get("type") == "tmpfs":
        values = dict(flag.split("=", 1) for flag in flags if "=" in flag)
        mode, uid, gid = (values.get(name, "") for name in ("mode", "uid", "gid"))
        return Source(
            "tmpfs",
            device,
            _bytes(values.get("size", "")),
            int(mode, 8) if _OCTAL.fullmatch(mode) else _TMPFS_MODE,
            int(uid) if uid.isdecimal() else 0,
            int(gid) if gid.isdecimal() else 0,
        )
    if {"bind", "rbind"} & set(flags) or options.get("type") in ("bind", "none"):
        return Source("bind", device)
    return Source("device" if device.startswith("/") else "folder", device)


def _bytes(text: str) -> int | None:
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _UNITS[found[2].lower()] if found and "%" not in text else None

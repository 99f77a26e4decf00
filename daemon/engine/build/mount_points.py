"""Where the mounts of a RUN go, in which order, and what runc says of what is in their way."""

from __future__ import annotations

import os
from collections.abc import Iterable

from daemon.engine.build.evaluator import Mounted
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.images.inspecting import DATA_ROOT
from daemon.fs.filesystem import Filesystem
from daemon.ids import Ids

LAST = ("secret", "ssh")
"""Kinds that are mounted behind all others, in the order of the Dockerfile; those are mounted by their places."""
BIND = "MS_BIND|MS_REC"


class MountRefused(Exception):
    """What runc says of a mount that cannot be made."""


def in_order(mounts: Iterable[Mounted]) -> list[Mounted]:
    """As BuildKit makes them, so that one may lie inside another."""

    def rank(mounted: Mounted) -> tuple[int, str]:
        kind = mounted.mount.mount.type
        return (1 + LAST.index(kind), "") if kind in LAST else (0, place(mounted))

    return sorted(mounts, key=rank)


def place(mounted: Mounted) -> str:
    spec = mounted.mount.mount
    if spec.type == "secret" and not spec.target:
        return f"/run/secrets/{spec.secret_id}"
    return mounted.mount.target


def check(mounted: Mounted) -> None:
    """DockerfileError for a single file that is to be everything."""
    kind = mounted.mount.mount.type
    if kind in LAST and place(mounted) == "/":
        raise DockerfileError(f"invalid mount type {kind.upper()} for /")


def refusal(mounted: Mounted, files: Filesystem, error: OSError, ids: Ids) -> MountRefused:
    """runc's words for a place that is no folder, or no file, or has no folder to be made in."""
    source, target = _source(mounted, ids), place(mounted)
    why = os.strerror(error.errno or 0).lower()
    if files.exists(target):
        found = f"dst={target}, dstFd=/proc/thread-self/fd/14, flags={_flags(mounted)}"
        data = f", data=mode={files.stat(target).mode & 0o7777:04o}" if source == "tmpfs" else ""
        what = f"mount src={source}, {found}{data}"
    else:
        lookup = f"lookup mountpoint target: securejoin.OpenInRoot {target}: openat2 {target}"
        what = f"create mountpoint for {target} mount: {lookup}"
    return MountRefused(f'error mounting "{source}" to rootfs at "{target}": {what}: {why}')


def _source(mounted: Mounted, ids: Ids) -> str:
    """Where the engine has the files until they are mounted."""
    spec, number = mounted.mount.mount, int(ids.hex(8), 16)
    match spec.type:
        case "tmpfs":
            return "tmpfs"
        case "ssh":
            return f"{DATA_ROOT}/tmp/.buildkit-ssh-sock{number}/ssh_auth_sock"
        case "secret":
            return f"{DATA_ROOT}/tmp/buildkit-secrets{number}/{ids.identity()}"
        case "bind" if spec.source.strip("/") and mounted.tree is not None:
            is_file = not Filesystem(mounted.tree).isdir("/" + spec.source.strip("/"))
            return f"{DATA_ROOT}/tmp/buildkit-mount{number}" + ("/file" if is_file else "")
    return f"{DATA_ROOT}/overlay2/{ids.identity()}/diff"


def _flags(mounted: Mounted) -> str:
    spec = mounted.mount.mount
    if spec.type == "tmpfs":
        return "MS_NOSUID"
    if spec.type == "secret":
        executable = (spec.mode or 0) & 0o111
        return f"MS_RDONLY|MS_NOSUID|MS_NODEV|{'' if executable else 'MS_NOEXEC|'}{BIND}"
    return f"MS_RDONLY|{BIND}" if spec.readonly and spec.type != "ssh" else BIND

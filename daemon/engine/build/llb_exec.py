"""RUN as an operation of BuildKit's solver: the process, its mounts, its secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from daemon.engine.build import operations as ops
from daemon.engine.dockerfile.ignore import clean

Op = dict[str, Any]
NETWORKS = {"host": 1, "none": 2}
SECRET, SSH, CACHE, TMPFS = 1, 2, 3, 4
GROUPS = {SECRET: 1, SSH: 2}
SHARING = {"private": 1, "locked": 2}
NOT_KEPT = {"output": -1}
INLINE_FOLDER = "/dev/pipes/"
SECRET_MODE, SSH_MODE = 0o400, 0o600


def execution(
    run: ops.Run,
    below: str,
    folders: Sequence[str],
    documents: Sequence[str],
    index: Callable[[str], int],
) -> Op:
    """The operation; `folders` and `documents` are digests, and `index` gives an input its number."""
    mounts: list[tuple[str, Op]] = []
    for mount, folder in zip(run.mounts, folders, strict=True):
        if mount.mount.env is None or mount.mount.target:
            mounts.append((mount.target, _mount(mount, folder, index)))
    for document in documents:
        bound = {"selector": "/", "dest": INLINE_FOLDER, **NOT_KEPT, "readonly": True}
        mounts.append((INLINE_FOLDER, _numbered(index(document), bound)))
    if run.shm_size:
        shared = {"dest": "/dev/shm", **NOT_KEPT, "mountType": TMPFS}
        shared["TmpfsOpt"] = {"size": run.shm_size}
        mounts.append(("/dev/shm", _numbered(-1, shared)))
    root = _numbered(0 if below else -1, {"dest": "/"})
    found: Op = {"meta": _meta(run)}
    found["mounts"] = [root, *(mount for _, mount in sorted(mounts, key=_place))]
    if network := NETWORKS.get(run.network):
        found["network"] = network
    if secrets := [_secret_env(one) for one in run.mounts if one.mount.env is not None]:
        found["secretenv"] = secrets
    return found


def _place(mount: tuple[str, Op]) -> tuple[int, str]:
    """Files by where they are; then secrets, then agents, as they were given."""
    target, op = mount
    group = GROUPS.get(op.get("mountType", 0), 0)
    return group, "" if group else target


def _numbered(number: int, mount: Op) -> Op:
    """The first input has the number 0, which Go's json leaves out."""
    return {"input": number, **mount} if number else mount


def _meta(run: ops.Run) -> Op:
    told = {name: value for name, value in run.env.items() if name not in run.hidden}
    found: Op = {
        "args": run.argv,
        "env": [f"{name}={value}" for name, value in told.items()],
        "cwd": run.working_dir,
        "user": run.user,
        "proxy_env": {name.lower(): value for name, value in sorted(run.proxies.items())},
        "extraHosts": [{"Host": name, "IP": address} for address, name in run.hosts],
        "hostname": run.hostname,
        "ulimit": [{"Name": name, "Soft": s, "Hard": h} for name, (s, h) in run.ulimits],
        "removeMountStubsRecursive": True,
    }
    return {name: value for name, value in found.items() if value}


def _mount(mount: ops.RunMount, folder: str, index: Callable[[str], int]) -> Op:
    spec = mount.mount
    if spec.type == "secret":
        dest = mount.target if spec.target else f"/run/secrets/{spec.secret_id}"
        option = _option(spec.secret_id, mount, SECRET_MODE)
        return {"input": -1, "dest": dest, "mountType": SECRET, "secretOpt": option}
    if spec.type == "ssh":
        option = _option(spec.id, mount, SSH_MODE)
        return {"input": -1, "dest": mount.target, "mountType": SSH, "SSHOpt": option}
    selector = {"selector": path} if (path := _selector(mount, folder)) else {}
    found = _numbered(index(folder), {**selector, "dest": mount.target, **NOT_KEPT})
    if spec.type == "bind" and spec.readonly is not False:
        found["readonly"] = True
    elif spec.type == "cache":
        sharing = SHARING.get(spec.sharing)
        found |= {"readonly": True} if spec.readonly else {}
        found["mountType"] = CACHE
        found["cacheOpt"] = {"ID": mount.cache_id}
        found["cacheOpt"] |= {"sharing": sharing} if sharing else {}
    elif spec.type == "tmpfs":
        found["mountType"] = TMPFS
        found["TmpfsOpt"] = {"size": spec.size} if spec.size else {}
    return found


def _selector(mount: ops.RunMount, folder: str) -> str:
    if mount.sets_mode and folder and not mount.mount.source_stage:
        return "/cache"
    path = clean(f"/{mount.mount.source}")
    return path if folder and path != "/" else ""


def _option(name: str, mount: ops.RunMount, mode: int) -> Op:
    spec = mount.mount
    found: Op = {"ID": name, "uid": spec.uid, "gid": spec.gid}
    found["mode"] = mode if spec.mode is None else spec.mode
    found["optional"] = not spec.required
    return {key: value for key, value in found.items() if value}


def _secret_env(mount: ops.RunMount) -> Op:
    spec = mount.mount
    found: Op = {"ID": spec.secret_id, "name": spec.env or spec.secret_id}
    return found | ({} if spec.required else {"optional": True})

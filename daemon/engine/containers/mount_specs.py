"""Binds (`-v`) and mounts (`--mount`) as clients spell them, and what dockerd refuses about them.

Parsing touches neither volumes nor the host, except that a `--mount` of a folder that is not there is refused.
"""

import os
import posixpath
from collections.abc import Callable

from api_schema.host_config import BindOptions, Mount, TmpfsOptions, VolumeDriver, VolumeOptions
from daemon.engine.container import MountPoint
from daemon.engine.containers.config_rules import clean_path
from daemon.errors import InvalidParameter, System

PROPAGATIONS = ("private", "rprivate", "slave", "rslave", "shared", "rshared")
_MODE_KINDS: dict[str, str] = {
    **dict.fromkeys(("rw", "ro"), "access"),
    **dict.fromkeys(("z", "Z"), "label"),
    **dict.fromkeys(PROPAGATIONS, "propagation"),
    "nocopy": "copy",
    **dict.fromkeys(("consistent", "cached", "delegated"), "consistency"),
}
_OPTIONS_OF = {
    "bind": "bind_options",
    "volume": "volume_options",
    "image": "image_options",
    "tmpfs": "tmpfs_options",
    "cluster": "cluster_options",
}
_OPTION_NAMES = {
    "bind_options": "BindOptions",
    "volume_options": "VolumeOptions",
    "image_options": "ImageOptions",
    "tmpfs_options": "TmpfsOptions",
    "cluster_options": "ClusterOptions",
}


_OUTSIDE = "subpath must be a relative path within the volume"
"""Of images as well."""


class MountFault(Exception):
    """What is wrong with a mount, before it is known who asked."""


def is_valid_mode(mode: str) -> bool:
    """Is every word of `mode` known, and no kind of word said twice?"""
    if not mode:
        return True
    kinds = [_MODE_KINDS.get(word, "") for word in mode.split(",")]
    return all(kinds) and len(set(kinds)) == len(kinds)


def parse_bind(spec: str, volume_driver: str = "") -> MountPoint:
    """`[SOURCE:]TARGET[:MODE]`; dockerd calls most mistakes here its own (500)."""
    invalid = System(f"invalid volume specification: '{spec}'")
    parts = spec.split(":", 3)
    if not parts[0] or len(parts) > 3 or (len(parts) == 2 and is_valid_mode(parts[1])):
        raise invalid
    source, target = ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])
    mode = parts[2] if len(parts) == 3 else ""
    if not is_valid_mode(mode):
        raise System(f"invalid mode: {mode}")
    mount = _mount_of_bind(source, target, mode.split(","), volume_driver)
    try:
        point = _mount_point(mount, source_must_exist=False)
    except MountFault as fault:
        raise System(f"{invalid}: {_named(mount.type, fault)}") from None
    point.mode = mode
    return point


def _mount_of_bind(source: str, target: str, words: list[str], volume_driver: str) -> Mount:
    kind = "bind" if source.startswith("/") else "volume"
    driver = VolumeDriver(name=volume_driver) if volume_driver and kind == "volume" else None
    no_copy = "nocopy" in words
    propagation = next((word for word in words if word in PROPAGATIONS), "")
    return Mount(
        type=kind,
        source=source,
        target=target,
        read_only="ro" in words,
        volume_options=(
            VolumeOptions(no_copy=no_copy, driver_config=driver) if driver or no_copy else None
        ),
        bind_options=BindOptions(propagation=propagation) if propagation else None,
    )


def check_options_fit(mount: Mount) -> None:
    """Newer API versions refuse options of another type before anything else is looked at."""
    if mount.type not in _OPTIONS_OF:
        return
    for attribute, name in _OPTION_NAMES.items():
        if attribute != _OPTIONS_OF[mount.type] and getattr(mount, attribute) is not None:
            raise InvalidParameter(f'{name} must not be specified on mount type "{mount.type}"')


def parse_mount(mount: Mount, source_exists: Callable[[str], bool] = os.path.lexists) -> MountPoint:
    try:
        return _mount_point(mount, source_must_exist=True, source_exists=source_exists)
    except MountFault as fault:
        raise InvalidParameter(_named(mount.type, fault)) from None


def _named(kind: str, fault: MountFault) -> str:
    return f'invalid mount config for type "{kind}": {fault}'


def _mount_point(
    mount: Mount,
    *,
    source_must_exist: bool,
    source_exists: Callable[[str], bool] = os.path.lexists,
) -> MountPoint:
    parse = _PARSERS.get(mount.type)
    if parse is None:
        raise MountFault("mount type unknown")
    if not mount.target:
        raise MountFault("field Target must not be empty")
    check_target(mount.target)
    point = parse(mount)
    creates = mount.bind_options is not None and mount.bind_options.create_mountpoint
    if mount.type == "bind":
        point.create_source = creates or not source_must_exist
        if source_must_exist and not creates and not source_exists(point.source):
            raise MountFault(f"bind source path does not exist: {mount.source}")
    return point


def check_target(target: str) -> None:
    """A place to mount at: absolute, and not the root."""
    if clean_path(target) == "/":
        raise MountFault("invalid specification: destination can't be '/'")
    _check_absolute(target)


def _check_absolute(path: str) -> None:
    if not path.startswith("/"):
        raise MountFault(f"invalid mount path: '{path}' mount path must be absolute")


def _bind(mount: Mount) -> MountPoint:
    if not mount.source:
        raise MountFault("field Source must not be empty")
    propagation = mount.bind_options.propagation if mount.bind_options else ""
    if propagation and propagation not in PROPAGATIONS:
        raise MountFault(f"invalid propagation mode: {propagation}")
    if mount.volume_options is not None:
        raise MountFault("field VolumeOptions must not be specified")
    _check_absolute(mount.source)
    return MountPoint(
        "bind",
        clean_path(mount.target),
        source=clean_path(mount.source),
        writable=not mount.read_only,
        propagation=propagation or "rprivate",
        readonly_conflict=_readonly_conflict(mount.bind_options or BindOptions(), mount.read_only),
    )


def _readonly_conflict(options: BindOptions, read_only: bool) -> str:
    """Read-only mounts below: not recursive, or by force, and only where the mount itself is read-only."""
    if options.read_only_non_recursive and not read_only:
        return "!ReadOnly && BindOptions.ReadOnlyNonRecursive"
    if options.read_only_force_recursive and not read_only:
        return "!ReadOnly && BindOptions.ReadOnlyForceRecursive"
    if options.read_only_non_recursive and options.read_only_force_recursive:
        return "ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive"
    return ""


def _volume(mount: Mount) -> MountPoint:
    if mount.bind_options is not None:
        raise MountFault("field BindOptions must not be specified")
    options = mount.volume_options or VolumeOptions()
    if not mount.source and options.subpath:
        raise MountFault("must not set Subpath when using anonymous volumes")
    if not mount.source and mount.read_only:
        raise MountFault("must not set ReadOnly mode when using anonymous volumes")
    if options.subpath and not _is_local(options.subpath):
        raise MountFault(_OUTSIDE)
    return MountPoint(
        "volume",
        clean_path(mount.target),
        name=mount.source,
        driver=options.driver_config.name if options.driver_config else "",
        writable=not mount.read_only,
        anonymous=not mount.source,
        copy_up=not options.no_copy,
        subpath=options.subpath,
    )


def _tmpfs(mount: Mount) -> MountPoint:
    if mount.source:
        raise MountFault("field Source must not be specified")
    options = mount.tmpfs_options or TmpfsOptions()
    flags = [flag for option in options.options or () for flag in option[:1]]
    for flag in flags:
        if flag not in ("exec", "noexec"):
            raise MountFault(f"invalid option: {flag}")
    words = ["ro"] if mount.read_only else []
    words += [f"size={options.size_bytes}"] if options.size_bytes else []
    words += [f"mode={options.mode & 0o7777:o}"] if options.mode & 0o7777 else []
    return MountPoint(
        "tmpfs",
        clean_path(mount.target),
        writable=not mount.read_only,
        size=options.size_bytes,
        options=",".join([*words, *flags]),
    )


def _image(mount: Mount) -> MountPoint:
    if not mount.source:
        raise MountFault("field Source must not be empty")
    subpath = mount.image_options.subpath if mount.image_options else ""
    if subpath and not _is_local(subpath):
        raise MountFault(_OUTSIDE)
    return MountPoint(
        "image",
        clean_path(mount.target),
        name=mount.source,
        writable=False,
        propagation="rprivate",
        subpath=subpath,
    )


def _is_local(path: str) -> bool:
    """As Go's filepath.IsLocal: stays inside, lexically."""
    return not path.startswith("/") and not posixpath.normpath(path).startswith("..")


_PARSERS: dict[str, Callable[[Mount], MountPoint]] = {
    "bind": _bind,
    "volume": _volume,
    "tmpfs": _tmpfs,
    "image": _image,
}

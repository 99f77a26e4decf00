"""What a volume gets from the image at its first use: the folder that it would hide."""

import stat

from daemon.fs.filesystem import Filesystem

CHUNK = 1 << 20


def copy_up(image: Filesystem, path: str, volume: Filesystem, target: str) -> None:
    """Copy the folder `path` of the image into an empty one of a volume, its owner and mode included."""
    if not image.exists(path) or not image.isdir(path):
        return
    if not volume.isdir(target) or volume.listdir(target):
        return
    _copy_attributes(image, path, volume, target)
    _copy_folder(image, path.rstrip("/"), volume, target.rstrip("/"))


def _copy_folder(image: Filesystem, source: str, volume: Filesystem, target: str) -> None:
    for name in image.listdir(source or "/"):
        _copy_entry(image, f"{source}/{name}", volume, f"{target}/{name}")


def _copy_entry(image: Filesystem, source: str, volume: Filesystem, target: str) -> None:
    found = image.stat(source, follow=False)
    kind = stat.S_IFMT(found.mode)
    if kind == stat.S_IFLNK:
        volume.symlink(image.readlink(source), target)
        volume.chown(target, found.uid, found.gid, follow=False)
        return
    if kind == stat.S_IFDIR:
        volume.mkdir(target)
        _copy_folder(image, source, volume, target)
    elif kind == stat.S_IFREG:
        volume.write_bytes(target, image.read_bytes(source))
    else:
        volume.mknod(target, found.mode, found.rdev)
    _copy_attributes(image, source, volume, target)


def _copy_attributes(image: Filesystem, source: str, volume: Filesystem, target: str) -> None:
    found = image.stat(source)
    volume.chown(target, found.uid, found.gid)
    volume.chmod(target, stat.S_IMODE(found.mode))
    volume.utime(target, found.atime_ns, found.mtime_ns)

"""What is in /dev when a container starts, and the few host devices that `--device` may name."""

import stat
from os import makedev

from api_schema.host_config import DeviceMapping
from daemon.errors import System
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.nodes import ROOT

_CHARACTER = stat.S_IFCHR
STANDARD = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
HOST_DEVICES = {
    **{f"/dev/{name}": numbers for name, numbers in STANDARD.items()},
    "/dev/fuse": (10, 229),
    "/dev/kvm": (10, 232),
    "/dev/kmsg": (1, 11),
    "/dev/net/tun": (10, 200),
    "/dev/loop-control": (10, 237),
}
PRIVILEGED = ("fuse", "kvm", "kmsg", "loop-control")


def populate(tree: MemoryTree, *, tty: bool, privileged: bool) -> None:
    """Fill an empty tmpfs that will be /dev."""
    root = tree.root
    for name, (major, minor) in STANDARD.items():
        tree.create(root, name, _CHARACTER | 0o666, ROOT, makedev(major, minor))
    for name, target in LINKS.items():
        tree.symlink(root, name, target, ROOT)
    for folder in ("pts", "shm", "mqueue"):
        tree.create(root, folder, stat.S_IFDIR | 0o755, ROOT)
    if tty:
        tree.create(root, "console", _CHARACTER | 0o620, ROOT, makedev(136, 0))
    for name in PRIVILEGED if privileged else ():
        numbers = HOST_DEVICES[f"/dev/{name}"]
        tree.create(root, name, _CHARACTER | 0o600, ROOT, makedev(*numbers))


def add_host_device(fs: Filesystem, device: DeviceMapping) -> None:
    """`--device`; a device that this host does not have is refused in dockerd's words."""
    numbers = HOST_DEVICES.get(device.path_on_host)
    if numbers is None:
        raise System(
            "error gathering device information while adding custom device "
            f'"{device.path_on_host}": no such file or directory'
        )
    target = device.path_in_container or device.path_on_host
    folder = target.rpartition("/")[0] or "/"
    fs.makedirs(folder)
    if not fs.exists(target):
        fs.mknod(target, _CHARACTER | 0o666, makedev(*numbers))

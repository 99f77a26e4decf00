"""The filesystem of a container: its image's layers, a writable layer, and everything that is mounted into it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from daemon.engine import devices
from daemon.engine.container import Container, MountPoint
from daemon.engine.containers.config_rules import clean_path
from daemon.engine.containers.runtime_rules import INIT_FAILED
from daemon.engine.containers.staging import Staging
from daemon.engine.containers.tmpfs_options import TmpfsOptions, parse_tmpfs
from daemon.errors import InvalidParameter, NotFound, System
from daemon.fs.binds import LIVE, bind_tree
from daemon.fs.filesystem import Filesystem
from daemon.fs.host import Aside
from daemon.fs.memory import MemoryTree
from daemon.fs.overlay import OverlayTree
from daemon.fs.tree import Quota, Tree
from daemon.process.host_facts import HostFacts

if TYPE_CHECKING:
    from daemon.engine.images.service import Images
    from daemon.engine.volumes import Volumes

HOST_FILES = ("hosts", "hostname", "resolv.conf")
SOCKET_PATHS = ("/var/run/docker.sock", "/run/docker.sock")
SHARED_MEMORY = "/dev/shm"
DEV_OPTIONS = "rw,nosuid,size=65536k,mode=755"
MOUNT_HINT = (
    "not a directory: Are you trying to mount a directory onto a file (or vice-versa)? "
    "Check if the specified host path exists and is the expected type"
)


class MountFailure(Exception):
    """runc cannot mount something; the text comes after its own beginning."""


class Rootfs:
    """Makes the trees of containers. `own_socket` is the path of a socket that this daemon answers on."""

    def __init__(
        self,
        images: Images,
        volumes: Volumes,
        own_socket: Callable[[], str | None],
        now: Callable[[], int],
        bind_policy: str = LIVE,
        staging: Staging | None = None,
    ) -> None:
        self._images = images
        self._volumes = volumes
        self._own_socket = own_socket
        self._now = now
        self._bind_policy = bind_policy
        self._aside = Aside()
        self._staging = staging
        self._host_memory: MemoryTree | None = None

    def overlay(self, container: Container) -> OverlayTree:
        """The container's root with its writable layer, made when first needed."""
        if container.overlay is None:
            quota = self._staging.quota(container) if self._staging else None
            layers = self._images.layer_store
            container.overlay = layers.overlay(container.diff_ids, quota=quota)
        return container.overlay

    def bare(self, container: Container) -> Filesystem:
        """The root alone, without what is mounted into it."""
        return Filesystem(self.overlay(container))

    def namespace(self, container: Container) -> Filesystem:
        """What `docker cp` sees: the root, the host's files and the mounts, but no tmpfs, /proc or /dev."""
        fs = self.bare(container)
        if container.host_files is not None:
            self.mount_host_files(fs, container)
        for point in by_depth(container.mounts):
            if point.type != "tmpfs":
                self.mount_point(fs, point, None)
        return fs

    def host_files(self, container: Container) -> MemoryTree:
        if container.host_files is None:
            container.host_files = self.memory_tree("ext4")
        return container.host_files

    def mount_host_files(self, fs: Filesystem, container: Container) -> None:
        hidden = {point.destination for point in container.mounts}
        tree = self.host_files(container)
        for name in HOST_FILES:
            if f"/etc/{name}" not in hidden:
                fs.mount(f"/etc/{name}", tree, subpath=f"/{name}", source="/dev/vda")

    def memory_tree(
        self, fstype: str, *, size: int = 0, mode: int = 0o755, quota: Quota | None = None
    ) -> MemoryTree:
        spool = self._images.layer_store.spool
        limit = size or None
        return MemoryTree(spool, self._now, fstype=fstype, size=limit, mode=mode, quota=quota)

    def mount_devices(self, fs: Filesystem, container: Container, quota: Quota | None) -> None:
        """/dev with its shared memory; what the kernel makes up (/proc, /sys) is the machine's to mount."""
        host = container.host_config
        tree = self.memory_tree("tmpfs")
        devices.populate(tree, tty=container.config.tty, privileged=host.privileged)
        fs.mount("/dev", tree, source="tmpfs", options=DEV_OPTIONS)
        for device in host.devices or ():
            devices.add_host_device(fs, device)

    def mount_shared_memory(
        self, fs: Filesystem, container: Container, quota: Quota | None, donor: Filesystem | None
    ) -> None:
        """/dev/shm: another container's, the host's, one of its own, or none."""
        mode = container.host_config.ipc_mode
        if mode == "none":
            fs.rmdir(SHARED_MEMORY)
            return
        if mode == "host":
            size = HostFacts().memory // 2
            if self._host_memory is None:
                self._host_memory = self.memory_tree("tmpfs", size=size, mode=0o1777)
            options = f"rw,relatime,size={size // 1024}k"
            fs.mount(SHARED_MEMORY, self._host_memory, source="tmpfs", options=options)
            return
        if donor is not None:
            lent = next(mount for mount in reversed(donor.mounts) if mount.path == SHARED_MEMORY)
            fs.mount(SHARED_MEMORY, lent.tree, source=lent.source, options=lent.options)
            return
        size = container.host_config.shm_size
        shared = self.memory_tree("tmpfs", size=size, mode=0o1777, quota=quota)
        options = f"rw,nosuid,nodev,noexec,relatime,size={size // 1024}k"
        fs.mount(SHARED_MEMORY, shared, source="shm", options=options)

    def mount_all(self, fs: Filesystem, container: Container, quota: Quota | None) -> None:
        """Everything that the client asked for, outer folders first."""
        tmpfs = {
            clean_path(path): text for path, text in (container.host_config.tmpfs or {}).items()
        }
        points = [point for point in container.mounts if point.destination not in tmpfs]
        points += [MountPoint("tmpfs", path, options=text) for path, text in tmpfs.items()]
        for point in by_depth(tuple(points)):
            if point.readonly_conflict:
                raise System(f"mount options conflict: {point.readonly_conflict}")
            if point.type == "tmpfs":
                self._mount_tmpfs(fs, point.destination, parse_tmpfs(point.options), quota)
            else:
                self.mount_point(fs, point, quota)

    def _mount_tmpfs(
        self, fs: Filesystem, path: str, options: TmpfsOptions, quota: Quota | None
    ) -> None:
        if options.refused:
            raise System(
                f'{INIT_FAILED}error mounting "tmpfs" to rootfs at "{path}": mount src=tmpfs, dst={path}, '
                "dstFd=/proc/thread-self/fd/11, flags=MS_NOSUID|MS_NODEV|MS_NOEXEC, "
                f"data={options.refused}: invalid argument"
            )
        tree = self.memory_tree("tmpfs", size=options.size, mode=options.mode, quota=quota)
        tree.root.uid, tree.root.gid = options.uid, options.gid
        fs.mount(path, tree, source="tmpfs", options=options.text, readonly=options.readonly)

    def mount_point(self, fs: Filesystem, point: MountPoint, quota: Quota | None) -> None:
        """Mount one; MountFailure for what runc cannot do."""
        tree, source, options = self._tree_of(point, quota)
        subpath = f"/{point.subpath}" if point.subpath else ""
        is_folder = stat.S_ISDIR(_shown_mode(tree, subpath, point))
        fs.make_mountpoint(point.destination, folder=is_folder)
        try:
            fs.mount(
                point.destination,
                tree,
                readonly=not point.writable,
                subpath=subpath,
                source=source,
                options=options if point.writable else options.replace("rw", "ro", 1),
            )
        except NotADirectoryError:
            origin = source or point.source
            raise MountFailure(
                f'error mounting "{point.source}" to rootfs at "{point.destination}": '
                f"mount src={point.source}, dst={point.destination}, "
                f"dstFd=/proc/thread-self/fd/14, flags=MS_BIND|MS_REC: {MOUNT_HINT}"
            ) from OSError(origin)

    def _tree_of(self, point: MountPoint, quota: Quota | None) -> tuple[Tree[Any], str, str]:
        """What is mounted, and what /proc/mounts says of it."""
        if point.type == "volume":
            volume = self._volumes.get(point.name)
            return volume.tree, volume.source.mount_source, volume.source.mount_options
        if point.type == "image":
            image = self._images.resolve(point.image_id)
            return self._images.layer_store.overlay(image.diff_ids), "overlay", ""
        source = self._host_source(point)
        spool = self._images.layer_store.spool
        tree = bind_tree(source, self._bind_policy, spool, self._now, aside=self._aside)
        return tree, "/dev/vda", ""

    def _host_source(self, point: MountPoint) -> str:
        if point.source in SOCKET_PATHS:
            return self._own_socket() or point.source
        if not os.path.lexists(point.source):
            if not point.create_source:
                raise InvalidParameter(
                    'invalid mount config for type "bind": '
                    f"bind source path does not exist: {point.source}"
                )
            os.makedirs(point.source, exist_ok=True)
        return point.source


def by_depth(points: tuple[MountPoint, ...]) -> list[MountPoint]:
    """Outer folders before what is inside them."""
    return sorted(points, key=lambda point: point.destination.count("/"))


def _shown_mode(tree: Tree[Any], subpath: str, point: MountPoint) -> int:
    if not subpath:
        return int(tree.root.mode)
    try:
        return Filesystem(tree).stat(subpath).mode
    except OSError as error:
        path = f"{point.source}{subpath}"
        reason = os.strerror(error.errno or 2).lower()
        raise NotFound(f"cannot access path {path}: lstat {path}: {reason}") from None

"""What surrounds a RUN of BuildKit: the network that it asked for, and the kernel's, the host's and its own mounts."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from api_schema.endpoint_settings import EndpointSettings
from daemon.clock import Clock
from daemon.engine import devices
from daemon.engine.build import mount_points
from daemon.engine.build import operations as ops
from daemon.engine.build.agents import SOCKET
from daemon.engine.build.cache import Record
from daemon.engine.build.evaluator import Mounted
from daemon.engine.containers.rootfs import DEV_OPTIONS
from daemon.engine.host_files import HOST_RESOLVER
from daemon.engine.networks import Networks
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.ids import Ids
from daemon.process.machine import Machine
from daemon.process.net import NetNamespace
from daemon.process.procfs import mount_kernel_trees

HOSTNAME = "buildkitsandbox"
HOST_DISK = "/dev/vda"
HOST_FILE_OPTIONS = "ro,nosuid,nodev,noexec,relatime"
SHM_OPTIONS = "rw,nosuid,nodev,noexec,relatime,size=65536k"
OWN_SHM_OPTIONS = "rw,nosuid,relatime,size={}k"
SHM_SIZE = 64 << 20
NO_NETWORK = ("none", "host")
"""Modes without an address on a bridge; the host's namespace has none that a container could take."""


@dataclass(frozen=True, slots=True)
class Network:
    """Puts RUN steps on the default bridge, where `docker network inspect` shows them by their ids."""

    networks: Networks
    clock: Clock
    ids: Ids

    @contextlib.contextmanager
    def joined(self, mode: str, identity: str) -> Iterator[NetNamespace]:
        """A namespace for one process, left when it has ended."""
        namespace = NetNamespace(clock=self.clock)
        if mode in NO_NETWORK:
            yield namespace
            return
        bridge = self.networks.get("bridge")
        self.networks.join(
            bridge,
            container_id=identity,
            container_name=identity,
            settings=EndpointSettings(),
            namespace=namespace,
        )
        try:
            yield namespace
        finally:
            self.networks.leave(bridge.id, identity)


@dataclass(frozen=True, slots=True)
class Mounts:
    """Fills the filesystem of one RUN."""

    machine: Machine
    new_tree: Callable[[int | None], MemoryTree]
    """An empty tree with room for so many bytes."""

    @property
    def files(self) -> Filesystem:
        return self.machine.fs

    @contextlib.contextmanager
    def made(self, run: ops.Run, mounts: list[Mounted]) -> Iterator[dict[str, str]]:
        """Everything mounted; yields the secrets that are to be variables. MountRefused if something is in the way."""
        self._kernel(run)
        self._host_files(run, {mount_points.place(mounted) for mounted in mounts})
        secrets: dict[str, str] = {}
        with contextlib.ExitStack() as used:
            for mounted in mount_points.in_order(mounts):
                try:
                    self._mount(mounted, secrets, used)
                except OSError as error:
                    ids = self.machine.ids
                    raise mount_points.refusal(mounted, self.files, error, ids) from None
            if run.script is not None:
                path, content = run.script
                script = self._one_file(posixpath.basename(path), content, 0o755)
                self.files.mount(posixpath.dirname(path), script)
            self.files.makedirs(run.working_dir)
            yield secrets

    def _kernel(self, run: ops.Run) -> None:
        tree = self.new_tree(None)
        devices.populate(tree, tty=False, privileged=False)
        self.files.mount("/dev", tree, source="tmpfs", fstype="tmpfs", options=DEV_OPTIONS)
        shared = self.new_tree(run.shm_size or SHM_SIZE)
        Filesystem(shared).chmod("/", 0o1777)
        source, options = "shm", SHM_OPTIONS
        if run.shm_size:
            source, options = "tmpfs", OWN_SHM_OPTIONS.format(run.shm_size // 1024)
        self.files.mount("/dev/shm", shared, source=source, fstype="tmpfs", options=options)
        mount_kernel_trees(self.machine)

    def _host_files(self, run: ops.Run, taken: Collection[str]) -> None:
        """BuildKit's, which are not dockerd's, and cannot be written to; unless a mount is in their place."""
        content = {
            "resolv.conf": f"nameserver {HOST_RESOLVER}\n".encode(),
            "hosts": hosts(run.hostname or HOSTNAME, run.hosts),
        }
        for name, data in content.items():
            if f"/etc/{name}" in taken:
                continue
            self.files.mount(
                f"/etc/{name}",
                self._one_file(name, data, 0o644),
                subpath=f"/{name}",
                readonly=True,
                source=HOST_DISK,
                fstype="ext4",
                options=HOST_FILE_OPTIONS,
            )

    def _one_file(
        self, name: str, data: bytes, mode: int, owner: tuple[int, int] = (0, 0)
    ) -> MemoryTree:
        tree = self.new_tree(None)
        files = Filesystem(tree)
        files.write_bytes(f"/{name}", data, mode)
        files.chown(f"/{name}", *owner)
        return tree

    def _mount(self, mounted: Mounted, secrets: dict[str, str], used: contextlib.ExitStack) -> None:
        spec, target = mounted.mount.mount, mounted.mount.target
        if spec.type == "secret":
            self._secret(mounted, secrets)
        elif mounted.record is not None and mounted.record.folder is not None:
            record, folder = mounted.record, mounted.record.folder
            record.holders += 1
            used.callback(_release, record, self.machine.clock.now)
            Filesystem(folder).chown("/", spec.uid or 0, spec.gid or 0)
            Filesystem(folder).chmod("/", spec.mode or 0o755)
            self.files.mount(target, folder, readonly=bool(spec.readonly))
        elif spec.type == "tmpfs":
            tree = self.new_tree(spec.size or None)
            Filesystem(tree).chmod("/", 0o1777)
            self.files.mount(target, tree, fstype="tmpfs")
        elif mounted.agent is not None and mounted.tree is not None:
            self.files.mount(
                target,
                mounted.tree,
                subpath=SOCKET,
                source=HOST_DISK,
                fstype="ext4",
                options="rw,relatime",
            )
        elif mounted.tree is not None:
            subpath = f"/{spec.source.strip('/')}".rstrip("/")
            try:
                self.files.mount(
                    target, mounted.tree, readonly=bool(spec.readonly), subpath=subpath
                )
            except OSError as error:
                call = "lstat" if error.errno == errno.ENOTDIR else "open"
                reason = os.strerror(error.errno or 0).lower()
                raise LookupError(f"{call} {subpath}: {reason}") from None

    def _secret(self, mounted: Mounted, secrets: dict[str, str]) -> None:
        spec = mounted.mount.mount
        if mounted.secret is None:
            return
        name = spec.secret_id
        if spec.env is not None:
            secrets[spec.env or name] = mounted.secret.decode("utf-8", "surrogateescape")
            if not spec.target:
                return
        owner = (spec.uid or 0, spec.gid or 0)
        tree = self._one_file("secret", mounted.secret, spec.mode or 0o400, owner)
        place = mount_points.place(mounted)
        self.files.mount(place, tree, subpath="/secret", readonly=True)


def hosts(hostname: str, extra: Iterable[tuple[str, str]]) -> bytes:
    """/etc/hosts: the machine itself, then `--add-host`."""
    local = f"127.0.0.1\tlocalhost {hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    return (local + "".join(f"{address}\t{name}\n" for address, name in extra)).encode()


HOST_FILES = ("/etc/resolv.conf", "/etc/hosts")


@contextlib.contextmanager
def stubs_removed(files: Filesystem, targets: Iterable[str]) -> Iterator[None]:
    """Mount points that had to be made are no part of what RUN made, unless it put something there."""
    missing = set()
    for target in (*HOST_FILES, *targets):
        while not files.exists(target):
            missing.add(target)
            target = posixpath.dirname(target)
    try:
        yield
    finally:
        for path in sorted(missing, key=len, reverse=True):
            _remove_stub(files, path)


def _remove_stub(files: Filesystem, path: str) -> None:
    with contextlib.suppress(OSError):
        if files.isdir(path):
            files.rmdir(path)
        elif not files.stat(path).size:
            files.unlink(path)


def _release(record: Record, now: Callable[[], int]) -> None:
    record.let_go(now())

"""RUN: a machine of its own for one process, thrown away when it has ended."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from daemon.behaviours import Run
from daemon.clock import Clock
from daemon.engine import devices
from daemon.engine.build import operations as ops
from daemon.engine.build.cache import Record
from daemon.engine.build.evaluator import Mounted, Output
from daemon.engine.build.progress import STDERR, STDOUT
from daemon.engine.host_files import Resolver, resolv_file
from daemon.engine.process_env import with_home
from daemon.engine.users import User, find_user
from daemon.errors import DockerError
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.overlay import OverlayTree
from daemon.ids import Ids
from daemon.process import stdio
from daemon.process.machine import Machine, ProgramTable
from daemon.process.procfs import mount_kernel_trees
from daemon.process.status import ExecError, Program

HOSTNAME = "buildkitsandbox"
NOT_STARTED = "runc run failed: unable to start container process: error during container init: "


@dataclass(frozen=True, slots=True)
class BuildRunner:
    """Runs the processes of BuildKit builds."""

    programs: ProgramTable
    clock: Clock
    ids: Ids
    new_tree: Callable[[], MemoryTree]
    script: Callable[[Run], Program | None]

    def owner(self, files: Filesystem, text: str) -> tuple[int, int]:
        """uid and gid of `user[:group]`; a number for both where only a number is given."""
        try:
            user = find_user(files, text)
        except DockerError as problem:
            raise LookupError(str(problem)) from None
        name, colon, _ = text.partition(":")
        gid = user.credentials.uid if name.isdigit() and not colon else user.credentials.gid
        return user.credentials.uid, gid

    async def run(
        self, tree: OverlayTree, run: ops.Run, mounts: list[Mounted], output: Output
    ) -> int:
        files = Filesystem(tree)
        try:
            user = find_user(files, run.user)
        except DockerError as problem:
            raise LookupError(str(problem)) from None
        stubs = _stubs(files, [mounted.mount.target for mounted in mounts])
        machine = Machine(
            fs=files,
            programs=self.programs,
            clock=self.clock,
            ids=self.ids,
            hostname=run.hostname or HOSTNAME,
        )
        machine.scripted = self._scripted
        try:
            with self._mounted(machine, run, mounts) as secrets:
                return await self._process(machine, run, user, secrets, output)
        finally:
            await machine.close()
            _remove_stubs(Filesystem(tree), stubs)

    def _scripted(self, path: str, argv: list[str], _main: bool) -> Program | None:
        """A step stands on layers, which have no name."""
        return self.script(Run(tuple, path, argv, is_main=False))

    @contextlib.contextmanager
    def _mounted(
        self, machine: Machine, run: ops.Run, mounts: list[Mounted]
    ) -> Iterator[dict[str, str]]:
        """The kernel's filesystems, the host's files and what RUN asks for; yields secrets for the environment."""
        files = machine.fs
        tree = self.new_tree()
        devices.populate(tree, tty=False, privileged=False)
        files.mount("/dev", tree, fstype="tmpfs")
        mount_kernel_trees(machine)
        self._host_files(files, run)
        secrets: dict[str, str] = {}
        with contextlib.ExitStack() as used:
            for mounted in mounts:
                self._mount(files, mounted, secrets, used)
            if run.script is not None:
                path, content = run.script
                script = self._one_file(posixpath.basename(path), content, 0o755)
                files.mount(posixpath.dirname(path), script)
            files.makedirs(run.working_dir)
            yield secrets

    def _host_files(self, files: Filesystem, run: ops.Run) -> None:
        content = {
            "hosts": _hosts(run.hostname or HOSTNAME, run.hosts),
            "resolv.conf": resolv_file(Resolver()),
        }
        for name, data in content.items():
            files.mount(f"/etc/{name}", self._one_file(name, data, 0o644), subpath=f"/{name}")

    def _one_file(
        self, name: str, data: bytes, mode: int, owner: tuple[int, int] = (0, 0)
    ) -> MemoryTree:
        tree = self.new_tree()
        files = Filesystem(tree)
        files.write_bytes(f"/{name}", data, mode)
        files.chown(f"/{name}", *owner)
        return tree

    def _mount(
        self,
        files: Filesystem,
        mounted: Mounted,
        secrets: dict[str, str],
        used: contextlib.ExitStack,
    ) -> None:
        spec, target = mounted.mount.mount, mounted.mount.target
        if spec.type == "secret":
            self._secret(files, mounted, secrets)
        elif mounted.record is not None and mounted.record.folder is not None:
            record, folder = mounted.record, mounted.record.folder
            record.in_use += 1
            used.callback(_release, record)
            Filesystem(folder).chown("/", spec.uid or 0, spec.gid or 0)
            Filesystem(folder).chmod("/", spec.mode or 0o755)
            files.mount(target, folder, readonly=bool(spec.readonly))
        elif spec.type == "tmpfs":
            files.mount(target, self.new_tree(), fstype="tmpfs")
        elif mounted.tree is not None:
            subpath = "/" + spec.source.strip("/") if spec.source.strip("/") else ""
            files.mount(target, mounted.tree, readonly=bool(spec.readonly), subpath=subpath)

    def _secret(self, files: Filesystem, mounted: Mounted, secrets: dict[str, str]) -> None:
        spec = mounted.mount.mount
        if mounted.secret is None:
            return
        name = spec.secret_id
        if spec.env is not None:
            secrets[spec.env or name] = mounted.secret.decode("utf-8", "surrogateescape")
            if not spec.target:
                return
        target = mounted.mount.target if spec.target else f"/run/secrets/{name}"
        owner = (spec.uid or 0, spec.gid or 0)
        tree = self._one_file("secret", mounted.secret, spec.mode or 0o400, owner)
        files.mount(target, tree, subpath="/secret", readonly=True)

    async def _process(
        self, machine: Machine, run: ops.Run, user: User, secrets: dict[str, str], output: Output
    ) -> int:
        streams = [stdio.Output(partial(_deliver, output, stream)) for stream in (STDOUT, STDERR)]
        try:
            process = await machine.start(
                run.argv,
                env=with_home({**run.env, **secrets}, user.home),
                cwd=run.working_dir,
                cred=user.credentials,
                stdio=stdio.Stdio(None, *streams),
            )
        except ExecError as error:
            output(f"{NOT_STARTED}{error.text}\n".encode(), STDERR)
            return 1
        return (await machine.wait(process)).shell_code


def _hosts(hostname: str, extra: Iterable[tuple[str, str]]) -> bytes:
    """BuildKit's /etc/hosts, which is not dockerd's."""
    local = f"127.0.0.1\tlocalhost {hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    return (local + "".join(f"{address}\t{name}\n" for address, name in extra)).encode()


def _stubs(files: Filesystem, targets: Iterable[str]) -> list[str]:
    """What mounting on these paths will have to make, deepest first."""
    missing = set()
    for target in targets:
        while not files.exists(target):
            missing.add(target)
            target = posixpath.dirname(target)
    return sorted(missing, key=len, reverse=True)


def _remove_stubs(files: Filesystem, stubs: Iterable[str]) -> None:
    """Mount points are not part of what RUN made, unless it put something there."""
    for path in stubs:
        with contextlib.suppress(OSError):
            if files.isdir(path):
                files.rmdir(path)
            elif not files.stat(path).size:
                files.unlink(path)


def _deliver(output: Output, stream: int, data: bytes) -> None:
    output(data, stream)


def _release(record: Record) -> None:
    record.in_use -= 1

"""RUN: a machine of its own for one process, thrown away when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from daemon.behaviours import Run
from daemon.clock import Clock
from daemon.engine.build import operations as ops
from daemon.engine.build.agents import forwarded
from daemon.engine.build.evaluator import Mounted, Output
from daemon.engine.build.mount_points import MountRefused, place
from daemon.engine.build.progress import STDERR, STDOUT
from daemon.engine.build.sandbox import HOSTNAME, Mounts, Network, stubs_removed
from daemon.engine.process_env import with_home
from daemon.engine.users import User, find_user
from daemon.errors import DockerError
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.overlay import OverlayTree
from daemon.process import stdio
from daemon.process.accounts import Limits
from daemon.process.machine import Machine, ProgramTable
from daemon.process.net import NetNamespace
from daemon.process.status import ExecError, Program

NOT_STARTED = "runc run failed: unable to start container process: error during container init: "


@dataclass(frozen=True, slots=True)
class BuildRunner:
    """Runs the processes of BuildKit builds."""

    programs: ProgramTable
    clock: Clock
    network: Network
    new_tree: Callable[[int | None], MemoryTree]
    script: Callable[[Run], Program | None]

    async def run(
        self, tree: OverlayTree, run: ops.Run, mounts: list[Mounted], output: Output
    ) -> int:
        files = Filesystem(tree)
        try:
            user = find_user(files, run.user)
        except DockerError as problem:
            raise LookupError(str(problem)) from None
        targets = [place(mounted) for mounted in mounts]
        agents = [(one.mount.target, one.agent) for one in mounts if one.agent is not None]
        identity = self.network.ids.identity()
        with (
            stubs_removed(Filesystem(tree), targets),
            self.network.joined(run.network, identity) as namespace,
        ):
            machine = self._machine(files, run, namespace)
            machine.cgroup_path = f"/docker/buildkit/{identity}"
            try:
                with Mounts(machine, self.new_tree).made(run, mounts) as secrets:
                    async with forwarded(machine, agents):
                        return await self._process(machine, run, user, secrets, output)
            except MountRefused as refusal:
                output(f"{NOT_STARTED}{refusal}\n".encode(), STDERR)
                return 1
            finally:
                await machine.close()

    def _machine(self, files: Filesystem, run: ops.Run, namespace: NetNamespace) -> Machine:
        machine = Machine(
            fs=files,
            programs=self.programs,
            clock=self.clock,
            ids=self.network.ids,
            net=namespace,
            limits=Limits(ulimits=dict(run.ulimits)),
            hostname=run.hostname or HOSTNAME,
        )
        machine.scripted = self._scripted
        return machine

    def _scripted(self, path: str, argv: list[str], _main: bool) -> Program | None:
        """A step stands on layers, which have no name."""
        return self.script(Run(tuple, path, argv, is_main=False))

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


def _deliver(output: Output, stream: int, data: bytes) -> None:
    """A pipe carries no empty message; clients take one for the start of a line."""
    if data:
        output(data, stream)

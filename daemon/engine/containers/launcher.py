"""From a record to a running machine: filesystem, user, environment, networks, and the main process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from api_schema.host_config import HostConfig
from daemon.behaviours import Run
from daemon.engine.container import Container, Live
from daemon.engine.containers.doors import Doors
from daemon.engine.containers.endpoint_rules import is_user_defined
from daemon.engine.containers.extra_hosts import HOST_GATEWAY, split_extra_host
from daemon.engine.containers.host_processes import HostProcesses
from daemon.engine.containers.joining import Donors, donors_of
from daemon.engine.containers.kernel_parameters import set_kernel_parameters
from daemon.engine.containers.links import Links
from daemon.engine.containers.log_files import NOT_INITIALIZED, is_readable, rotation
from daemon.engine.containers.modes import joins
from daemon.engine.containers.networking import Joined, Networking
from daemon.engine.containers.rootfs import MountFailure, Rootfs
from daemon.engine.containers.runtime_rules import INIT_FAILED, check_runtime, check_tmpfs_sizes
from daemon.engine.containers.staging import Staging
from daemon.engine.containers.volume_events import mounted
from daemon.engine.host_files import Resolver, hostname_file, hosts_file, resolv_file
from daemon.engine.process_env import variables, with_home
from daemon.engine.signals import parse_signal
from daemon.engine.streams import STDERR, STDOUT, Streams
from daemon.engine.supervisor import UNKNOWN_FAILURE, StartFailure
from daemon.engine.users import User, find_user
from daemon.errors import DockerError, InvalidParameter, System
from daemon.events import Events
from daemon.fs.filesystem import Filesystem
from daemon.process.accounts import Limits
from daemon.process.capabilities import capability_mask
from daemon.process.logs import LogStore
from daemon.process.machine import Machine, ProgramTable
from daemon.process.process import Process
from daemon.process.process_table import PidNamespace
from daemon.process.procfs import mount_kernel_trees
from daemon.process.status import ExecError, ExitStatus, Program
from daemon.process.waiting import FairShare

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.ids import Ids

PIDS_BETWEEN_CONTAINERS = 100
FIRST_HOST_PID = 1000
LAST_HOST_PID = 4_000_000


@dataclass(slots=True)
class Workshop:
    """What every machine is made with."""

    programs: ProgramTable
    clock: Clock
    ids: Ids
    events: Events
    fair_share: FairShare
    host_gateway: Callable[[], str]
    doors: Doors
    staging: Staging
    on_unsimulated: Callable[[str], None]
    script: Callable[[Run], Program | None]
    """What is to run instead of a program's simulation."""
    image_names: Callable[[Container], Sequence[str]]
    links: Links


class Launcher:
    """Builds machines. What a start has taken is on a stack, and given back in one go: at failure or at the exit."""

    def __init__(self, workshop: Workshop, rootfs: Rootfs, networking: Networking) -> None:
        self._workshop = workshop
        self._rootfs = rootfs
        self._networking = networking
        self._next_base = FIRST_HOST_PID
        self.host_processes = HostProcesses(
            rootfs, workshop.clock, workshop.ids, FIRST_HOST_PID // 2
        )

    async def launch(self, container: Container, on_exit: Callable[[ExitStatus], None]) -> Live:
        """Start the main process; StartFailure carries dockerd's answer and exit code."""
        with contextlib.ExitStack() as taken:
            try:
                live = await self._launch(container, on_exit, taken)
            except ExecError as error:
                raise _exec_failure(error) from error
            except MountFailure as error:
                raise StartFailure(InvalidParameter(f"{INIT_FAILED}{error}"), 127) from error
            except DockerError as error:
                raise StartFailure(error, UNKNOWN_FAILURE) from error
            except OSError as error:
                raise StartFailure(System(_go_error(error)), UNKNOWN_FAILURE) from error
            live.release = taken.pop_all().close
        return live

    async def _launch(
        self,
        container: Container,
        on_exit: Callable[[ExitStatus], None],
        taken: contextlib.ExitStack,
    ) -> Live:
        taken.enter_context(mounted(self._workshop.events, container))
        failed = contextlib.ExitStack()
        taken.callback(failed.close)
        failed.callback(self._networking.announce_failure, container)
        fs = self._rootfs.bare(container)
        if not joins(container.host_config.network_mode):
            # The files are there, and shown, even if the networks then refuse.
            self._rootfs.host_files(container)
        user = find_user(fs, container.config.user, container.host_config.group_add or ())
        check_runtime(container.host_config)
        check_tmpfs_sizes({m.destination: m.size for m in container.mounts if m.type == "tmpfs"})
        donors = donors_of(container, self._networking.registry)
        joined = self._networking.join(container)
        failed.callback(self._networking.undo, container, joined)
        if joined.shares is not None:
            names = joined.shares.config
            host_names = {"hostname": names.hostname, "domainname": names.domainname}
            container.config = container.config.model_copy(update=host_names)
        machine = self._machine(container, fs, joined, donors)
        self._mount(container, machine, joined, donors)
        self._workshop.staging.check_start(container, container.argv)
        process = await self._start(container, machine, user, on_exit)
        failed.pop_all()
        taken.callback(self._networking.leave, container, joined)
        self._networking.announce(container, joined)
        base_pid = self._base_pid(container, donors)
        live = Live(machine, process, joined.sandbox, base_pid, release=taken.close)
        self._workshop.staging.watch(container, live)
        return live

    def _machine(
        self, container: Container, fs: Filesystem, joined: Joined, donors: Donors
    ) -> Machine:
        shop = self._workshop
        config = container.config
        machine = Machine(
            fs=fs,
            programs=shop.programs,
            clock=shop.clock,
            ids=shop.ids,
            net=joined.namespace,
            limits=limits_of(container.host_config),
            hostname=config.hostname,
            domainname=config.domainname,
            fair_share=shop.fair_share,
            pids=self._pids(container, donors),
        )
        machine.image_argv = list(container.image_argv)
        machine.exposes_port = bool(config.exposed_ports)
        machine.on_unsimulated = shop.on_unsimulated
        machine.scripted = partial(self._script, container)
        machine.stop_signal = parse_signal(container.stop_signal)
        shop.doors.give(machine, container)
        machine.cgroup_path = f"/docker/{container.id}"
        host = container.host_config
        set_kernel_parameters(machine, host)
        machine.capabilities = capability_mask(
            host.cap_add or (), host.cap_drop or (), privileged=host.privileged
        )
        return machine

    def _script(
        self, container: Container, path: str, argv: list[str], main: bool
    ) -> Program | None:
        names = partial(self._workshop.image_names, container)
        run = Run(names, path, argv, main and not container.is_build_step)
        return self._workshop.script(run)

    def _mount(
        self, container: Container, machine: Machine, joined: Joined, donors: Donors
    ) -> None:
        rootfs, fs = self._rootfs, machine.fs
        rootfs.mount_devices(fs, container, machine.memory.quota)
        rootfs.mount_shared_memory(
            fs, container, machine.memory.quota, donors.ipc.machine.fs if donors.ipc else None
        )
        mount_kernel_trees(machine, privileged=container.host_config.privileged)
        self._write_host_files(container, joined)
        rootfs.mount_host_files(fs, container)
        rootfs.mount_all(fs, container, machine.memory.quota)
        if container.config.working_dir:
            fs.makedirs(container.config.working_dir)
        if container.host_config.readonly_rootfs:
            fs.root_mount.readonly = True

    def _write_host_files(self, container: Container, joined: Joined) -> None:
        if joined.shares is not None:
            container.host_files = joined.shares.host_files
            container.files_of = joined.shares.files_of or joined.shares.id
            return
        files = Filesystem(self._rootfs.host_files(container))
        config = container.config
        files.write_bytes("/hosts", hosts_file(self._extra_hosts(container), _own_names(container)))
        files.write_bytes("/hostname", hostname_file(config.hostname))
        resolver = _resolver(container)
        if not files.exists("/resolv.conf"):
            files.write_bytes("/resolv.conf", resolv_file(resolver))

    def _extra_hosts(self, container: Container) -> list[tuple[str, str]]:
        entries = []
        for entry in container.host_config.extra_hosts or ():
            name, address = split_extra_host(entry)
            shown = self._workshop.host_gateway() if address == HOST_GATEWAY else address
            entries.append((shown, name))
        return entries + self._workshop.links.hosts(container)

    async def _start(
        self,
        container: Container,
        machine: Machine,
        user: User,
        on_exit: Callable[[ExitStatus], None],
    ) -> Process:
        config = container.config
        env = with_home(self._variables(container, machine), user.home)
        streams = streams_of(container)
        begin_log(container, streams, self._workshop.clock)
        return await machine.start(
            container.argv,
            env=env,
            cwd=config.working_dir or "/",
            cred=user.credentials,
            stdio=streams.stdio(),
            terminal=streams.terminal,
            init_shim=bool(container.host_config.init),
            on_exit=on_exit,
        )

    def _variables(self, container: Container, machine: Machine) -> dict[str, str]:
        return variables(
            container.config.env or (),
            hostname=machine.hostname,
            tty=container.config.tty,
            links=self._workshop.links.variables(container),
        )

    def _pids(self, container: Container, donors: Donors) -> PidNamespace | None:
        if container.host_config.pid_mode == "host":
            return self.host_processes.pids
        return donors.pid.machine.pids if donors.pid else None

    def _base_pid(self, container: Container, donors: Donors) -> int:
        if container.host_config.pid_mode == "host":
            return 0
        if donors.pid:
            return donors.pid.base_pid
        base = self._next_base
        self._next_base += PIDS_BETWEEN_CONTAINERS
        if self._next_base > LAST_HOST_PID:
            self._next_base = FIRST_HOST_PID
        return base


def streams_of(container: Container) -> Streams:
    """The container's streams, made at the first attach or start."""
    if container.streams is None:
        rows, columns = container.host_config.console_size
        container.streams = Streams(
            tty=container.config.tty,
            open_stdin=container.config.open_stdin,
            size=(rows, columns) if rows and columns else None,
        )
    return container.streams


def begin_log(container: Container, streams: Streams, clock: Clock) -> None:
    """Let the output of the run that begins go into the container's log."""
    if container.logs is None:
        config = container.host_config.log_config
        try:
            files = rotation(config)
        except DockerError as error:
            raise System(f"{NOT_INITIALIZED}{error}") from None
        container.logs = LogStore(clock, config.type, readable=is_readable(config), **files)
    logs = container.logs
    logs.begin_run()
    writers = {stream: logs.writer(stream) for stream in (STDOUT, STDERR)}
    streams.log = lambda stream, data: writers[stream](data)
    streams.on_end = logs.end_run


def limits_of(host: HostConfig) -> Limits:
    """What the simulated kernel enforces or shows of the limits."""
    cpus = host.nano_cpus / 1e9
    if not cpus and host.cpu_quota > 0:
        cpus = host.cpu_quota / (host.cpu_period or 100_000)
    return Limits(
        memory=host.memory,
        memory_swap=host.memory_swap,
        memory_reservation=host.memory_reservation,
        pids=host.pids_limit or 0,
        cpus=cpus,
        cpu_period=host.cpu_period,
        cpu_quota=host.cpu_quota,
        cpu_shares=host.cpu_shares,
        cpuset=host.cpuset_cpus,
        ulimits={u.name: (u.soft, u.hard) for u in host.ulimits or () if u},
        oom_kill_disable=bool(host.oom_kill_disable),
    )


def _own_names(container: Container) -> Sequence[tuple[str, str]]:
    config = container.config
    names = (
        f"{config.hostname}.{config.domainname} {config.hostname}"
        if config.domainname
        else config.hostname
    )
    return [(e.ip_address, names) for e in container.endpoints.values() if e.ip_address]


def _resolver(container: Container) -> Resolver:
    host = container.host_config
    return Resolver(
        servers=host.dns or (),
        search=host.dns_search or (),
        options=host.dns_options or (),
        internal=is_user_defined(host.network_mode),
        host_network=host.network_mode == "host",
    )


def _exec_failure(error: ExecError) -> StartFailure:
    known = error.exit_code in (126, 127)
    kind = InvalidParameter if known else System
    return StartFailure(
        kind(f"{INIT_FAILED}{error.text}"), error.exit_code if known else UNKNOWN_FAILURE
    )


def _go_error(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"{error.filename}: {reason}" if error.filename else reason

"""Commands that run inside a running container: created, started once, inspected until some time after their end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from api_schema.execs import ExecCreateRequest
from daemon.engine.container import Container, Live
from daemon.engine.container_state import Trigger
from daemon.engine.containers.service import Containers
from daemon.engine.detach_keys import DEFAULT_KEYS, parse_keys
from daemon.engine.process_env import replaced, variables, with_home
from daemon.engine.streams import Attachment, Streams
from daemon.engine.users import User, find_user
from daemon.errors import Conflict, InvalidParameter, NotFound, System
from daemon.process.machine import Machine
from daemon.process.process import Process
from daemon.process.status import ExecError, ExitStatus

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.ids import Ids

FAILED: Final = "OCI runtime exec failed: exec failed: "
CANNOT_START: Final = FAILED + "unable to start container process: "
UNKNOWN_FAILURE: Final = 128
UNKNOWN_EXIT: Final = 127
DETACHED: Final = 126
"""The code that an exec shows after its client has left by the detach keys; its process runs on."""
READY_SECONDS: Final = 10.0
KEPT_SECONDS: Final = 300.0
"""How long a finished exec can be inspected."""


class ExecFailure(Exception):
    """The process cannot be started. A client that is attached reads this in its stream."""


@dataclass(slots=True, eq=False)
class Exec:
    """One exec; `exit_code` is None until it has ended."""

    id: str
    container: Container
    request: ExecCreateRequest
    user: User
    detach_keys: bytes
    streams: Streams | None = None
    process: Process | None = None
    live: Live | None = None
    running: bool = False
    started: bool = False
    exit_code: int | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int:
        return self.live.host_pid(self.process.pid) if self.live and self.process else 0

    @property
    def command(self) -> str:
        """As the events tell it; a command without arguments keeps its space."""
        words = self.request.cmd or [""]
        return f"{words[0]} {' '.join(words[1:])}"


class Execs:
    """All execs of all containers."""

    def __init__(self, containers: Containers, clock: Clock, ids: Ids) -> None:
        self._containers = containers
        self._clock = clock
        self._ids = ids
        self._execs: dict[str, Exec] = {}
        self._orphans: set[str] = set()
        """Execs of removed containers: nobody finds them, but a start still tells them from what never was."""
        containers.supervisor.probe = self.probe
        containers.supervisor.on_exit.append(self._container_exited)
        containers.on_removed.append(self._container_removed)

    def get(self, exec_id: str) -> Exec:
        found = self._execs.get(exec_id)
        # One that was never started dies with its container's run.
        if found is None or (not found.started and found.container.live is None):
            raise NotFound(f"No such exec instance: {exec_id}")
        return found

    def create(self, reference: str, request: ExecCreateRequest) -> Exec:
        container = self._containers.get(reference)
        if not request.cmd:
            raise InvalidParameter("No exec command specified")
        container.check(Trigger.EXEC, reference)
        refusal = System(f"Invalid escape keys ({request.detach_keys}) provided")
        keys = parse_keys(request.detach_keys, refusal)
        assert container.live is not None
        name = request.user or container.config.user
        user = find_user(container.live.machine.fs, name, refuse=InvalidParameter)
        made = Exec(self._ids.id64(), container, request, user, keys)
        self._execs[made.id] = made
        container.exec_ids = [*(container.exec_ids or ()), made.id]
        container.touch()
        self._emit(made, f"exec_create: {made.command}")
        return made

    def check_start(self, exec_id: str) -> Exec:
        """What can be refused before a stream begins."""
        if exec_id in self._orphans:
            raise NotFound(f"No such container: {exec_id}")
        found = self.get(exec_id)
        found.container.check(Trigger.EXEC, found.container.id)
        return found

    async def start(
        self, found: Exec, size: list[int] | None = None, *, attach: bool = True
    ) -> Attachment | None:
        """Start the process. Conflict if that has happened before, ExecFailure if it is impossible."""
        if found.started:
            state = "running" if found.running else "run"
            verb = "is already" if found.running else "has already"
            raise Conflict(f"exec command {found.id} {verb} {state}")
        found.started = found.running = True
        rows_columns = size or found.request.console_size or [0, 0]
        streams = found.streams = Streams(
            tty=found.request.tty,
            open_stdin=found.request.attach_stdin,
            size=(rows_columns[0], rows_columns[1]) if all(rows_columns) else None,
        )
        attachment = streams.attach() if attach else None
        self._emit(found, f"exec_start: {found.command}")
        try:
            await self._run(found, streams)
        except ExecError as error:
            self._failed(found, streams, error)
            raise ExecFailure(_text(error)) from error
        found.ready.set()
        return attachment

    async def _run(self, found: Exec, streams: Streams) -> None:
        container = found.container
        live = found.live = container.live
        if live is None:
            raise ExecError("container is not running", 3, UNKNOWN_FAILURE)
        cwd = found.request.working_dir or container.config.working_dir or "/"
        _check(cwd, found.request.env or [])
        self._containers.staging.check_start(container, found.request.cmd or [])
        found.process = await live.machine.start(
            found.request.cmd or [],
            env=self._environment(found, live.machine),
            cwd=cwd,
            cred=found.user.credentials,
            stdio=streams.stdio(),
            terminal=streams.terminal,
            as_init=False,
            on_exit=lambda status: self._exited(found, status),
        )

    @staticmethod
    def _environment(found: Exec, machine: Machine) -> dict[str, str]:
        """The container's variables, then the exec's, and HOME if neither knows it."""
        request, config = found.request, found.container.config
        base = variables(config.env or (), hostname=machine.hostname, tty=request.tty)
        asked = (item for item in request.env or () if "=" in item)
        return with_home(replaced(base, asked), found.user.home)

    def _failed(self, found: Exec, streams: Streams, error: ExecError) -> None:
        found.running = False
        found.exit_code = error.exit_code
        self._finish(found)
        streams.end()
        found.ready.set()

    def _exited(self, found: Exec, status: ExitStatus) -> None:
        code = status.shell_code
        if found.running:
            found.running = False
            found.exit_code = code
        else:
            # dockerd has forgotten whom the detach keys or a probe's patience have left, and with it the code.
            code = UNKNOWN_EXIT
        self._finish(found)
        self._emit(found, "exec_die", exitCode=str(code))

    def _finish(self, found: Exec) -> None:
        container = found.container
        if container.exec_ids and found.id in container.exec_ids:
            rest = [known for known in container.exec_ids if known != found.id]
            container.exec_ids = rest or None
            container.touch()
        due = self._clock.monotonic() + KEPT_SECONDS
        self._clock.call_at(due, lambda: self._forget(found))

    def _forget(self, found: Exec) -> None:
        self._execs.pop(found.id, None)

    def detached(self, found: Exec) -> None:
        """The client has typed the detach keys: dockerd calls that a failure of the exec, whatever its process does."""
        found.running = False
        found.exit_code = DETACHED
        self._finish(found)

    async def resize(self, exec_id: str, rows: int, columns: int) -> None:
        """Change the window; clients ask for it before the process runs, so it is waited for."""
        found = self.get(exec_id)
        found.container.check(Trigger.EXEC, found.container.id)
        try:
            async with self._clock.timeout(READY_SECONDS):
                await found.ready.wait()
        except TimeoutError:
            raise System("timeout waiting for exec session ready") from None
        if found.process is None or found.streams is None:
            raise InvalidParameter("exec process is not started")
        if found.process.status is not None:
            raise NotFound(f"NotFound: process does not exist {found.id}: not found")
        found.streams.resize(rows, columns)

    async def probe(self, container: Container, command: list[str]) -> tuple[int, bytes]:
        """A health check: an exec like any other, whose output is kept."""
        request = ExecCreateRequest(cmd=command, attach_stdout=True, attach_stderr=True)
        try:
            made = self.create(container.id, request)
            attachment = await self.start(made)
        except (ExecFailure, Conflict, InvalidParameter) as error:
            return -1, str(error).encode()
        assert attachment is not None
        output = bytearray()
        try:
            while chunks := await attachment.read():
                output += b"".join(data for _, data in chunks)
        finally:
            self._give_up(made)
        return made.exit_code if made.exit_code is not None else -1, bytes(output)

    @staticmethod
    def _give_up(made: Exec) -> None:
        """A probe that takes too long is killed and forgotten."""
        if made.running and made.live is not None and made.process is not None:
            made.running = False
            made.exit_code = UNKNOWN_EXIT
            try:
                made.live.machine.signal(made.process.pid, 9)
            except ProcessLookupError:
                return

    def _container_exited(self, container: Container) -> None:
        for exec_id in container.exec_ids or ():
            found = self._execs.get(exec_id)
            if found is not None and not found.started:
                del self._execs[exec_id]
        container.exec_ids = None

    def _container_removed(self, container: Container) -> None:
        for exec_id in [key for key, known in self._execs.items() if known.container is container]:
            del self._execs[exec_id]
            self._orphans.add(exec_id)
            due = self._clock.monotonic() + KEPT_SECONDS
            self._clock.call_at(due, partial(self._orphans.discard, exec_id))

    def _emit(self, found: Exec, action: str, **attributes: str) -> None:
        self._containers.emit(found.container, action, execID=found.id, **attributes)


def _check(cwd: str, env: list[str]) -> None:
    """What runc refuses before it looks at the container at all."""
    if not cwd.startswith("/"):
        raise ExecError("Cwd must be an absolute path", 22, UNKNOWN_FAILURE)
    if any(item.startswith("=") for item in env):
        raise ExecError("invalid environment variable: name cannot be empty", 22, UNKNOWN_FAILURE)


def _text(error: ExecError) -> str:
    return f"{FAILED if error.text.startswith('Cwd') else CANNOT_START}{error.text}"


def keys_of(found: Exec) -> bytes:
    return found.detach_keys or DEFAULT_KEYS

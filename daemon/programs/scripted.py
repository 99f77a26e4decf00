"""Scripted programs: lines, ports, an end and mishaps at their times, as a behaviour says."""

import errno
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Final

from daemon.behaviours import Behaviour, Line, Port, Scripted, host_and_port
from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.process.sockets import Connection, Listener
from daemon.process.status import ExecError, ProcessExit, Program
from daemon.process.unsimulated import ENDS_A_SERVICE
from daemon.programs.services.http_server import Connection as HttpConnection
from daemon.programs.services.http_server import Reply

HostDial = Callable[[str, int], Awaitable[Connection]]
"""Connects to a server that the host reaches; OSError as connect(2) says it."""

STREAMS: Final = {"stdout": 1, "stderr": 2}
START_ERROR_CODE: Final = 126


def program_for(scripted: Scripted, dial: HostDial) -> Program:
    """The program that behaves so; ExecError if it is one that cannot be started."""
    behaviour = scripted.behaviour
    if behaviour.start_error:
        code = behaviour.exit_code or START_ERROR_CODE
        raise ExecError(behaviour.start_error, errno.EACCES, code)
    return scripted.main or partial(_perform, behaviour, dial)


async def _perform(behaviour: Behaviour, dial: HostDial, proc: Process) -> int:
    _set_signals(behaviour, proc)
    begun = proc.machine.clock.monotonic()
    stage = _Stage(proc, dial)
    for moment, step in _plan(behaviour, stage):
        await stage.serve(until=begun + moment)
        await step()
    if behaviour.stay or behaviour.ports:
        await stage.serve()
    return behaviour.exit_code


def _set_signals(behaviour: Behaviour, proc: Process) -> None:
    def leave(_signum: int) -> None:
        raise ProcessExit(behaviour.exit_code)

    proc.on_signal(Signal.SIGCHLD, IGNORE)
    endings = {*ENDS_A_SERVICE, proc.machine.stop_signal} - {Signal.SIGKILL, Signal.SIGSTOP}
    for signum in endings:
        proc.on_signal(signum, IGNORE if behaviour.ignore_signals else leave)


Step = Callable[[], Awaitable[None]]


def _plan(behaviour: Behaviour, stage: "_Stage") -> list[tuple[float, Step]]:
    """All steps by their times. Of those at one time ports come first: who reads "ready" may connect."""
    steps: list[tuple[float, Step]] = [
        (port.after, partial(stage.open, port)) for port in behaviour.ports
    ]
    steps += [(moment, partial(stage.say, line)) for moment, line in _timed(behaviour)]
    if behaviour.oom_after is not None:
        steps.append((behaviour.oom_after, stage.run_out_of_memory))
    if behaviour.exit_after is not None:
        steps.append((behaviour.exit_after, partial(stage.leave, behaviour.exit_code)))
    return sorted(steps, key=lambda step: step[0])


def _timed(behaviour: Behaviour) -> Iterator[tuple[float, Line]]:
    """The lines and when they are due: each waits for the one before it."""
    moment = 0.0
    for given in behaviour.lines:
        line = Line(given) if isinstance(given, str) else given
        moment += line.after
        yield moment, line


class _Stage:
    """A process that performs, and the ports that it has opened so far."""

    def __init__(self, proc: Process, dial: HostDial) -> None:
        self._proc = proc
        self._dial = dial
        self._ports: dict[int, Port] = {}

    async def open(self, port: Port) -> None:
        proc = self._proc
        listener = await proc.listen(port.port, "::")
        self._ports[listener] = port
        if port.forward:
            host, number = host_and_port(port.forward)
            proc.socket(listener, Listener).door = partial(self._dial, host, number)

    async def say(self, line: Line) -> None:
        await self._proc.write(STREAMS[line.stream], f"{line.text}\n".encode())

    async def run_out_of_memory(self) -> None:
        self._proc.machine.kill_for_memory(self._proc)
        await self._proc.checkpoint()

    async def leave(self, code: int) -> None:
        raise ProcessExit(code)

    async def serve(self, until: float | None = None) -> None:
        """Accept connections, for ever or until that time."""
        clock = self._proc.machine.clock
        while until is None or clock.monotonic() < until:
            rest = None if until is None else until - clock.monotonic()
            for listener in await self._proc.wait_readable(list(self._ports), rest):
                await self._accept(listener)

    async def _accept(self, listener: int) -> None:
        proc = self._proc
        connection = await proc.accept(listener)
        proc.fork(partial(_serve, self._ports[listener], connection), fds={connection: connection})
        proc.close(connection)


async def _serve(port: Port, connection: int, proc: Process) -> int:
    """One connection, in a child of its own."""
    try:
        await proc.write(connection, port.greeting)
        if port.status:
            await _speak_http(port, connection, proc)
        elif port.answer:
            while await proc.read(connection):
                await proc.write(connection, port.answer)
    except ConnectionError:
        pass  # the peer went away
    return 0


async def _speak_http(port: Port, connection: int, proc: Process) -> None:
    http = HttpConnection(proc, connection)
    reason = HTTPStatus(port.status).phrase if port.status in set(HTTPStatus) else ""
    while (request := await http.request()) is not None:
        http.head_only = request.method == "HEAD"
        headers = [("Content-Type", port.content_type)]
        await http.reply(Reply(port.status, reason, headers, port.body))

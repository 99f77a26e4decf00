"""socat: two ends, and what one says the other hears. Ends are the standard streams, sockets, files and programs."""

import errno
import os
import shlex
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.programs.net.addresses import port_number
from daemon.programs.tools.kit import reason
from daemon.programs.tools.options import OptionError, Options, Parser
from daemon.programs.tools.packages.known import version_of_command

CHUNK = 8192
NANOSECONDS = 1_000_000_000
PATIENCE = 0.5
"""Seconds that one direction may go on after the other has ended; -t says otherwise."""
VERSION = "socat by Gerhard Rieger and contributors - see www.dest-unreach.org\nsocat version {}\n"
PARSER = Parser("hVuUdDvxslt:T:b:L:W:")
HINT = 'use option "-h" for help'


class Complaint(Exception):
    """Ends socat: what its log says."""


@dataclass(slots=True)
class Address:
    """An end as it was written: `KIND:parameter:parameter,option,option`."""

    text: str
    kind: str
    parameters: list[str]
    options: set[str] = field(default_factory=set)

    @staticmethod
    def parse(text: str) -> "Address":
        place, *options = text.split(",")
        kind, colon, rest = place.partition(":")
        if place == "-":
            kind = "STDIO"
        elif "/" in kind:
            kind, colon, rest = "OPEN", ":", place
        parameters = [rest] if kind.upper() in WHOLE else rest.split(":")
        names = {option.partition("=")[0] for option in options}
        return Address(kind, kind.upper(), parameters if colon else [], names)


@dataclass(slots=True)
class End:
    """Where to read and where to write; either may be missing. `can_half_close` is a socket's."""

    reading: int | None
    writing: int | None
    can_half_close: bool = False


Opener = Callable[[Process, Address], Awaitable[End]]


async def _stdio(proc: Process, address: Address) -> End:
    return End(0, 1)


async def _file(proc: Process, address: Address) -> End:
    path = address.parameters[0]
    try:
        fd = await proc.open(path, os.O_RDWR)
    except OSError as error:
        raise Complaint(f'open("{path}", 02, 0666): {reason(error)}') from None
    return End(fd, fd)


async def _unix(proc: Process, address: Address) -> End:
    path = address.parameters[0]
    try:
        fd = await proc.connect_unix(path)
    except OSError as error:
        raise Complaint(f'connect(, AF=1 "{path}", {len(path) + 2}): {reason(error)}') from None
    return End(fd, fd, can_half_close=True)


async def _tcp(proc: Process, address: Address) -> End:
    host, port = address.parameters[0], port_number(address.parameters[1]) or 0
    try:
        fd = await proc.connect(host, port)
    except socket.gaierror as error:
        raise Complaint(f'getaddrinfo("{host}", "NULL"): {error.strerror}') from None
    except OSError as error:
        raise Complaint(f"connect(AF=2 {host}:{port}): {reason(error)}") from None
    return End(fd, fd, can_half_close=True)


async def _program(proc: Process, address: Address) -> End:
    line = address.parameters[0]
    words = ["/bin/sh", "-c", line] if address.kind == "SYSTEM" else shlex.split(line)
    there, here = proc.pipe(), proc.pipe()
    try:
        await proc.spawn(words, fds={0: there[0], 1: here[1], 2: 2})
    except OSError as error:
        raise Complaint(f'execvp("{words[0]}"): {reason(error)}') from None
    finally:
        proc.close(there[0])
        proc.close(here[1])
    return End(here[0], there[1])


_ROWS: tuple[tuple[str, int, Opener], ...] = (
    ("STDIO", 0, _stdio),
    ("OPEN GOPEN FILE", 1, _file),
    ("UNIX UNIX-CONNECT UNIX-CLIENT", 1, _unix),
    ("TCP TCP4 TCP6 TCP-CONNECT TCP4-CONNECT", 2, _tcp),
    ("EXEC SYSTEM", 1, _program),
)
"""Names of a kind, how many parameters it takes, and what opens it."""
OPENERS = {name: opener for names, _, opener in _ROWS for name in names.split()}
LISTENERS = ("UNIX-LISTEN", "UNIX-L", "TCP-LISTEN", "TCP-L", "TCP4-LISTEN", "TCP4-L")
COUNTS = {name: count for names, count, _ in _ROWS for name in names.split()}
WHOLE = ("EXEC", "SYSTEM", "OPEN", "GOPEN", "FILE")
"""Their parameter may have colons."""


async def socat(proc: Process) -> int:
    proc.on_signal(Signal.SIGPIPE, IGNORE)
    try:
        options = PARSER.parse(proc.argv[1:])
        if "V" in options or "h" in options:
            await proc.out(VERSION.format(version_of_command("socat")))
            return 0
        return await _Run(proc, options).run()
    except OptionError as error:
        await _log(proc, f'unknown option "{error.text[-2:-1]}"; {HINT}')
    except (Complaint, BrokenPipeError, ConnectionResetError) as problem:
        await _log(proc, str(problem))
    return 1


async def _log(proc: Process, text: str) -> None:
    now = datetime.fromtimestamp(proc.machine.clock.now() // NANOSECONDS, UTC)
    await proc.err(f"{now:%Y/%m/%d %H:%M:%S} socat[{proc.pid}] E {text}\n")


class _Run:
    """One command line."""

    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        if len(options.args) != 2:
            raise Complaint(f"exactly 2 addresses required (there are {len(options.args)}); {HINT}")
        self.addresses = [Address.parse(text) for text in options.args]
        self.patience = float(options.value("t") or PATIENCE)
        for address in self.addresses:
            _check(address)

    async def run(self) -> int:
        first, second = self.addresses
        if first.kind not in LISTENERS:
            return await self._pass(await self._open(first), second)
        listener = await self._listen(first)
        try:
            while True:
                await self.proc.wait_readable([listener])
                fd = await self.proc.accept(listener)
                end = End(fd, fd, can_half_close=True)
                if "fork" not in first.options:
                    return await self._pass(end, second)
                self._serve(end, second)
                self.proc.close(fd)
        finally:
            self._remove(first)

    def _serve(self, end: End, second: Address) -> None:
        async def child(proc: Process) -> int:
            try:
                return await _Run(proc, self.options)._pass(end, second)
            except Complaint as problem:
                await _log(proc, str(problem))
                return 1

        self.proc.on_signal(Signal.SIGCHLD, IGNORE)
        self.proc.fork(child)

    async def _open(self, address: Address) -> End:
        if address.kind in LISTENERS:
            listener = await self._listen(address)
            fd = await self.proc.accept(listener)
            self.proc.close(listener)
            self._remove(address)
            return End(fd, fd, can_half_close=True)
        return await OPENERS[address.kind](self.proc, address)

    async def _listen(self, address: Address) -> int:
        place = address.parameters[0]
        try:
            if address.kind.startswith("TCP"):
                return await self.proc.listen(port_number(place) or 0)
            if "unlink-early" in address.options:
                with suppress(OSError):
                    self.proc.unlink(place)
            return await self.proc.listen_unix(place)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and not address.kind.startswith("TCP"):
                raise Complaint(f'"{place}" exists') from None
            raise Complaint(f'bind("{place}"): {reason(error)}') from None

    def _remove(self, address: Address) -> None:
        if address.kind.startswith("UNIX"):
            with suppress(OSError):
                self.proc.unlink(address.parameters[0])

    async def _pass(self, left: End, second: Address) -> int:
        right = await self._open(second)
        ways = {}
        if "U" not in self.options and left.reading is not None:
            ways[left.reading] = right
        if "u" not in self.options and right.reading is not None:
            ways[right.reading] = left
        patience = None
        while ways:
            ready = await self.proc.wait_readable(list(ways), patience)
            if not ready:
                break
            for fd in ready:
                if not await self._forward(fd, ways[fd]):
                    del ways[fd]
                    patience = self.patience
        return 0

    async def _forward(self, fd: int, end: End) -> bool:
        """Pass on what there is; False at its end, which is passed on as well."""
        data = await self.proc.read(fd, CHUNK)
        if data:
            assert end.writing is not None
            await self.proc.write(end.writing, data)
        elif end.can_half_close and end.writing is not None:
            self.proc.shutdown(end.writing, socket.SHUT_WR)
        elif end.writing not in (None, 1, end.reading):
            assert end.writing is not None
            self.proc.close(end.writing)
        return bool(data)


def _check(address: Address) -> None:
    if address.kind not in OPENERS and address.kind not in LISTENERS:
        raise Complaint(f'unknown device/address "{address.text}"')
    wanted, given = COUNTS.get(address.kind, 1), len(address.parameters)
    if wanted != given:
        raise Complaint(f"{address.text}: wrong number of parameters ({given} instead of {wanted})")

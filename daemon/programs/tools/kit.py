"""What every tool needs: flavour, options, usage errors, complaints in its own name, opening operands."""

import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from daemon.process.process import Process
from daemon.programs.tools.options import NumberError, OptionError, Options, Parser

BUSYBOX_BANNER = "BusyBox v1.37.0 (2024-09-26 21:31:42 UTC) multi-call binary."
COREUTILS = "GNU coreutils) 9.1"

Body = Callable[[Process, Options], Awaitable[int]]
Main = Callable[[Process], Awaitable[int]]


class Failure(Exception):
    """Ends a tool: what to say after its name (nothing if empty) and the exit code."""

    def __init__(self, text: str = "", code: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class UsageError(Failure):
    """A failure followed by the usage text (busybox) or a hint at --help (GNU)."""


def is_gnu(proc: Process) -> bool:
    """Whether GNU's behaviour is wanted; busybox otherwise."""
    return not proc.program.startswith("busybox/")


def is_musl(proc: Process) -> bool:
    """Alpine's C library words some errors in its own way."""
    return proc.machine.fs.exists("/etc/alpine-release")


def name_of(proc: Process) -> str:
    """How the tool calls itself in messages: GNU by argv[0] as typed, busybox by the applet's name."""
    return proc.argv[0] if is_gnu(proc) else os.path.basename(proc.argv[0]).lstrip("-")


async def complain(proc: Process, text: str) -> None:
    """One line on stderr, in the tool's name."""
    await proc.err(f"{name_of(proc)}: {text}\n")


def reason(error: OSError) -> str:
    """The error as strerror words it."""
    return os.strerror(error.errno) if error.errno else str(error)


def either(proc: Process, gnu: str, busybox: str) -> str:
    """The text of this tool's flavour."""
    return gnu if is_gnu(proc) else busybox


def tool(
    usage: str,
    short: str = "",
    *,
    about: str = "",
    gnu: str = "",
    long: str = "",
    busybox_long: str = "",
    trouble: tuple[int, int] = (1, 1),
    stop_at_operand: bool = False,
    raw: bool = False,
    package: str = COREUTILS,
) -> Callable[[Body], Main]:
    """Make a program of a body that gets its options parsed.

    `short` are the letters both flavours know and `gnu` those that only GNU knows; `trouble` is the exit code of a
    wrong command line (GNU, busybox). A `raw` tool gets its words as operands, whatever they look like.
    """
    gnu_long = f"help version {long}" if not raw else ""
    parsers = {
        True: Parser(short + gnu, gnu_long, stop_at_operand=stop_at_operand),
        False: Parser(short, busybox_long, stop_at_operand=stop_at_operand),
    }

    def decorate(body: Body) -> Main:
        @functools.wraps(body)
        async def main(proc: Process) -> int:
            own = parsers[is_gnu(proc)]
            try:
                options = _parse(proc, own, raw)
                shown = await _asked_for_help(proc, options, usage, about, package)
                return 0 if shown else await body(proc, options)
            except (OptionError, NumberError, Failure, OSError) as error:
                code = trouble[0] if is_gnu(proc) else trouble[1]
                return await _failed(proc, error, code, usage, about)

        return main

    return decorate


async def _failed(proc: Process, error: Exception, code: int, usage: str, about: str) -> int:
    """Say what went wrong; the exit code."""
    if isinstance(error, OptionError):
        await _usage(proc, error.musl if is_musl(proc) else error.text, usage, about)
    elif isinstance(error, UsageError):
        await _usage(proc, error.text, usage, about)
    elif isinstance(error, NumberError):
        await complain(proc, f"invalid number{':' if is_gnu(proc) else ''} '{error}'")
    elif isinstance(error, Failure):
        if error.text:
            await complain(proc, error.text)
        return error.code
    elif isinstance(error, OSError):
        await complain(proc, _os_error(error))
    return code


def _parse(proc: Process, parser: Parser, raw: bool) -> Options:
    if raw:
        return Options(args=proc.argv[1:])
    if not is_gnu(proc) and proc.argv[1:] == ["--help"]:
        return Options(given=[("help", None)])
    return parser.parse(proc.argv[1:])


async def _asked_for_help(
    proc: Process, options: Options, usage: str, about: str, package: str
) -> bool:
    if "help" in options:
        if is_gnu(proc):
            await proc.out(f"Usage: {name_of(proc)} {usage}\n{about}\n")
        else:
            await proc.err(_busybox_usage(proc, usage, about))
        return True
    if "version" in options and is_gnu(proc):
        name = os.path.basename(name_of(proc))
        await proc.out(f"{name} ({package}\n" if ")" in package else f"{name} {package}\n")
        return True
    return False


def _busybox_usage(proc: Process, usage: str, about: str) -> str:
    tail = f"\n{about}\n" if about else ""
    return f"{BUSYBOX_BANNER}\n\nUsage: {name_of(proc)} {usage}\n{tail}"


async def _usage(proc: Process, text: str, usage: str, about: str) -> None:
    if text.startswith(("Usage: ", "\nUsage:")):
        await proc.err(f"{text}\n")
    elif text:
        await complain(proc, text)
    if is_gnu(proc):
        await proc.err(f"Try '{name_of(proc)} --help' for more information.\n")
    else:
        await proc.err(_busybox_usage(proc, usage, about))


def _os_error(error: OSError) -> str:
    path = error.filename
    return f"{path}: {reason(error)}" if path else reason(error)


def missing_operand(proc: Process, after: str = "") -> UsageError:
    """GNU names what is missing; busybox shows its usage and says nothing more."""
    if not is_gnu(proc):
        return UsageError()
    return UsageError(f"missing operand after '{after}'" if after else "missing operand")


def extra_operand(proc: Process, operand: str) -> UsageError:
    return UsageError(f"extra operand '{operand}'" if is_gnu(proc) else "")


@asynccontextmanager
async def opened(
    proc: Process, path: str, flags: int = os.O_RDONLY, mode: int = 0o666
) -> AsyncIterator[int]:
    """A descriptor of `path`, closed afterwards; "-" is standard input and stays open."""
    if path == "-":
        yield 0
        return
    fd = await proc.open(path, flags, mode)
    try:
        yield fd
    finally:
        # A generator that a program left half-way is closed after the process, whose descriptors are gone by then.
        with suppress(OSError):
            proc.close(fd)


async def chunks(proc: Process, fd: int, size: int = 65536) -> AsyncIterator[bytes]:
    """The bytes of `fd` as they come, to its end."""
    while data := await proc.read(fd, size):
        yield data


async def read_all(proc: Process, path: str) -> bytes:
    """The whole of a small file; what it holds is charged to the container."""
    async with opened(proc, path) as fd:
        parts = []
        async for data in chunks(proc, fd):
            proc.charge(len(data))
            parts.append(data)
        return b"".join(parts)


def columns_of(proc: Process, fd: int = 1) -> int:
    """The terminal's width, or 80 where there is none."""
    terminal: Any = proc.terminal
    return (terminal.cols or 80) if terminal is not None and proc.isatty(fd) else 80


def lines_of(proc: Process) -> int:
    """The terminal's height, or 24 where there is none."""
    terminal: Any = proc.terminal
    return (terminal.rows or 24) if terminal is not None else 24

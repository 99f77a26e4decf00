"""How processes end, and the exceptions by which they do."""

import errno
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from daemon.process.process import Process

Program = Callable[["Process"], Awaitable[int]]
"""A simulated program; what it returns is the exit code."""


class ExitStatus(NamedTuple):
    """What wait(2) tells of a process that ended: a code, or the signal that killed it."""

    code: int = 0
    signal: int | None = None
    core: bool = False

    @property
    def shell_code(self) -> int:
        """What `$?` and Docker show: the code, or 128 plus the signal."""
        return self.code if self.signal is None else 128 + self.signal


class Stopped(NamedTuple):
    """What wait(2) with WUNTRACED tells of a process stopped by job control."""

    signal: int


class ProcessExit(BaseException):
    """Raised by a program to end its process from any depth, as exit(3) does."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


class ProcessKilled(BaseException):
    """Unwinds a process that a signal ended. `finally` runs; every further system call raises it again."""


class Replaced(BaseException):
    """Unwinds the old program of a process that called exec."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program


class ExecError(Exception):
    """A container's or exec's process could not be started; the text is runc's."""

    def __init__(self, text: str, error: int, exit_code: int) -> None:
        super().__init__(text)
        self.text = text
        self.errno = error
        self.exit_code = exit_code

    @property
    def kind(self) -> str:
        return {
            errno.ENOENT: "not found",
            errno.EACCES: "permission",
            errno.ENOTDIR: "not a directory",
        }.get(self.errno, "failed")


def os_error(number: int, path: str | None = None) -> OSError:
    """The error that a system call reports, as the right subclass of OSError."""
    text = os.strerror(number)
    return OSError(number, text) if path is None else OSError(number, text, path)

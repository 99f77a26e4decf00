"""Linux's signals: numbers, names, default actions and what a process may say about them."""

import enum
from collections.abc import Callable
from typing import Final


class Signal(enum.IntEnum):
    """x86-64 numbers, whatever the host calls them."""

    SIGHUP = 1
    SIGINT = 2
    SIGQUIT = 3
    SIGILL = 4
    SIGTRAP = 5
    SIGABRT = 6
    SIGBUS = 7
    SIGFPE = 8
    SIGKILL = 9
    SIGUSR1 = 10
    SIGSEGV = 11
    SIGUSR2 = 12
    SIGPIPE = 13
    SIGALRM = 14
    SIGTERM = 15
    SIGSTKFLT = 16
    SIGCHLD = 17
    SIGCONT = 18
    SIGSTOP = 19
    SIGTSTP = 20
    SIGTTIN = 21
    SIGTTOU = 22
    SIGURG = 23
    SIGXCPU = 24
    SIGXFSZ = 25
    SIGVTALRM = 26
    SIGPROF = 27
    SIGWINCH = 28
    SIGIO = 29
    SIGPWR = 30
    SIGSYS = 31


SIGRTMIN: Final = 34
SIGRTMAX: Final = 64

IGNORED_BY_DEFAULT: Final = frozenset(
    {Signal.SIGCHLD, Signal.SIGURG, Signal.SIGWINCH, Signal.SIGCONT}
)
STOPS: Final = frozenset({Signal.SIGSTOP, Signal.SIGTSTP, Signal.SIGTTIN, Signal.SIGTTOU})
DUMPS_CORE: Final = frozenset(
    {
        Signal.SIGQUIT,
        Signal.SIGILL,
        Signal.SIGTRAP,
        Signal.SIGABRT,
        Signal.SIGBUS,
        Signal.SIGFPE,
        Signal.SIGSEGV,
        Signal.SIGXCPU,
        Signal.SIGXFSZ,
        Signal.SIGSYS,
    }
)
UNCATCHABLE: Final = frozenset({Signal.SIGKILL, Signal.SIGSTOP})


class Default:
    """The disposition every signal starts with."""


class Ignore:
    """The disposition of a signal that is dropped."""


DEFAULT: Final = Default()
IGNORE: Final = Ignore()
Handler = Callable[[int], None]
Action = Handler | Default | Ignore


def is_valid(signum: int) -> bool:
    return 1 <= signum <= SIGRTMAX

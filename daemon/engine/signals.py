"""Signals as clients name them: by number, with or without SIG, in any case."""

from daemon.engine.units import parse_int
from daemon.errors import InvalidParameter
from daemon.process.signals import SIGRTMAX, SIGRTMIN, Signal

_NAMES = {signal.name.removeprefix("SIG"): int(signal) for signal in Signal}
_NAMES |= {"IOT": Signal.SIGABRT, "CLD": Signal.SIGCHLD, "POLL": Signal.SIGIO}
_NAMES |= {"RTMIN": SIGRTMIN, "RTMAX": SIGRTMAX}
_NAMES |= {f"RTMIN+{n}": SIGRTMIN + n for n in range(1, 16)}
_NAMES |= {f"RTMAX-{n}": SIGRTMAX - n for n in range(1, 15)}
_KNOWN = frozenset(_NAMES.values())


def parse_signal(text: str) -> int:
    """The number; InvalidParameter for a name that is none, and for 0. A number need not exist here."""
    try:
        number = parse_int(text)
    except ValueError:
        number = _NAMES.get(text.upper().removeprefix("SIG"), 0)
    if number == 0:
        raise InvalidParameter(f"invalid signal: {text}")
    return number


def is_supported(number: int) -> bool:
    """Does Linux have a signal of this number and a name for it?"""
    return number in _KNOWN

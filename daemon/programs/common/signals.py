"""Signal names as kill and trap take and list them."""

from daemon.process.signals import SIGRTMAX, SIGRTMIN, Signal

_BY_NAME = {signal.name.removeprefix("SIG"): int(signal) for signal in Signal}
_ALIASES = {"POLL": "IO", "CLD": "CHLD", "IOT": "ABRT"}

DESCRIPTIONS = {
    "HUP": "Hangup",
    "INT": "Interrupt",
    "QUIT": "Quit",
    "ILL": "Illegal instruction",
    "TRAP": "Trace/breakpoint trap",
    "ABRT": "Aborted",
    "BUS": "Bus error",
    "FPE": "Floating point exception",
    "KILL": "Killed",
    "USR1": "User defined signal 1",
    "SEGV": "Segmentation fault",
    "USR2": "User defined signal 2",
    "PIPE": "Broken pipe",
    "ALRM": "Alarm clock",
    "TERM": "Terminated",
    "STKFLT": "Stack fault",
    "CHLD": "Child exited",
    "CONT": "Continued",
    "STOP": "Stopped (signal)",
    "TSTP": "Stopped",
    "TTIN": "Stopped (tty input)",
    "TTOU": "Stopped (tty output)",
    "URG": "Urgent I/O condition",
    "XCPU": "CPU time limit exceeded",
    "XFSZ": "File size limit exceeded",
    "VTALRM": "Virtual timer expired",
    "PROF": "Profiling timer expired",
    "WINCH": "Window changed",
    "IO": "I/O possible",
    "PWR": "Power failure",
    "SYS": "Bad system call",
}


def number_of(text: str) -> int | None:
    """The number of a signal given by number or by name, with or without SIG, in either case."""
    if text.isdigit():
        number = int(text)
        return number if number <= SIGRTMAX else None
    name = text.upper().removeprefix("SIG")
    name = _ALIASES.get(name, name)
    if name == "EXIT":
        return 0
    if name.startswith(("RTMIN", "RTMAX")):
        base = SIGRTMIN if name.startswith("RTMIN") else SIGRTMAX
        rest = name[5:]
        return base + int(rest) if rest.lstrip("+-").isdigit() else base if not rest else None
    return _BY_NAME.get(name)


def name_of(number: int) -> str:
    """The short name, `TERM` for 15; RTMIN+n for the real-time signals."""
    if number == 0:
        return "EXIT"
    try:
        return Signal(number).name.removeprefix("SIG")
    except ValueError:
        pass
    if number < SIGRTMIN or number > SIGRTMAX:
        return str(number)
    if number == SIGRTMIN or number - SIGRTMIN <= 15:
        return f"RTMIN+{number - SIGRTMIN}" if number > SIGRTMIN else "RTMIN"
    return f"RTMAX-{SIGRTMAX - number}" if number < SIGRTMAX else "RTMAX"


def description(number: int) -> str:
    """strsignal(3)."""
    return DESCRIPTIONS.get(name_of(number), f"Real-time signal {number - SIGRTMIN}")

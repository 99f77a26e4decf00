"""Time: date, cal, sleep, usleep, uptime, time."""

import calendar
import re
from datetime import UTC, tzinfo

from daemon.process.process import Process
from daemon.process.status import ExitStatus
from daemon.programs.tools import dates
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    complain,
    either,
    is_gnu,
    missing_operand,
    read_all,
    reason,
    tool,
)
from daemon.programs.tools.options import Options

_DEFAULT = "%a %b %e %H:%M:%S %Z %Y"
_RFC_EMAIL = "%a, %d %b %Y %H:%M:%S %z"
_ISO = {
    "date": "%Y-%m-%d",
    "hours": "%Y-%m-%dT%H{z}",
    "minutes": "%Y-%m-%dT%H:%M{z}",
    "seconds": "%Y-%m-%dT%H:%M:%S{z}",
    "ns": "%Y-%m-%dT%H:%M:%S,%N{z}",
}


@tool(
    "[-uR] [-I[SPEC]] [-d DATE] [-r FILE] [+FMT]",
    "uRI::d:r:s:D:",
    about="Display time (using +FMT), or set time",
    gnu="f:",
    long="utc=u universal=u rfc-email=R rfc-822=R rfc-2822=R iso-8601?=I rfc-3339:=rfc-3339 date:=d "
    "reference:=r set:=s file:=f",
    busybox_long="rfc-2822=R rfc-822=R utc=u date:=d reference:=r set:=s",
)
async def date(proc: Process, options: Options) -> int:
    zone = UTC if "u" in options else dates.zone_of(proc.env.get("TZ"))
    form = _date_format(proc, options)
    if "f" in options:
        lines = (await read_all(proc, options.value("f"))).decode().splitlines()
        for line in lines:
            await _print_date(proc, _parsed(proc, line, options), zone, form)
        return 0
    ns = _wanted_time(proc, options)
    await _print_date(proc, ns, zone, form)
    setting = "s" in options or (options.args and not options.args[0].startswith("+"))
    if setting:
        await complain(
            proc,
            either(
                proc,
                "cannot set date: Operation not permitted",
                "can't set date: Operation not permitted",
            ),
        )
        return 1
    return 0


async def _print_date(proc: Process, ns: int, zone: tzinfo, form: str) -> None:
    """busybox leaves the user's own form to libc, which knows less than GNU date."""
    gnu = is_gnu(proc) or not form.startswith("+")
    when = dates.from_ns(ns, zone)
    await proc.out(dates.strftime(form.removeprefix("+"), when, ns % dates.NS, gnu=gnu) + "\n")


def _date_format(proc: Process, options: Options) -> str:
    words = options.args
    if len(words) > 1:
        raise UsageError(f"extra operand '{words[1]}'" if is_gnu(proc) else "")
    if words and words[0].startswith("+"):
        return words[0]
    if "R" in options:
        return _RFC_EMAIL
    if "I" in options:
        return _iso(proc, options.value("I") or "date", "%:z")
    if "rfc-3339" in options:
        return _iso(proc, options.value("rfc-3339"), "%:z").replace("T", " ").replace(",", ".")
    return _DEFAULT


def _iso(proc: Process, spec: str, offset: str) -> str:
    matches = [name for name in _ISO if name.startswith(spec)]
    if not matches:
        raise UsageError(f"invalid argument '{spec}' for '--iso-8601'" if is_gnu(proc) else "")
    return _ISO[matches[0]].replace("{z}", offset)


def _wanted_time(proc: Process, options: Options) -> int:
    if "r" in options:
        path = options.value("r")
        try:
            return proc.stat(path).mtime_ns
        except OSError as error:
            raise Failure(f"{path}: {reason(error)}") from error
    text = options.value("d") or options.value("s")
    if options.args and not options.args[0].startswith("+"):
        text = options.args[0]
    return _parsed(proc, text, options) if text else proc.machine.clock.now()


def _parsed(proc: Process, text: str, options: Options) -> int:
    zone = UTC if "u" in options else dates.zone_of(proc.env.get("TZ"))
    ns = dates.parse_date(text, proc.machine.clock.now(), zone)
    if ns is None:
        raise Failure(f"invalid date '{text}'")
    return ns


_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|inf(?:inity)?)([smhd]?)", re.I)


def duration(text: str) -> float | None:
    """Seconds of `1.5`, `2m`, `1h`; None if it is none."""
    found = _DURATION.fullmatch(text)
    return float(found[1]) * _UNITS[found[2]] if found else None


@tool("[N]...", "", about="Pause for a time equal to the total of the args given (s, m, h, d)")
async def sleep(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    total = 0.0
    for text in options.args:
        seconds = duration(text)
        if seconds is None:
            gnu = UsageError(f"invalid time interval '{text}'")
            raise gnu if is_gnu(proc) else Failure(f"invalid number '{text}'")
        total += seconds
    await proc.sleep(min(total, 1e9))
    return 0


@tool("N", "", about="Pause for N microseconds")
async def usleep(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    if not options.args[0].isdigit():
        raise Failure(f"invalid number '{options.args[0]}'")
    await proc.sleep(int(options.args[0]) / 1_000_000)
    return 0


@tool(
    "",
    "",
    about="Display the time since the last boot",
    gnu="psV",
    long="pretty=p since=s",
    package="procps-ng 4.0.2)",
)
async def uptime(proc: Process, options: Options) -> int:
    clock = proc.machine.clock
    now = dates.from_ns(clock.now())
    up = int(clock.monotonic() + proc.machine.host.uptime)
    hours, minutes = up // 3600 % 24, up // 60 % 60
    days = f"{up // 86400} day{'s' if up // 86400 != 1 else ''}, " if up >= 86400 else ""
    length = f"{hours:2d}:{minutes:02d}" if up >= 3600 else f"{minutes} min"
    text = f" {now:%H:%M:%S} up {days}{length},  0 users,  load average: 0.00, 0.00, 0.00"
    await proc.out(text + "\n")
    return 0


@tool(
    "[-jmy] [[MONTH] YEAR]",
    "jmy",
    about="Display a calendar",
    gnu="13nsw",
    package="util-linux 2.38.1)",
)
async def cal(proc: Process, options: Options) -> int:
    today = dates.from_ns(proc.machine.clock.now(), dates.zone_of(proc.env.get("TZ")))
    words = options.args
    if not all(word.isdigit() for word in words):
        bad = next(word for word in words if not word.isdigit())
        raise Failure(f"invalid number '{bad}'" if not is_gnu(proc) else f"not a valid year {bad}")
    year = int(words[-1]) if words else today.year
    first_day = 0 if "m" in options else 6
    painter = calendar.TextCalendar(first_day)
    if "y" in options or len(words) == 1:
        text = painter.formatyear(year, 2, 1, 2, 3)
    else:
        month = int(words[0]) if words else today.month
        if not 1 <= month <= 12:
            raise Failure(f"number {month} is not in 1..12 range")
        text = _month(painter, year, month)
    await proc.out(text)
    return 0


def _month(painter: calendar.TextCalendar, year: int, month: int) -> str:
    title = f"{dates.MONTHS[month - 1]} {year}"
    lines = painter.formatmonth(year, month).splitlines()[1:]
    lines = [title.center(20).rstrip(), *(line.rstrip() for line in lines)]
    lines += [" " * 21] * (8 - len(lines))
    return "\n".join(lines) + "\n"


@tool(
    "[-vpao] PROG ARGS",
    "vpa",
    about="Run PROG, display resource usage when it exits",
    gnu="qf:o:",
    stop_at_operand=True,
    package="GNU Time 1.9)",
)
async def time(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    clock = proc.machine.clock
    started = clock.monotonic()
    try:
        child = await proc.spawn(options.args)
    except OSError as error:
        await complain(proc, f"can't execute '{options.args[0]}': {reason(error)}")
        return 127
    _, status = await proc.wait(child.pid)
    elapsed = clock.monotonic() - started
    used = child.cpu_seconds
    if "p" in options:
        await proc.err(f"real {elapsed:.2f}\nuser {used:.2f}\nsys 0.00\n")
    else:
        await proc.err(f"real\t{_clock(elapsed)}\nuser\t{_clock(used)}\nsys\t{_clock(0.0)}\n")
    return status.shell_code if isinstance(status, ExitStatus) else 0


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}m {seconds % 60:.2f}s"

"""The Status column of the list, and until when it says the same."""

import math
from typing import Final, NamedTuple

from daemon.clock import NANOSECONDS
from daemon.engine.container import Container
from daemon.engine.container_state import State

MINUTE, HOUR, DAY = 60, 3600, 86_400
WEEK, MONTH, YEAR = 7 * DAY, 30 * DAY, 365 * DAY
NEVER: Final = 1 << 63


class Status(NamedTuple):
    """`valid_until` in nanoseconds since the epoch."""

    text: str
    valid_until: int


def human_duration(seconds: float) -> tuple[str, float]:
    """Docker's words for a length of time, and the length from which on they differ."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second", 1
    if whole < MINUTE:
        return ("1 second" if whole == 1 else f"{whole} seconds"), whole + 1
    minutes = whole // MINUTE
    if minutes < 60:
        text = "About a minute" if minutes == 1 else f"{minutes} minutes"
        # The hour is rounded, so it begins half an hour early; Docker looks at minutes first.
        return text, (minutes + 1) * MINUTE
    hours = int(seconds / HOUR + 0.5)
    if hours < 48:
        text = "About an hour" if hours == 1 else f"{hours} hours"
        return text, (hours + 0.5) * HOUR
    return _long_duration(hours)


def _long_duration(hours: int) -> tuple[str, float]:
    steps = ((2 * WEEK, DAY, "days"), (2 * MONTH, WEEK, "weeks"), (2 * YEAR, MONTH, "months"))
    for limit, unit, name in steps:
        if hours < limit // HOUR:
            return f"{hours * HOUR // unit} {name}", (hours + 0.5) * HOUR
    return f"{hours * HOUR // YEAR} years", (hours + 0.5) * HOUR


def status_of(container: Container, now: int) -> Status:
    """As `docker ps` shows it at `now`."""
    if container.state in (State.RUNNING, State.PAUSED):
        text, until = _since(container.started_at or now, now)
        return Status(f"Up {text}{_suffix(container)}", until)
    if container.state is State.RESTARTING:
        text, until = _since(container.finished_at or now, now)
        return Status(f"Restarting ({container.exit_code}) {text} ago", until)
    if container.state is State.EXITED:
        text, until = _since(container.finished_at or now, now)
        return Status(f"Exited ({container.exit_code}) {text} ago", until)
    fixed = {State.REMOVING: "Removal In Progress", State.DEAD: "Dead"}
    return Status(fixed.get(container.state, "Created"), NEVER)


def _since(moment: int, now: int) -> tuple[str, int]:
    text, limit = human_duration((now - moment) / NANOSECONDS)
    return text, moment + math.ceil(limit * NANOSECONDS)


def _suffix(container: Container) -> str:
    if container.state is State.PAUSED:
        return " (Paused)"
    if container.health is None:
        return ""
    status = container.health.status
    return " (health: starting)" if status == "starting" else f" ({status})"

"""Go's duration texts: `1m30s`, `.5h`, `300ms`."""

import re
from decimal import Decimal

from daemon.engine.dockerfile.errors import DockerfileError

UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")


def parse_duration(text: str) -> int:
    """Nanoseconds; DockerfileError in the words of Go's time.ParseDuration."""
    sign, body = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    if body == "0":
        return 0
    total, at = Decimal(0), 0
    while match := _PART.match(body, at):
        number, unit = match.groups()
        if not unit:
            raise DockerfileError(f'time: missing unit in duration "{text}"')
        if unit not in UNITS:
            raise DockerfileError(f'time: unknown unit "{unit}" in duration "{text}"')
        total += Decimal(number) * UNITS[unit]
        at = match.end()
    if at != len(body) or not body:
        raise DockerfileError(f'time: invalid duration "{text}"')
    return sign * int(total)

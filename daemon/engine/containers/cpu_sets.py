"""Sets of CPUs and memory nodes, as `0-2,7`."""

import re

from daemon.errors import InvalidParameter

_PART = re.compile(r"(\d+)(?:-(\d+))?")
_WHAT = {"cpus": "CPUs", "mems": "memory nodes"}


def parse_cpu_set(text: str) -> set[int]:
    """The numbers; ValueError names what is wrong."""
    numbers: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"invalid format: {text}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"invalid format: {text}")
        numbers.update(range(first, last + 1))
    return numbers


def check_cpu_set(kind: str, text: str, count: int) -> None:
    """Refuse what is no set, and what this machine does not have."""
    if not text:
        return
    try:
        wanted = parse_cpu_set(text)
    except ValueError as error:
        raise InvalidParameter(f"Invalid value {text} for cpuset {kind}: {error}") from None
    if not wanted <= set(range(count)):
        available = f"0-{count - 1}" if count > 1 else "0"
        raise InvalidParameter(
            f"Requested {_WHAT[kind]} are not available - requested {text}, available: {available}"
        )

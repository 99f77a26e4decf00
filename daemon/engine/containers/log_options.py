"""Options of the logging drivers: which there are, what they may say, and how a log is rotated."""

import re
from typing import TypedDict

from api_schema.host_config import LogConfig
from daemon.errors import InvalidParameter

_COMMON = frozenset({"mode", "max-buffer-size"})
_FILES = frozenset({"max-file", "max-size", "compress"})
_DETAILS = frozenset({"labels", "labels-regex", "env", "env-regex", "tag"})
KNOWN: dict[str, frozenset[str] | None] = {
    "json-file": _FILES | _DETAILS | _COMMON,
    "local": _FILES | _COMMON,
    "none": None,
    "syslog": None,
    "journald": None,
    "gelf": None,
    "fluentd": None,
    "awslogs": None,
    "splunk": None,
}
"""None: options are not looked at."""
MODES = ("", "blocking", "non-blocking")
LOCAL_SIZE, LOCAL_FILES = 20 << 20, 5
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class Rotation(TypedDict):
    max_size: int
    max_file: int


def check_log_config(config: LogConfig) -> None:
    """Refuse a driver that does not exist, and options that it does not know."""
    if config.type not in KNOWN:
        raise InvalidParameter(
            f'error looking up logging plugin {config.type}: plugin "{config.type}" not found'
        )
    options = config.config or {}
    if options.get("mode", "") not in MODES:
        raise InvalidParameter(f"logger: logging mode not supported: {options['mode']}")
    if "max-buffer-size" in options and options.get("mode") != "non-blocking":
        raise InvalidParameter(
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'"
        )
    known = KNOWN[config.type]
    for name in sorted(options):
        if known is not None and name not in known:
            raise InvalidParameter(f"unknown log opt '{name}' for {config.type} log driver")


def rotation(config: LogConfig) -> Rotation:
    """How large one file of the log gets, and how many there are; a size of 0 is no limit."""
    options = config.config or {}
    local = config.type == "local"
    size = parse_size(options.get("max-size", "")) or (LOCAL_SIZE if local else 0)
    count = options.get("max-file", "")
    files = int(count) if count.isdecimal() else LOCAL_FILES if local else 1
    return Rotation(max_size=size, max_file=files)


def parse_size(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else 0

"""The files of a container's log: what their options say when the driver is opened, and where they can be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypedDict

from api_schema.host_config import LogConfig
from daemon.engine.units import DECIMAL, parse_bool, parse_int, parse_size
from daemon.errors import InvalidParameter, System

LOCAL_SIZE, LOCAL_FILES = 20 << 20, 5
"""Of the local driver, and of the copies that are kept for drivers which cannot be read."""
NOT_INITIALIZED = "failed to create task for container: failed to initialize logging driver: "


class Rotation(TypedDict):
    """How large one file of the log gets (0 is no limit), and how many there are."""

    max_size: int
    max_file: int


def is_readable(config: LogConfig) -> bool:
    """A driver that only sends leaves a copy with the engine, unless it is told not to."""
    if config.type in ("json-file", "local", "journald"):
        return True
    disabled = (config.config or {}).get("cache-disabled", "") or "false"
    return config.type != "none" and not parse_bool(disabled)


def rotation(config: LogConfig) -> Rotation:
    """As the driver reads its options when it is opened: System or InvalidParameter if it cannot."""
    options = config.config or {}
    if config.type == "json-file":
        return _json_file(options)
    if config.type == "local":
        return _local(options)
    if config.type == "splunk":
        for name in ("splunk-url", "splunk-token"):
            if name not in options:
                raise System(f"splunk: {name} is expected")
    cache = {name.removeprefix("cache-"): value for name, value in options.items()}
    return _local({name: cache[name] for name in ("max-size", "max-file") if name in cache})


def _json_file(options: Mapping[str, str]) -> Rotation:
    size, files = 0, 1
    try:
        if "max-size" in options:
            size = parse_size(options["max-size"], DECIMAL)
            if size <= 0:
                raise ValueError("max-size must be a positive number")
        if "max-file" in options:
            files = parse_int(options["max-file"])
            if files < 1:
                raise ValueError("max-file cannot be less than 1")
        if "compress" in options and parse_bool(options["compress"]) and (files == 1 or not size):
            raise ValueError(
                "compress cannot be true when max-file is less than 2 or max-size is not set"
            )
        for name in ("labels-regex", "env-regex"):
            _check_pattern(options.get(name, ""))
    except ValueError as error:
        raise System(str(error)) from None
    return Rotation(max_size=size, max_file=files)


def _check_pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        missing = "]" if "set" in error.msg else ")"
        raise ValueError(f"error parsing regexp: missing closing {missing}: `{text}`") from None


def _local(options: Mapping[str, str]) -> Rotation:
    readers = {"max-size": lambda text: parse_size(text, DECIMAL), "max-file": parse_int}
    values = {"max-size": LOCAL_SIZE, "max-file": LOCAL_FILES}
    for name, read in readers.items():
        if name in options:
            try:
                values[name] = read(options[name])
            except ValueError as error:
                refusal = f"invalid value for {name}: {options[name]}: {error}"
                raise InvalidParameter(refusal) from None
    try:
        compress = parse_bool(options.get("compress", "true"))
    except ValueError as error:
        raise InvalidParameter(f"error reading compress log option: {error}") from None
    if values["max-file"] < 0:
        raise InvalidParameter("max file count cannot be less than 0")
    if compress and values["max-file"] <= 1:
        raise InvalidParameter("compression cannot be enabled when max file count is 1")
    return Rotation(max_size=values["max-size"], max_file=max(1, values["max-file"]))

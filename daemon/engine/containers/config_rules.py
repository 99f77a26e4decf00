"""What create refuses about a container's config, in the order in which dockerd looks."""

import os.path
import re

from api_schema.containers import ContainerConfig, HealthConfig
from daemon.engine.signals import parse_signal
from daemon.errors import InvalidParameter

NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")
NAME_CHARS = "[a-zA-Z0-9][a-zA-Z0-9_.-]"
MILLISECOND = 1_000_000

_DURATIONS = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
}


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidParameter(
            f"Invalid container name ({name}), only {NAME_CHARS} are allowed",
        )


def check_config(config: ContainerConfig) -> ContainerConfig:
    """The config with its working directory cleaned, or dockerd's refusal."""
    working_dir = clean_working_dir(config.working_dir)
    if config.stop_signal:
        parse_signal(config.stop_signal)
    for variable in config.env or ():
        if not variable or variable.startswith("="):
            raise InvalidParameter(f"invalid environment variable: {variable}")
    if config.healthcheck is not None:
        _check_health(config.healthcheck)
    return config.model_copy(update={"working_dir": working_dir})


def clean_working_dir(path: str) -> str:
    if not path:
        return ""
    if not path.startswith("/"):
        raise InvalidParameter(
            f"the working directory '{path}' is invalid, it needs to be an absolute path"
        )
    return clean_path(path)


def clean_path(path: str) -> str:
    """As Go's filepath.Clean; two leading slashes are one."""
    return re.sub("^//+", "/", os.path.normpath(path))


def _check_health(health: HealthConfig) -> None:
    for attribute, name in _DURATIONS.items():
        value = getattr(health, attribute)
        if value and value < MILLISECOND:
            raise InvalidParameter(f"{name} in Healthcheck cannot be less than 1ms")
    if health.retries < 0:
        raise InvalidParameter("Retries in Healthcheck cannot be negative")

"""Options of the logging drivers as create checks them: which drivers there are, and what each may be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from api_schema.host_config import LogConfig
from daemon.engine.units import BINARY, parse_bool, parse_size
from daemon.errors import InvalidParameter

Config = Mapping[str, str]
_FILES = "max-file max-size compress"
_DETAILS = "labels labels-regex env env-regex tag"
_CACHE = frozenset({"cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"})
"""Of the copy that the engine keeps of a log that it cannot read back."""
_COMMON = frozenset({"mode", "max-buffer-size"}) | _CACHE
_UNKNOWN = "unknown log opt '{name}' for {driver} log driver"
_FACILITIES = frozenset(
    {"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"}
    | {"authpriv", "ftp", *(f"local{n}" for n in range(8)), *map(str, range(24))}
)
_SYSLOG_FORMATS = frozenset({"", "rfc3164", "rfc5424", "rfc5424micro"})
MODES = ("", "blocking", "non-blocking")


@dataclass(frozen=True, slots=True)
class Driver:
    """`options` are the names of those it knows besides everybody's; `check` looks at their values."""

    options: str = ""
    unknown: str = _UNKNOWN
    check: Callable[[Config], None] | None = None

    def knows(self, name: str) -> bool:
        return name in _COMMON or name in self.options.split()


def _syslog(config: Config) -> None:
    address = config.get("syslog-address", "")
    scheme = urlsplit(address).scheme
    if address and scheme not in ("unix", "unixgram", "udp", "tcp", "tcp+tls"):
        raise InvalidParameter(f"unsupported scheme: '{scheme}'")
    if config.get("syslog-facility", "daemon") not in _FACILITIES:
        raise InvalidParameter("invalid syslog facility")
    if config.get("syslog-format", "") not in _SYSLOG_FORMATS:
        raise InvalidParameter("Invalid syslog format")


def _gelf(config: Config) -> None:
    address = config.get("gelf-address", "")
    if not address:
        raise InvalidParameter("gelf-address is a required parameter")
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "udp"):
        raise InvalidParameter("gelf: endpoint needs to be TCP or UDP")
    if ":" not in parts.netloc:
        raise InvalidParameter("gelf: please provide gelf-address as proto://host:port")


def _awslogs(config: Config) -> None:
    if not config.get("awslogs-group"):
        raise InvalidParameter("must specify a value for log opt 'awslogs-group'")


DRIVERS: dict[str, Driver] = {
    "json-file": Driver(f"{_FILES} {_DETAILS}"),
    "local": Driver(_FILES, unknown="unknown log opt '{name}' for log driver local"),
    "syslog": Driver(
        f"syslog-address syslog-facility syslog-format syslog-tls-ca-cert syslog-tls-cert"
        f" syslog-tls-key syslog-tls-skip-verify {_DETAILS}",
        check=_syslog,
    ),
    "journald": Driver(_DETAILS),
    "gelf": Driver(
        f"gelf-address gelf-compression-level gelf-compression-type gelf-tcp-max-reconnect"
        f" gelf-tcp-reconnect-delay {_DETAILS}",
        unknown='unknown log opt "{name}" for gelf log driver',
        check=_gelf,
    ),
    "fluentd": Driver(
        f"fluentd-address fluentd-async fluentd-async-reconnect-interval fluentd-buffer-limit"
        f" fluentd-max-retries fluentd-request-ack fluentd-retry-wait"
        f" fluentd-sub-second-precision fluentd-write-timeout {_DETAILS}"
    ),
    "awslogs": Driver(
        "awslogs-create-group awslogs-create-stream awslogs-credentials-endpoint"
        " awslogs-datetime-format awslogs-endpoint awslogs-force-flush-interval-seconds"
        " awslogs-format awslogs-group awslogs-max-buffered-events awslogs-multiline-pattern"
        " awslogs-region awslogs-stream tag",
        check=_awslogs,
    ),
    "splunk": Driver(
        f"splunk-url splunk-token splunk-source splunk-sourcetype splunk-index splunk-capath"
        f" splunk-caname splunk-insecureskipverify splunk-format splunk-verify-connection"
        f" splunk-gzip splunk-gzip-level splunk-index-acknowledgment {_DETAILS}"
    ),
}


def check_log_config(config: LogConfig) -> None:
    """Refuse a driver that does not exist, and options that it does not know or cannot read."""
    if config.type == "none":
        return
    if config.type not in DRIVERS:
        raise InvalidParameter(
            f'error looking up logging plugin {config.type}: plugin "{config.type}" not found'
        )
    options = config.config or {}
    _check_common(options)
    driver = DRIVERS[config.type]
    for name in sorted(options):
        if not driver.knows(name):
            raise InvalidParameter(driver.unknown.format(name=name, driver=config.type))
    if driver.check is not None:
        driver.check(options)


def _check_common(options: Config) -> None:
    mode = options.get("mode", "")
    if mode not in MODES:
        raise InvalidParameter(f"logger: logging mode not supported: {mode}")
    if "max-buffer-size" in options:
        if mode != "non-blocking":
            raise InvalidParameter(
                "logger: max-buffer-size option is only supported with 'mode=non-blocking'"
            )
        try:
            parse_size(options["max-buffer-size"], BINARY)
        except ValueError as error:
            raise InvalidParameter(f"error parsing option max-buffer-size: {error}") from None
    if disabled := options.get("cache-disabled", ""):
        try:
            parse_bool(disabled)
        except ValueError:
            raise InvalidParameter(f"invalid value for option cache-disabled: {disabled}") from None

"""How a registry fails, in the words of docker/distribution's client."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

TRANSPORT_ERRORS = (aiohttp.ClientError, OSError, asyncio.TimeoutError)

_BEARER_ERROR = re.compile(r'error="([^"]+)"')
# RFC 6750's errors of a Bearer challenge, and the registry's error that each stands for.
_CHALLENGED = {
    "invalid_token": ("UNAUTHORIZED", "authentication required"),
    "insufficient_scope": ("DENIED", "requested access to the resource is denied"),
}
_BY_STATUS = {401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS"}
_NO_RETRY = frozenset({"UNAUTHORIZED", "UNSUPPORTED", "DENIED", "TOOMANYREQUESTS", "NAME_UNKNOWN"})
# What docker/distribution says by default for each code; an error that adds nothing to it is shown as its code alone.
_DEFAULT_MESSAGES = {
    "UNAUTHORIZED": "authentication required",
    "DENIED": "requested access to the resource is denied",
    "UNSUPPORTED": "The operation is unsupported.",
    "UNKNOWN": "unknown error",
    "TOOMANYREQUESTS": "too many requests",
    "NAME_UNKNOWN": "repository name not known to registry",
    "MANIFEST_UNKNOWN": "manifest unknown",
    "BLOB_UNKNOWN": "blob unknown to registry",
    "DIGEST_INVALID": "provided digest did not match uploaded content",
    "MANIFEST_INVALID": "manifest invalid",
    "MANIFEST_BLOB_UNKNOWN": "blob unknown to registry",
    "TAG_INVALID": "manifest tag did not match URI",
    "NAME_INVALID": "invalid repository name",
}


class RegistryFailure(Exception):
    """The text is what Docker answers."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.bare = text
        """The text without the request that it happened in."""

    def __str__(self) -> str:
        return str(self.args[0])

    def happened_in(self, method: str, url: str) -> None:
        """Go's url.Error puts the request before the text."""
        self.args = (f'{method.capitalize()} "{url}": {self.bare}',)

    transport_ok = True
    """Did we speak HTTP with it? Then plain HTTP is not tried after HTTPS."""
    retry = True
    """May the same request succeed a moment later?"""


class RegistryRefusal(RegistryFailure):
    """The registry's own error; `code` is the specification's, `others` are the errors that came with it."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        detailed: bool = True,
        others: tuple[RegistryFailure, ...] = (),
    ) -> None:
        words = code.lower().replace("_", " ")
        self.says_more = detailed or message not in ("", _DEFAULT_MESSAGES.get(code))
        super().__init__(f"{words}: {message}" if self.says_more else words)
        self.code = code
        # An error that says nothing of its own is a bare code to Go, which dockerd does not find in its list.
        self.retry = code not in _NO_RETRY or not self.says_more
        self.others = others

    @property
    def joined(self) -> str:
        """All errors in one text."""
        if not self.others:
            return str(self)
        return "errors:\n" + "".join(f"{error}\n" for error in (self, *self.others))


class UnexpectedAnswer(RegistryFailure):
    """A status or a body that no registry should send."""


class UnreadableAnswer(UnexpectedAnswer):
    """A refusal whose body is not what a registry says."""

    retry = False


class Unreachable(RegistryFailure):
    """No answer at all."""

    transport_ok = False


class CredentialsNeeded(RegistryFailure):
    """The registry wants a login, and there is none."""

    retry = False


def refusal(status: int, content_type: str, challenge: str, body: bytes) -> RegistryFailure:
    """What an answer outside of 200…399 means."""
    if not 400 <= status < 500:
        phrase = f"{status} {_phrase(status)}".strip()
        return UnexpectedAnswer(f"received unexpected HTTP status: {phrase}")
    text = body.decode("utf-8", "replace")
    if content_type in ("application/json", "application/vnd.api+json"):
        failure = _from_json(status, text)
    else:
        failure = RegistryRefusal(_BY_STATUS.get(status, "UNKNOWN"), text)
    found = _BEARER_ERROR.search(challenge) if challenge.lower().startswith("bearer") else None
    if found and found[1] in _CHALLENGED:
        return RegistryRefusal(*_CHALLENGED[found[1]], others=(failure,))
    return failure


def _from_json(status: int, text: str) -> RegistryFailure:
    try:
        document = json.loads(text)
        details = document.get("details")
        errors: list[dict[str, Any]] = document.get("errors") or []
        if isinstance(details, str) and details:
            return RegistryRefusal(_BY_STATUS.get(status, "UNKNOWN"), details)
        if errors:
            first, *others = [_error(entry) for entry in errors]
            first.others = tuple(others)
            return first
        fault = "no error details found in HTTP response body"
    except (ValueError, AttributeError):
        fault = f"invalid character {text[:1]!r} looking for beginning of value"
    if status == HTTPStatus.UNAUTHORIZED:
        return RegistryRefusal("UNAUTHORIZED", "authentication required")
    return UnreadableAnswer(f'error parsing HTTP {status} response body: {fault}: "{text}"')


def _error(entry: dict[str, Any]) -> RegistryRefusal:
    detailed = entry.get("detail") is not None
    return RegistryRefusal(
        entry.get("code", "UNKNOWN"), entry.get("message", ""), detailed=detailed
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def unreachable(method: str, url: str, error: Exception) -> Unreachable:
    """A failed request as Go's url.Error spells it."""
    return Unreachable(f'{method.capitalize()} "{url}": {_transport_text(error)}')


def _certificate_text(error: Exception) -> str:
    """Our own checks have their text already; the others are OpenSSL's."""
    if getattr(error, "verify_code", None) is None:
        return str(error.args[0])
    return "x509: certificate signed by unknown authority"


_RESOLVER = Path("/etc/resolv.conf")
_NAMESERVER = re.compile(r"^nameserver\s+(\S+)", re.MULTILINE)
_DOMAIN = re.compile(r"(?=.*[A-Za-z_-])[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")


def _asked(host: str) -> str:
    """Go says which server did not know a name; names that are none are not asked for."""
    try:
        server = _NAMESERVER.search(_RESOLVER.read_text())
    except OSError:
        return ""
    if server is None or not _DOMAIN.fullmatch(host):
        return ""
    address = f"[{server[1]}]" if ":" in server[1] else server[1]
    return f" on {address}:53"


def _transport_text(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"dial tcp: lookup {error.host}{_asked(error.host)}: no such host"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"tls: failed to verify certificate: {_certificate_text(error.certificate_error)}"
    if isinstance(error, aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return "http: server gave HTTP response to HTTPS client"
    if isinstance(error, aiohttp.ClientConnectorError):
        host = "127.0.0.1" if error.host == "localhost" else error.host
        host = f"[{host}]" if ":" in host else host
        reason = (error.os_error.strerror or "connection refused").lower()
        if error.os_error.errno == 111:
            reason = "connection refused"
        return f"dial tcp {host}:{error.port}: connect: {reason}"
    if isinstance(error, asyncio.TimeoutError):
        return (
            "net/http: request canceled while waiting for connection "
            "(Client.Timeout exceeded while awaiting headers)"
        )
    return "EOF"

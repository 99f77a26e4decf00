"""How a registry fails, in the words of docker/distribution's client."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from http import HTTPStatus
from typing import Any

import aiohttp

_BEARER_ERROR = re.compile(r'error="([^"]+)"')
# RFC 6750's errors of a Bearer challenge, and the registry's error that each stands for.
_CHALLENGED = {
    "invalid_token": ("UNAUTHORIZED", "authentication required"),
    "insufficient_scope": ("DENIED", "requested access to the resource is denied"),
}
_BY_STATUS = {401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS"}
_NO_RETRY = frozenset({"UNAUTHORIZED", "UNSUPPORTED", "DENIED", "TOOMANYREQUESTS", "NAME_UNKNOWN"})


class RegistryFailure(Exception):
    """The text is what Docker answers."""

    transport_ok = True
    """Did we speak HTTP with it? Then plain HTTP is not tried after HTTPS."""
    retry = True
    """May the same request succeed a moment later?"""


class RegistryRefusal(RegistryFailure):
    """The registry's own error; `code` is the specification's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code.lower().replace('_', ' ')}: {message}")
        self.code = code
        self.message = message
        self.retry = code not in _NO_RETRY


class UnexpectedAnswer(RegistryFailure):
    """A status or a body that no registry should send."""


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
    found = _BEARER_ERROR.search(challenge) if challenge.lower().startswith("bearer") else None
    if found and found[1] in _CHALLENGED:
        return RegistryRefusal(*_CHALLENGED[found[1]])
    text = body.decode("utf-8", "replace")
    if content_type not in ("application/json", "application/vnd.api+json"):
        return RegistryRefusal(_BY_STATUS.get(status, "UNKNOWN"), text)
    return _first_error(status, text)


def _first_error(status: int, text: str) -> RegistryFailure:
    try:
        document = json.loads(text)
        details = document.get("details")
        errors: list[dict[str, Any]] = document.get("errors") or []
        if isinstance(details, str) and details:
            return RegistryRefusal(_BY_STATUS.get(status, "UNKNOWN"), details)
        if errors:
            code = errors[0].get("code", "UNKNOWN")
            return RegistryRefusal(code, errors[0].get("message") or code.lower())
        fault = "no error details found in HTTP response body"
    except (ValueError, AttributeError):
        fault = f"invalid character {text[:1]!r} looking for beginning of value"
    if status == HTTPStatus.UNAUTHORIZED:
        return RegistryRefusal("UNAUTHORIZED", "authentication required")
    return UnexpectedAnswer(f'error parsing HTTP {status} response body: {fault}: "{text}"')


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def unreachable(method: str, url: str, error: Exception) -> Unreachable:
    """A failed request as Go's url.Error spells it."""
    return Unreachable(f'{method.capitalize()} "{url}": {_transport_text(error)}')


def _transport_text(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"dial tcp: lookup {error.host}: no such host"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    if isinstance(error, aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return "http: server gave HTTP response to HTTPS client"
    if isinstance(error, aiohttp.ClientConnectorError):
        host = "127.0.0.1" if error.host == "localhost" else error.host
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

"""Whom a registry must prove to be, and how: its folder of certificates is read for every request, as dockerd reads it."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api_schema.go_time import go_time_seconds
from daemon.errors import InvalidParameter, System

_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which the ssl module does not name."""
SECOND = 1_000_000_000


def tls_of(directory: Path, now: Callable[[], int]) -> ssl.SSLContext:
    """The machine's authorities and those in `*.crt`; with `*.cert` and `*.key` we show who we are."""
    context = ssl.create_default_context()
    # Go takes a certificate that is in the folder itself, and is less strict about how it was made.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = False
    # The peer's time is looked at here, too: Go says what it is.
    context.verify_flags |= _NO_CHECK_TIME
    context.sslobject_class = type("_Peer", (_CheckedPeer,), {"now": staticmethod(now)})
    names = sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []
    for name in names:
        _take(context, directory, name, names)
    return context


def _take(context: ssl.SSLContext, directory: Path, name: str, names: list[str]) -> None:
    path = directory / name
    match path.suffix:
        case ".crt":
            _add_authority(context, path)
        case ".cert":
            if f"{path.stem}.key" not in names:
                raise InvalidParameter(
                    f"missing key {path.stem}.key for client certificate {name}. "
                    "CA certificates must use the extension .crt"
                )
            _add_identity(context, path)
        case ".key":
            if f"{path.stem}.cert" not in names:
                raise InvalidParameter(
                    f"missing client certificate {path.stem}.cert for key {name}"
                )


def _add_authority(context: ssl.SSLContext, path: Path) -> None:
    """A file without a certificate adds none, and is no error."""
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        return


def _add_identity(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_cert_chain(path, path.with_suffix(".key"))
    except ssl.SSLError as error:
        raise System("tls: failed to find any PEM data in certificate input") from error


class _CheckedPeer(ssl.SSLObject):
    """Checks time and name of the certificate as Go does, and says what is in it instead."""

    now: Callable[[], int]

    def do_handshake(self) -> None:
        super().do_handshake()
        certificate = self.getpeercert() or {}
        host = self.server_hostname or ""
        fault = time_fault(certificate, self.now()) or name_fault(certificate, host)
        if fault:
            raise ssl.SSLCertVerificationError(fault)


def time_fault(certificate: dict[str, Any], now: int) -> str:
    """Why a certificate does not hold now (nanoseconds since the epoch); empty if it does."""
    if not certificate:
        return ""
    begin, end = (ssl.cert_time_to_seconds(certificate[key]) for key in ("notBefore", "notAfter"))
    seconds = now // SECOND
    if begin <= seconds <= end:
        return ""
    relation, limit = ("before", begin) if seconds < begin else ("after", end)
    return (
        "x509: certificate has expired or is not yet valid: "
        f"current time {go_time_seconds(seconds)} is {relation} {go_time_seconds(limit)}"
    )


def name_fault(certificate: dict[str, Any], host: str) -> str:
    """Why a certificate is not for `host`; empty if it is."""
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    addresses = [
        str(ipaddress.ip_address(value.strip()))
        for kind, value in certificate.get("subjectAltName", ())
        if kind == "IP Address"
    ]
    wanted = _address(host)
    if wanted is not None:
        if not addresses:
            return f"x509: cannot validate certificate for {host} because it doesn't contain any IP SANs"
        return "" if wanted in addresses else _valid_for(addresses, host)
    if any(_matches(name.lower(), host.lower()) for name in names):
        return ""
    if not names:
        return f"x509: certificate is not valid for any names, but wanted to match {host}"
    return _valid_for(names, host)


def _valid_for(names: list[str], host: str) -> str:
    return f"x509: certificate is valid for {', '.join(names)}, not {host}"


def _matches(pattern: str, host: str) -> bool:
    """`*` stands for the whole first label."""
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return host == pattern


def _address(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None

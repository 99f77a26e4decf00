"""Whom a registry must prove to be, and how: its folder of certificates is read for every request, as dockerd reads it."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Any

from daemon.errors import InvalidParameter, System


def tls_of(directory: Path) -> ssl.SSLContext:
    """The machine's authorities and those in `*.crt`; with `*.cert` and `*.key` we show who we are."""
    context = ssl.create_default_context()
    # Go takes a certificate that is in the folder itself, and is less strict about how it was made.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = False
    context.sslobject_class = _NamedPeer
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


class _NamedPeer(ssl.SSLObject):
    """Checks the name of the certificate as Go does, and says what is in it instead."""

    def do_handshake(self) -> None:
        super().do_handshake()
        fault = name_fault(self.getpeercert() or {}, self.server_hostname or "")
        if fault:
            raise ssl.SSLCertVerificationError(fault)


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

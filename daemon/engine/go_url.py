"""Go's url.Parse, as far as a URL that a client gives to dockerd is told from one that is none."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from daemon.engine.dockerfile.words import go_escape

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)
_NOT_IN_HOST = re.compile(r"[ ^|\\`{}/?#@]")
_HOST_ESCAPE = re.compile(r"%(?!25|[89a-fA-F][0-9a-fA-F]).{0,2}", re.DOTALL)
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_PATH = re.compile(r"[A-Za-z0-9._~/!$&'()*+,;=:@\[\]%-]*")


class GoUrlError(ValueError):
    """The text is Go's, with the URL in front."""


class _Fault(Exception):
    """What is wrong."""


@dataclass(frozen=True, slots=True)
class GoUrl:
    """`str()` is how Go writes it into errors: without the password."""

    scheme: str
    user: str | None
    password: str | None
    host: str
    path: str
    behind: str
    """Query and fragment, with their marks."""

    def __str__(self) -> str:
        user = (
            "" if self.user is None else self.user + ("" if self.password is None else ":***") + "@"
        )
        return self._written(user)

    @property
    def wire(self) -> str:
        """What is asked for; the login is no part of it."""
        return self._written("")

    def _written(self, user: str) -> str:
        slashes = "//" if self.host or user or self.path else ""
        return f"{self.scheme}:{slashes}{user}{self.host}{self.path}{self.behind}"


def parse(url: str) -> GoUrl:
    """Raises GoUrlError."""
    try:
        return _parsed(url)
    except _Fault as fault:
        shown = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", go_escape(url))
        raise GoUrlError(f'parse "{shown}": {fault}') from None


def _parsed(url: str) -> GoUrl:
    if _CONTROL.search(url):
        raise _Fault("net/url: invalid control character in URL")
    before, mark, fragment = url.partition("#")
    _check_escapes(fragment)
    scheme, rest = _scheme(before)
    rest, question, query = rest.partition("?")
    authority, slash, path = rest.removeprefix("//").partition("/")
    path = slash + path
    user, password, host = _authority(authority)
    _check_escapes(path)
    if not _PATH.fullmatch(path):
        path = quote(unquote_to_bytes(path), safe="/!$&'()*+,;=:@~")
    behind = (question + query if query else "") + (mark + fragment if fragment else "")
    return GoUrl(scheme, user, password, host.removesuffix(":"), path, behind)


def _scheme(url: str) -> tuple[str, str]:
    name, _, rest = url.partition(":")
    if not name:
        raise _Fault("missing protocol scheme")
    if not _SCHEME.fullmatch(name):
        raise _Fault("first path segment in URL cannot contain colon")
    return name.lower(), rest


def _authority(text: str) -> tuple[str | None, str | None, str]:
    login, at, host = text.rpartition("@")
    host = _host(host)
    if not at:
        return None, None, host
    if not _USER.fullmatch(login):
        raise _Fault("net/url: invalid userinfo")
    _check_escapes(login)
    user, colon, password = login.partition(":")
    return user, password if colon else None, host


def _host(host: str) -> str:
    if host.startswith("["):
        return _bracketed(host)
    if "[" in host:
        raise _Fault("invalid IP-literal")
    _check_port(host[host.rindex(":") :] if ":" in host else "")
    bad = _HOST_ESCAPE.search(host)
    if bad:
        raise _Fault(f'invalid URL escape "{bad[0]}"')
    wrong = _NOT_IN_HOST.search(host)
    if wrong:
        raise _Fault(f'invalid character "{go_escape(wrong[0])}" in host name')
    return quote(host, safe="!$&'()*+,;=:[]<>\"~%")


def _bracketed(host: str) -> str:
    address, bracket, port = host[1:].partition("]")
    if not bracket:
        raise _Fault("missing ']' in host")
    _check_port(port)
    bare = address.partition("%25")[0]
    bad = _HOST_ESCAPE.search(bare)
    if bad:
        raise _Fault(f'invalid URL escape "{bad[0]}"')
    try:
        ipaddress.IPv6Address(bare)
    except ValueError:
        raise _Fault(f'invalid host: ParseAddr("{bare}"): unable to parse IP') from None
    return host


def _check_port(port: str) -> None:
    if port and not re.fullmatch(":[0-9]*", port):
        raise _Fault(f'invalid port "{port}" after host')


def _check_escapes(text: str) -> None:
    bad = _BAD_ESCAPE.search(text)
    if bad:
        raise _Fault(f'invalid URL escape "{bad[0]}"')

"""HTTP heads as one run of bytes: what dockerd puts on every reply, and the Date, rendered once a second."""

from email.utils import formatdate
from http import HTTPStatus

from daemon.clock import NANOSECONDS, Clock
from daemon.profile import Profile

Headers = dict[str, str]

JSON = "application/json"
PLAIN_TEXT = "text/plain; charset=utf-8"

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
# Go's server holds back this much of a body; a reply that fits goes out with its length, any other in chunks.
_GO_BODY_BUFFER = 2048
# Enough for the heads that recur; those with a value of their own are not worth keeping.
_STARTS_KEPT = 64


class Heads:
    """Renders heads for one daemon. A head is two parts around the Date, which Go puts last but for the length."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self.common: Headers = {
            "Api-Version": profile.api_version,
            "Docker-Experimental": "true" if profile.experimental else "false",
            "Ostype": profile.os,
            "Server": profile.server_header,
        }
        self._clock = clock
        self._starts: dict[tuple[int, str, tuple[tuple[str, str], ...]], bytes] = {}
        self._second = -1
        self._date = b""

    def date(self) -> bytes:
        """The value of the Date header now."""
        second = self._clock.now() // NANOSECONDS
        if second != self._second:
            self._second = second
            self._date = formatdate(second, usegmt=True).encode()
        return self._date

    def start(self, status: int, content_type: str, extra: Headers | None = None) -> bytes:
        """Status line and headers in Go's order, up to where the Date's value belongs."""
        key = (status, content_type, tuple(extra.items()) if extra else ())
        start = self._starts.get(key)
        if start is None:
            start = self._render(status, content_type, extra or {})
            if len(self._starts) < _STARTS_KEPT:
                self._starts[key] = start
        return start

    def _render(self, status: int, content_type: str, extra: Headers) -> bytes:
        typed = {"Content-Type": content_type} if content_type else {}
        return bare_start(status, {**self.common, **typed, **extra})


def bare_start(status: int, headers: Headers) -> bytes:
    """A head without dockerd's own headers, as an unknown page has it."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, f'status code {status}')}\r\n"]
    lines += [f"{name}: {_one_line(value)}\r\n" for name, value in sorted(headers.items())]
    lines.append("Date: ")
    return "".join(lines).encode("utf-8", "surrogateescape")


def _one_line(value: str) -> str:
    """A header's value cannot end its line: Go writes a space there."""
    return value.replace("\r", " ").replace("\n", " ")


def ending(status: int, body: bytes, *, without_chunks: bool = False) -> bytes:
    """What follows the Date's value: the length or the chunking, and the body."""
    if status in _BODILESS:
        return b"\r\n\r\n"
    if len(body) <= _GO_BODY_BUFFER or without_chunks:
        return b"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    return b"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)

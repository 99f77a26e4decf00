"""The smallest client that keeps a connection open: its own cost must not hide the daemon's.

Blocking, one request at a time, over a Unix socket; understands Content-Length and chunked bodies.
"""

import json
import socket
from typing import Any

Json = dict[str, Any]


class Client:
    """One kept-alive connection to the daemon at `host` (unix:///path)."""

    def __init__(self, host: str) -> None:
        scheme, _, path = host.partition("://")
        if scheme != "unix":
            raise SystemExit(f"only unix:// hosts are measured, not {host}")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb", buffering=1 << 16)

    def close(self) -> None:
        self.stream.close()
        self.socket.close()

    def request(self, method: str, path: str, body: Json | None = None) -> bytes:
        """The body of the reply; RuntimeError for a status of 400 and more."""
        return self.send(encode(method, path, body))

    def json(self, method: str, path: str, body: Json | None = None) -> Json:
        parsed: Json = json.loads(self.request(method, path, body))
        return parsed

    def send(self, request: bytes) -> bytes:
        """Send bytes made by `encode`, and read one whole reply."""
        self.socket.sendall(request)
        status = int(self.stream.readline().split()[1])
        length, chunked = self._head()
        if status in (204, 304):
            body = b""
        elif chunked:
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.stream.read() if length is None else self.stream.read(length)
        if status >= 400:
            raise RuntimeError(f"{status}: {body.decode(errors='replace')}")
        return body

    def _head(self) -> tuple[int | None, bool]:
        length, chunked = None, False
        while (line := self.stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            match name.lower():
                case b"content-length":
                    length = int(value)
                case b"transfer-encoding":
                    chunked = b"chunked" in value
        return length, chunked

    def _chunk(self) -> bytes:
        data: bytes = self.stream.read(int(self.stream.readline(), 16))
        self.stream.readline()
        return data


def encode(method: str, path: str, body: Json | None = None) -> bytes:
    """One request as bytes; a body goes out as JSON."""
    payload = b"" if body is None else json.dumps(body).encode()
    head = f"{method} /v1.51{path} HTTP/1.1\r\nHost: bench\r\n"
    if body is not None:
        head += "Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload

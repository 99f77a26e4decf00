"""The sockets that clients connect to: Unix sockets born private, TCP, several of each."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp.web_server import Server as WebServer

from daemon.server.connection import HEAD_LIMIT, Connection
from daemon.server.dispatch import Dispatcher

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest
    from aiohttp.web_response import StreamResponse

UNIX_PATH_LIMIT = 104
"""Bytes that fit in sun_path everywhere, its final NUL included."""
_BACKLOG = 1024
# aiohttp logs each request that it cannot parse as an error of ours; the client is told, that is enough.
_GARBLED = logging.Logger("mockerd.http", logging.CRITICAL)
_LOOPBACK = ("127.", "::1", "localhost")


class ListenError(Exception):
    """A host that cannot be listened on; the text is for whoever started the daemon."""


class Listener:
    """Listens on every host, and owns each connection until it is closed."""

    def __init__(self, dispatcher: Dispatcher, *, allow_remote: bool = False) -> None:
        self._dispatcher = dispatcher
        self._allow_remote = allow_remote
        self._servers: list[asyncio.Server] = []
        self._connections: dict[object, Connection] = {}
        self._socket_files: list[tuple[str, int]] = []
        self._web: WebServer | None = None
        self.hosts: list[str] = []

    async def open(self, hosts: Sequence[str]) -> None:
        """Listen on all of `hosts`, or on none of them."""
        self.hosts = []
        self._web = WebServer(
            self._answer,
            handler_cancellation=True,
            access_log=None,
            logger=_GARBLED,
            max_line_size=HEAD_LIMIT,
            max_field_size=HEAD_LIMIT,
            auto_decompress=False,
            tcp_keepalive=False,
        )
        try:
            for host in hosts:
                await self._open_one(host)
        except BaseException:
            await self.close()
            raise

    async def _open_one(self, host: str) -> None:
        url = urlsplit(host)
        if url.scheme == "unix":
            listening = bind_unix(host.removeprefix("unix://"))
            path = listening.getsockname()
            self._socket_files.append((path, os.stat(path).st_ino))
            self.hosts.append(f"unix://{path}")
        elif url.scheme in ("tcp", "http"):
            listening = self._bind_tcp(host, url.hostname or "127.0.0.1", url.port or 0)
            address, port = listening.getsockname()[:2]
            self.hosts.append(f"tcp://{f'[{address}]' if ':' in address else address}:{port}")
        else:
            raise ListenError(f"{host}: a host is unix:///path or tcp://address:port")
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._accept, sock=listening, backlog=_BACKLOG)
        self._servers.append(server)

    def _bind_tcp(self, host: str, address: str, port: int) -> socket.socket:
        if not self._allow_remote and not address.startswith(_LOOPBACK):
            raise ListenError(
                f"{host}: anybody who reaches it would control this daemon; "
                "listen on loopback, or say --allow-remote"
            )
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, port))
        except OSError as error:
            listening.close()
            raise ListenError(f"{host}: {error.strerror or error}") from error
        return listening

    def _accept(self) -> Connection:
        assert self._web is not None
        http = self._web()
        connection = Connection(http, self._forget)
        self._connections[http] = connection
        return connection

    def _forget(self, connection: Connection) -> None:
        self._connections.pop(connection.http, None)

    async def _answer(self, raw: BaseRequest) -> StreamResponse:
        return await self._dispatcher.answer(raw, self._connections[raw.protocol])

    async def close(self) -> None:
        """Stop listening, cut every connection, leave no socket file behind."""
        for server in self._servers:
            server.close()
        for connection in list(self._connections.values()):
            connection.abort()
        if self._web:
            await self._web.shutdown(timeout=1.0)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        for path, inode in self._socket_files:
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_ino == inode:
                    os.unlink(path)
        self._socket_files.clear()


def bind_unix(path: str) -> socket.socket:
    """A listening Unix socket that only its owner may open; a stale file is replaced, a live one refused."""
    path = str(Path(path).absolute())
    if len(os.fsencode(path)) >= UNIX_PATH_LIMIT:
        raise ListenError(
            f"unix://{path}: a socket's path has at most {UNIX_PATH_LIMIT - 1} bytes, "
            f"this one has {len(os.fsencode(path))}"
        )
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(path)
    except OSError as error:
        listening.close()
        raise ListenError(f"unix://{path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    return listening


def _remove_stale(path: str) -> None:
    try:
        is_socket = stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise ListenError(f"unix://{path}: there is a file of another kind")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        refused = probe.connect_ex(path)
    if refused != errno.ECONNREFUSED:
        raise ListenError(f"unix://{path}: another daemon is listening there")
    os.unlink(path)

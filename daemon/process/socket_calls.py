"""The system calls on sockets, and the resolver that every libc has."""

import errno
import os
import socket as host_socket
import stat as stat_bits
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import TypeVar

from daemon.process.fabric import Host, Unanswered
from daemon.process.file_calls import FileCalls
from daemon.process.net import NetNamespace
from daemon.process.sockets import Address, Connection, Datagrams, Listener, Socket
from daemon.process.status import os_error

UNKNOWN = (host_socket.EAI_NONAME, "Name or service not known")
NO_ANSWER = (host_socket.EAI_AGAIN, "Temporary failure in name resolution")
"""Where no server of names can be reached."""

S = TypeVar("S", bound=Socket)
T = TypeVar("T")


class SocketCalls(FileCalls):
    """A process's sockets are descriptors like any other: read, write, close, dup and wait_readable work on them."""

    @property
    def net(self) -> NetNamespace:
        return self.machine.net

    def socket(self, fd: int, kind: type[S]) -> S:
        description = self.description(fd)
        if isinstance(description, kind):
            return description
        number = errno.EINVAL if isinstance(description, Socket) else errno.ENOTSOCK
        raise os_error(number)

    def _install_socket(self, socket: Socket) -> int:
        socket.uid = self.cred.uid
        return self.install(socket)

    # --- TCP

    async def listen(
        self,
        port: int,
        host: str = "0.0.0.0",
        proto: str = "tcp",
        *,
        backlog: int = 128,
        only_v6: bool = False,
    ) -> int:
        """A listening TCP socket, or a bound UDP socket; OSError EADDRINUSE or EADDRNOTAVAIL. Port 0 picks one."""
        await self.checkpoint()
        if proto == "udp":
            return self._install_socket(self.net.bind_datagrams(host, port))
        return self._install_socket(self.net.listen(host, port, backlog, only_v6=only_v6))

    async def accept(self, fd: int) -> int:
        """The next connection; `getpeername` tells whose."""
        await self.checkpoint()
        listener = self.socket(fd, Listener)
        while (connection := listener.take()) is None:
            if await self.wait_on(listener.readable):
                raise os_error(errno.EINTR)
        return self._install_socket(connection)

    async def connect(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  simulated seconds
        proto: str = "tcp",
    ) -> int:
        """A connected socket to a name or address, each address of the name tried in turn.

        TimeoutError after `timeout`; else ECONNREFUSED, EHOSTUNREACH, ENETUNREACH or ETIMEDOUT as on Linux. With
        proto "udp", a UDP socket with a default destination.
        """
        deadline = None if timeout is None else self.machine.clock.monotonic() + timeout
        error: OSError = os_error(errno.ENETUNREACH)
        for address in await self.resolve(host):
            try:
                if proto == "udp":
                    return self._connect_datagrams(address, port)
                return self._install_socket(await self._connect(address, port, deadline))
            except (ConnectionError, TimeoutError, OSError) as failure:
                if failure.errno in (errno.EINTR, errno.EMFILE):
                    raise
                error = failure
        raise error

    async def _connect(self, address: str, port: int, deadline: float | None) -> Connection:
        await self.checkpoint()
        target = ip_address(address)
        try:
            destination = self.net.route(target)
        except Unanswered as silence:
            await self._wait_for_nothing(silence, deadline)
            raise os_error(silence.errno) from None
        if isinstance(destination, Host):
            return await self.block(self.net.fabric.connect_host(self.net, destination, port))
        while (listener := destination.find_listener(target, port)).is_full:
            await self._sleep_until(lambda: not listener.is_full, listener, deadline)
        if listener.door is not None:
            return await self.block(listener.pass_door(listener.door))
        return self.net.connect(listener, target, port)

    async def _wait_for_nothing(self, silence: Unanswered, deadline: float | None) -> None:
        now = self.machine.clock.monotonic()
        if deadline is not None and deadline < now + silence.seconds:
            await self.sleep(deadline - now)
            raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
        await self.sleep(silence.seconds)

    async def _sleep_until(
        self, condition: Callable[[], bool], listener: Listener, deadline: float | None
    ) -> None:
        while not condition():
            if deadline is not None and self.machine.clock.monotonic() >= deadline:
                raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
            if await self.wait_on(listener.room, deadline=deadline):
                raise os_error(errno.EINTR)

    def shutdown(self, fd: int, how: int = host_socket.SHUT_WR) -> None:
        """SHUT_RD, SHUT_WR or SHUT_RDWR."""
        self.socket(fd, Connection).shut_down(
            reading=how != host_socket.SHUT_WR, writing=how != host_socket.SHUT_RD
        )

    def getsockname(self, fd: int) -> Address:
        return self.socket(fd, Socket).local

    def getpeername(self, fd: int) -> Address:
        peer = self.socket(fd, Socket).peer
        if not peer.port and not isinstance(self.description(fd), Connection):
            raise os_error(errno.ENOTCONN)
        return peer

    # --- UDP

    def _connect_datagrams(self, address: str, port: int) -> int:
        target = ip_address(address)
        self.net.route(target)
        socket = self.net.bind_datagrams("0.0.0.0" if target.version == 4 else "::")
        socket.peer = Address(address, port)
        return self._install_socket(socket)

    async def sendto(self, fd: int, data: bytes, to: tuple[str, int]) -> None:
        """One datagram to an address (not a name)."""
        await self.checkpoint()
        self.socket(fd, Datagrams).send(data, Address(*to))

    async def recvfrom(self, fd: int) -> tuple[bytes, Address]:
        """One datagram and who sent it; ECONNREFUSED if a connected peer's port is unbound."""
        await self.checkpoint()
        socket = self.socket(fd, Datagrams)
        while (taken := socket.take()) is None:
            if await self.wait_on(socket.readable):
                raise os_error(errno.EINTR)
        return taken

    # --- Unix sockets

    async def listen_unix(self, path: str, *, backlog: int = 128) -> int:
        """Make a socket file and listen on it."""
        await self.checkpoint()
        try:
            self.fs.mknod(
                path, stat_bits.S_IFSOCK | (0o777 & ~self.umask), 0, who=self.cred, cwd=self.cwd
            )
        except FileExistsError:
            raise os_error(errno.EADDRINUSE) from None
        stat = self.fs.stat(path, who=self.cred, cwd=self.cwd)
        listener = Listener(Address(path), None, backlog)
        self.machine.unix_listeners[stat.dev, stat.ino] = listener
        return self._install_socket(listener)

    async def connect_unix(self, path: str) -> int:
        """Connect to a socket file that one may write to; the engine's own socket may be behind it."""
        await self.checkpoint()
        self.fs.access(path, os.W_OK, who=self.cred, cwd=self.cwd)
        stat = self.fs.stat(path, who=self.cred, cwd=self.cwd)
        listener = self.machine.unix_listeners.get((stat.dev, stat.ino))
        if listener is not None and listener.references > 0:
            while listener.is_full:
                await self._sleep_until(lambda: not listener.is_full, listener, None)
            one, two = Connection.pair(Address(), Address(path))
            listener.offer(two)
            return self._install_socket(one)
        door = self.machine.unix_door
        connection = None
        if door is not None:
            where = self.fs.realpath(path, who=self.cred, cwd=self.cwd)
            connection = await self.block(door(where))
        if connection is None:
            raise os_error(errno.ECONNREFUSED)
        return self._install_socket(connection)

    # --- names

    async def resolve(self, name: str) -> list[str]:
        """The addresses of a name: itself if it is one, then /etc/hosts, then DNS. socket.gaierror if unknown."""
        await self.checkpoint()
        bare = name.strip("[]")
        if _is_address(bare):
            return [bare]
        found = self._from_hosts(bare) or self.net.resolver(bare.removesuffix("."))
        if not found:
            raise host_socket.gaierror(*(UNKNOWN if self.net.has_neighbours else NO_ANSWER))
        return found

    def _from_hosts(self, name: str) -> list[str]:
        try:
            text = self.fs.read_bytes("/etc/hosts").decode("utf-8", "replace")
        except OSError:
            return ["127.0.0.1"] if name == "localhost" else []
        wanted = name.lower()
        found = []
        for line in text.splitlines():
            address, *names = line.partition("#")[0].split() or [""]
            if wanted in (known.lower() for known in names) and _is_address(address):
                found.append(address)
        # getaddrinfo(3) prefers IPv4 where there is no IPv6 route.
        return sorted(found, key=lambda address: ":" in address)

    async def answers_echo(self, address: str) -> bool:
        """Whether a ping would come back; OSError ENETUNREACH without a route."""
        await self.checkpoint()
        try:
            destination = self.net.route(ip_address(address))
        except Unanswered:
            return False
        return not isinstance(destination, Host) or destination.is_gateway


UnixDoor = Callable[[str], Awaitable[Connection | None]]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

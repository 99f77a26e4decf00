"""nc, as busybox and as OpenBSD have it: connect or listen, and pass bytes between the network and the standard streams."""

import contextlib
import errno
import os
from collections.abc import Sequence

from daemon.process.process import Process
from daemon.programs.net.addresses import SERVICES, bracketed, is_address, lookup, port_number
from daemon.programs.tools.kit import Failure, UsageError, either, is_gnu, tool
from daemon.programs.tools.options import Options

CHUNK = 16384
USAGE = "[OPTIONS] HOST PORT  - connect\nnc [OPTIONS] -l -p PORT [HOST] [PORT]  - listen"


@tool(
    USAGE,
    "lkp:w:i:e:vnuzs:f:o:",
    gnu="46NdDq:tUCFrcbI:O:P:R:ST:W:X:x:",
    busybox_long="",
    about="Open a pipe to IP:PORT",
    package="OpenBSD netcat 1.226",
)
async def nc(proc: Process, options: Options) -> int:
    if "U" in options:
        return await _unix(proc, options)
    if "l" in options:
        return await Listen(proc, options).run()
    if len(options.args) < 2:
        raise UsageError()
    return await Dial(proc, options).run()


def _seconds(options: Options) -> float | None:
    text = options.value("w")
    return float(text) if text else None


class Dial:
    """The connecting side: each port in turn."""

    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.host = options.args[0]

    async def run(self) -> int:
        addresses = await lookup(self.proc, self.host)
        if not addresses:
            raise Failure(self._unknown_host())
        code = 1
        for port in _ports(self.options.args[1:]):
            fd = await self._connect(addresses, port)
            if fd is not None and "z" not in self.options:
                return await _relay(self.proc, self.options, fd)
            if fd is not None:
                self.proc.close(fd)
                code = 0
        return code

    def _unknown_host(self) -> str:
        if not is_gnu(self.proc):
            return f"bad address '{self.host}'"
        port = self.options.args[1]
        return f'getaddrinfo for host "{self.host}" port {port}: Name or service not known'

    async def _connect(self, addresses: Sequence[str], port: int) -> int | None:
        reason = ""
        for address in addresses:
            try:
                fd = await self.proc.connect(
                    address, port, timeout=_seconds(self.options), proto=_protocol(self.options)
                )
            except OSError as error:
                reason = os.strerror(error.errno or errno.ETIMEDOUT)
                await self._say_refused(address, port, reason)
            else:
                await self._say_open(address, port)
                return fd
        if not is_gnu(self.proc) and "v" not in self.options and "z" not in self.options:
            raise Failure(f"can't connect to remote host ({addresses[0]}): {reason}")
        return None

    def _named(self, address: str) -> str:
        return self.host if is_address(self.host) else f"{self.host} ({address})"

    async def _say_open(self, address: str, port: int) -> None:
        if "v" not in self.options:
            return
        if is_gnu(self.proc):
            service = next((name for name, number in SERVICES.items() if number == port), "*")
            text = f"Connection to {self._named(address)} {port} port [{_protocol(self.options)}/{service}] succeeded!"
        else:
            text = f"{self.host} ({bracketed(address)}:{port}) open"
        await self.proc.err(f"{text}\n")

    async def _say_refused(self, address: str, port: int, reason: str) -> None:
        if "v" not in self.options:
            return
        if is_gnu(self.proc):
            text = f"connect to {self._named(address)} port {port} ({_protocol(self.options)}) failed: {reason}"
        else:
            text = f"{self.host} ({bracketed(address)}:{port}): {reason}"
        await self.proc.err(f"nc: {text}\n")


def _ports(words: list[str]) -> list[int]:
    ports: list[int] = []
    for word in words:
        low, dash, high = word.partition("-")
        first, last = port_number(low), port_number(high) if dash else None
        if first is None or (dash and last is None):
            raise Failure(
                f"port number invalid: {word}" if not dash else f"invalid port range: {word}"
            )
        ports += range(first, (last or first) + 1)
    return ports


def _protocol(options: Options) -> str:
    return "udp" if "u" in options else "tcp"


class Listen:
    """The listening side: one connection, or with -k one after the other."""

    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options

    async def run(self) -> int:
        words = list(self.options.args)
        port_text = self.options.value("p") or (words.pop() if words else "0")
        host = words[0] if words and is_gnu(self.proc) else self.options.value("s") or "0.0.0.0"
        port = port_number(port_text)
        if port is None and port_text != "0":
            raise Failure(f"bad port '{port_text}'")
        try:
            fd = await self.proc.listen(port or 0, host, _protocol(self.options))
        except OSError as error:
            raise Failure(_bind_error(self.proc, error)) from None
        await self._announce(fd, host)
        return await (self._datagrams(fd) if "u" in self.options else self._accept(fd))

    async def _announce(self, listener: int, host: str) -> None:
        if "v" in self.options:
            port = self.proc.getsockname(listener).port
            gnu, busybox = (
                f"{'Bound' if 'u' in self.options else 'Listening'} on {host} {port}",
                f"listening on {bracketed(host)}:{port} ...",
            )
            await self.proc.err(f"{either(self.proc, gnu, busybox)}\n")

    async def _accept(self, listener: int) -> int:
        wait = None if is_gnu(self.proc) else _seconds(self.options)
        while await self.proc.wait_readable([listener], wait):
            fd = await self.proc.accept(listener)
            await self._say_connected(fd)
            code = await self._serve(fd)
            self.proc.close(fd)
            if "k" not in self.options:
                return code
        return 1

    async def _say_connected(self, fd: int) -> None:
        if "v" not in self.options:
            return
        (address, port), (local, here) = self.proc.getpeername(fd), self.proc.getsockname(fd)
        gnu = f"Connection received on {address} {port}"
        busybox = f"connect to {bracketed(local)}:{here} from {bracketed(address)}:{port}"
        await self.proc.err(f"{either(self.proc, gnu, busybox)}\n")

    async def _serve(self, fd: int) -> int:
        if "e" not in self.options:
            return await _relay(self.proc, self.options, fd)
        return await _execute(self.proc, self.options, fd)

    async def _datagrams(self, fd: int) -> int:
        while True:
            if not await self.proc.wait_readable([fd], _seconds(self.options)):
                return 0
            data, _sender = await self.proc.recvfrom(fd)
            await self.proc.out(data)


async def _unix(proc: Process, options: Options) -> int:
    """-U: the other end, or the place to listen at, is a socket file."""
    if len(options.args) > 1:
        raise Failure("cannot use port with -U")
    if not options.args:
        raise UsageError()
    path = options.args[0]
    if "l" in options:
        return await _listen_unix(proc, options, path)
    try:
        fd = await proc.connect_unix(path)
    except OSError as error:
        raise Failure(f"{path}: {os.strerror(error.errno or errno.ECONNREFUSED)}") from None
    return 0 if "z" in options else await _relay(proc, options, fd)


async def _listen_unix(proc: Process, options: Options, path: str) -> int:
    with contextlib.suppress(OSError):
        proc.unlink(path)
    try:
        listener = await proc.listen_unix(path)
    except OSError as error:
        raise Failure(os.strerror(error.errno or errno.EADDRINUSE)) from None
    said = proc.err if "v" in options else _quietly
    await said(f"Bound on {path}\nListening on {path}\n")
    while True:
        fd = await proc.accept(listener)
        await said(f"Connection received on {path}\n")
        code = await _relay(proc, options, fd)
        proc.close(fd)
        if "k" not in options:
            return code


async def _quietly(_text: str) -> None:
    """Without -v nothing is told."""


def _bind_error(proc: Process, error: OSError) -> str:
    reason = os.strerror(error.errno or errno.EADDRINUSE)
    return reason if is_gnu(proc) else f"bind: {reason}"


async def _execute(proc: Process, options: Options, fd: int) -> int:
    """-e: the rest of the command line is a program that talks to the peer itself."""
    argv = [options.value("e"), *options.args]
    child = await proc.spawn(argv, fds={0: fd, 1: fd, 2: fd})
    _pid, status = await proc.wait(child.pid)
    return getattr(status, "shell_code", 0)


async def _relay(proc: Process, options: Options, fd: int) -> int:
    """Both directions until the peer ends; the end of stdin is passed on as a half-close."""
    if "e" in options:
        return await _execute(proc, options, fd)
    sources = [fd] if "d" in options else [0, fd]
    while True:
        ready = await proc.wait_readable(sources, _seconds(options))
        if not ready:
            return 1 if not is_gnu(proc) else 0
        if 0 in ready and not await _send(proc, options, fd):
            sources.remove(0)
        if fd in ready:
            try:
                data = await proc.read(fd, CHUNK)
            except ConnectionError:
                return 1
            if not data:
                return 0
            await proc.out(data)


async def _send(proc: Process, options: Options, fd: int) -> bool:
    """Pass on what stdin has; False at its end."""
    data = await proc.read(0, CHUNK)
    if data:
        await proc.write(fd, data)
        return True
    if "u" not in options and (not is_gnu(proc) or "N" in options or "q" in options):
        proc.shutdown(fd, 1)
    return False

"""httpd and apachectl: Apache's command line, its start and stop messages, and the processes that ps shows."""

import errno
import os
from functools import partial

from daemon.fs.nodes import Credentials
from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.programs.services.apache_conf import PREFIX, ApacheConfig, ConfigError, read_config
from daemon.programs.services.apache_site import Site
from daemon.programs.services.http_server import accept_for_ever
from daemon.programs.services.kit import moment, own_address, own_port, user_ids

IDLE_WORKERS = 3
"""Three children whatever the load: ps shows them. The first one accepts; each connection has a child of its own."""

SIGNALS = {
    "stop": Signal.SIGTERM,
    "graceful-stop": Signal.SIGWINCH,
    "restart": Signal.SIGHUP,
    "graceful": Signal.SIGUSR1,
}
CAUGHT = {
    Signal.SIGTERM: "AH00491: caught SIGTERM, shutting down",
    Signal.SIGINT: "AH00491: caught SIGTERM, shutting down",
    Signal.SIGWINCH: "AH00492: caught SIGWINCH, shutting down gracefully",
    Signal.SIGHUP: "AH00494: SIGHUP received.  Attempting to restart",
    Signal.SIGUSR1: "AH00493: SIGUSR1 received.  Doing graceful restart",
}
RESTARTS = (Signal.SIGHUP, Signal.SIGUSR1)
USAGE = """Usage: {name} [-D name] [-d directory] [-f file]
             [-C "directive"] [-c "directive"]
             [-k start|restart|graceful|graceful-stop|stop]
             [-v] [-V] [-h] [-l] [-L] [-t] [-T] [-S] [-X]
"""


async def main(proc: Process) -> int:
    """`httpd`, as argv says."""
    return await _run(proc, proc.argv[1:])


async def apachectl(proc: Process) -> int:
    """`apachectl`, whose words stand for options of httpd."""
    words = proc.argv[1:]
    if words[:1] == ["configtest"]:
        words = ["-t"]
    elif words and (words[0] in SIGNALS or words[0] == "start"):
        words = ["-k", words[0]]
    return await _run(proc, words)


async def _run(proc: Process, words: list[str]) -> int:
    flags = _Flags()
    try:
        flags.read(words)
    except ValueError as error:
        await proc.err(f"httpd: {error}\n{USAGE.format(name='httpd')}")
        return 1
    if flags.show:
        await proc.out(_about(proc, flags.show))
        return 0
    if flags.signal in SIGNALS:
        return await _signal(proc, flags.signal)
    try:
        config = read_config(proc, flags.file)
    except ConfigError as error:
        await proc.err(f"AH00526: {error}\n")
        return 1
    except OSError as error:
        await proc.err(f"httpd: Could not open configuration file {flags.file}: {error.strerror}\n")
        return 1
    server = Server(proc, config, flags.file)
    if flags.test:
        await server.warn_about_name()
        await proc.err("Syntax OK\n")
        return 0
    return await server.run(foreground=flags.foreground)


class _Flags:
    def __init__(self) -> None:
        self.show = ""
        self.test = False
        self.foreground = False
        self.signal = ""
        self.file = f"{PREFIX}/conf/httpd.conf"

    def read(self, words: list[str]) -> None:
        rest = list(words)
        while rest:
            word = rest.pop(0)
            letter, value = word[1:2], word[2:]
            if not word.startswith("-") or letter not in "DdfCcekvVhlLtTSXMn":
                raise ValueError(f"illegal option -- {letter or word}")
            if letter in "DdfCcekn" and not value:
                if not rest:
                    raise ValueError(f"option requires an argument -- {letter}")
                value = rest.pop(0)
            self._take(letter, value)

    def _take(self, letter: str, value: str) -> None:
        if letter in "vVhlLM":
            self.show = letter
        elif letter in "tS":
            self.test = True
        elif letter == "D":
            self.foreground = self.foreground or value == "FOREGROUND"
        elif letter == "X":
            self.foreground = True
        elif letter == "f":
            self.file = os.path.join(PREFIX, value)
        elif letter == "k":
            self.signal = value


def version(proc: Process) -> str:
    return proc.env.get("HTTPD_VERSION", "2.4.65")


def _about(proc: Process, letter: str) -> str:
    if letter == "l":
        return "Compiled in modules:\n  core.c\n  mod_so.c\n  http_core.c\n"
    if letter == "M":
        return (
            "Loaded Modules:\n core_module (static)\n so_module (static)\n http_module (static)\n"
        )
    if letter in "hL":
        return USAGE.format(name="httpd")
    text = f"Server version: Apache/{version(proc)} (Unix)\nServer built:   Jul 23 2025 22:05:26\n"
    if letter == "V":
        text += f'Server MPM:     event\n -D HTTPD_ROOT="{PREFIX}"\n -D SERVER_CONFIG_FILE="conf/httpd.conf"\n'
    return text


async def _signal(proc: Process, word: str) -> int:
    pid = _running(proc)
    if pid is None:
        await proc.out("httpd (no pid file) not running\n")
        return 0 if word == "stop" else 1
    proc.kill(pid, SIGNALS[word])
    return 0


def _running(proc: Process) -> int | None:
    """The pid in the pid file, if such a process lives."""
    try:
        pid = int(proc.machine.fs.read_bytes(f"{PREFIX}/logs/httpd.pid"))
        proc.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


class Server:
    """The parent process: it listens, starts the children, and waits for a signal."""

    def __init__(self, proc: Process, config: ApacheConfig, file: str) -> None:
        self.proc = proc
        self.config = config
        self.file = file
        self.listeners: list[int] = []
        self.workers: list[Process] = []
        self.signals: list[int] = []

    async def run(self, *, foreground: bool) -> int:
        if (pid := _running(self.proc)) is not None and pid != self.proc.pid:
            await self.proc.out(f"httpd (pid {pid}) already running\n")
            return 0
        await self.warn_about_name()
        if not await self._listen():
            return 1
        if foreground:
            return await self._supervise("httpd -D FOREGROUND")
        self.proc.fork(self._in_background)
        return 0

    async def _in_background(self, proc: Process) -> int:
        self.proc = proc
        proc.setsid()
        return await self._supervise("httpd")

    async def warn_about_name(self) -> None:
        if self.config.server_name:
            return
        address = await own_address(self.proc)
        await self.proc.err(
            "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, "
            f"using {address}. Set the 'ServerName' directive globally to suppress this message\n"
        )

    async def _listen(self) -> bool:
        if not self.config.listen:
            await self.proc.err("no listening sockets available, shutting down\n")
            return False
        for host, port in self.config.listen:
            try:
                self.listeners.append(await own_port(self.proc, port, host))
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                    raise
                await self.proc.err(
                    f"({error.errno}){error.strerror}: AH00072: make_sock: could not bind to "
                    f"address {host or '0.0.0.0'}:{port}\n"
                    "no listening sockets available, shutting down\nAH00015: Unable to open logs\n"
                )
                return False
        return True

    async def _supervise(self, command: str) -> int:
        proc = self.proc
        for signum in CAUGHT:
            proc.on_signal(signum, self.signals.append)
        # The start looks for its name a second time once the configuration is read again.
        await self.warn_about_name()
        proc.machine.fs.write_bytes(f"{PREFIX}/logs/httpd.pid", f"{proc.pid}\n".encode())
        caught = await self._until_stopped(command)
        await self.notice("mpm_event", CAUGHT[caught])
        self._stop_workers()
        proc.machine.fs.unlink(f"{PREFIX}/logs/httpd.pid")
        return 0

    async def _until_stopped(self, command: str) -> Signal:
        while True:
            self._start_workers()
            await self.notice(
                "mpm_event",
                f"AH00489: Apache/{version(self.proc)} (Unix) configured -- resuming normal operations",
            )
            await self.notice("core", f"AH00094: Command line: '{command}'")
            while not self.signals:
                await self.proc.pause()
            signum = Signal(self.signals.pop(0))
            if signum not in RESTARTS:
                return signum
            await self.notice("mpm_event", CAUGHT[signum])
            await self._restart()

    async def _restart(self) -> None:
        self._stop_workers()
        try:
            self.config = read_config(self.proc, self.file)
        except (ConfigError, OSError) as error:
            await self.proc.err(f"AH00526: {error}\n")

    async def notice(self, module: str, text: str) -> None:
        stamp = moment(self.proc, "%a %b %d %H:%M:%S.%f %Y")
        pid = self.proc.pid
        await self.proc.err(f"[{stamp}] [{module}:notice] [pid {pid}:tid {pid}] {text}\n")

    def _start_workers(self) -> None:
        proc = self.proc
        proc.on_signal(Signal.SIGCHLD, IGNORE)
        site = Site(self.config, f"Apache/{version(proc)} (Unix)")
        ids = user_ids(proc, self.config.user)
        jobs = [partial(_accept, site, self.listeners, ids)]
        jobs += [partial(_idle, ids)] * (IDLE_WORKERS - 1)
        self.workers = [proc.fork(job) for job in jobs]

    def _stop_workers(self) -> None:
        for worker in self.workers:
            if worker.status is None:
                self.proc.kill(worker.pid, Signal.SIGTERM)


async def _accept(site: Site, listeners: list[int], ids: Credentials | None, proc: Process) -> int:
    proc.cred = ids or proc.cred
    await accept_for_ever(proc, listeners, site.connection)
    return 0


async def _idle(ids: Credentials | None, proc: Process) -> int:
    proc.cred = ids or proc.cred
    while True:
        await proc.pause()

"""nginx: its command line, its master and workers, and its two logs."""

import errno
import os
from functools import partial

from daemon.fs.nodes import Credentials
from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ProcessExit
from daemon.programs.net.addresses import is_address, lookup
from daemon.programs.net.http_client import BadUrl, Url
from daemon.programs.services.http_files import now_date
from daemon.programs.services.http_server import (
    BadRequest,
    Connection,
    Reply,
    Request,
    accept_for_ever,
)
from daemon.programs.services.kit import LogFile, moment, user_ids
from daemon.programs.services.nginx_conf import ConfigError, Directive, Parser
from daemon.programs.services.nginx_pages import error_page
from daemon.programs.services.nginx_proxy import Proxy
from daemon.programs.services.nginx_site import Forward, Site, Visit, ports_of

CONFIG = "/etc/nginx/nginx.conf"
SIGNALS = {
    "stop": Signal.SIGTERM,
    "quit": Signal.SIGQUIT,
    "reload": Signal.SIGHUP,
    "reopen": Signal.SIGUSR1,
}
LEVELS = ("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg")
COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
HELP = """nginx version: {version}
Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]
             [-e filename] [-c filename] [-g directives]
"""


def version(proc: Process) -> str:
    return f"nginx/{proc.env.get('NGINX_VERSION', '1.29.2')}"


class _Flags:
    """The command line, read; ValueError with nginx's words."""

    def __init__(self, words: list[str]) -> None:
        self.letters: set[str] = set()
        self.values: dict[str, str] = {}
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if not word.startswith("-") or len(word) < 2:
                raise ValueError(f'invalid option: "{word}"')
            self._bundle(word[1:], rest)

    def _bundle(self, letters: str, rest: list[str]) -> None:
        for index, letter in enumerate(letters):
            if letter in "?hvVtTq":
                self.letters.add(letter)
            elif letter in "specg":
                value = letters[index + 1 :] or (rest.pop(0) if rest else "")
                if not value:
                    raise ValueError(f'option "-{letter}" requires an argument')
                self.values[letter] = value
                return
            else:
                raise ValueError(f'invalid option: "{letter}"')


async def main(proc: Process) -> int:
    try:
        flags = _Flags(proc.argv[1:])
    except ValueError as error:
        await proc.err(f"nginx: {error}\n")
        return 1
    if flags.letters & set("?hvV"):
        await proc.err(_about(proc, flags))
        return 0
    path = flags.values.get("c", CONFIG)
    try:
        config = Parser(proc).read(path)
        http = config.one("http") or Directive("http", [], path, 0, [])
        await _check_upstreams(proc, http)
    except ConfigError as error:
        return await _refuse(proc, flags, path, str(error))
    if "t" in flags.letters or "T" in flags.letters:
        await proc.err(
            f"nginx: the configuration file {path} syntax is ok\n"
            f"nginx: configuration file {path} test is successful\n"
        )
        return 0
    if "s" in flags.values:
        return await _signal(proc, config, flags.values["s"])
    master = Master(proc, config, http, path)
    background = "daemon off" not in flags.values.get("g", "") and config.value("daemon") != "off"
    return await master.run(background=background)


def _about(proc: Process, flags: _Flags) -> str:
    if flags.letters & set("?h"):
        return HELP.format(version=version(proc))
    text = f"nginx version: {version(proc)}\n"
    if "V" in flags.letters:
        text += "built by gcc 14.2.0 (Debian 14.2.0-19) \nconfigure arguments: --prefix=/etc/nginx --sbin-path=/usr/sbin/nginx\n"
    return text


async def _refuse(proc: Process, flags: _Flags, path: str, text: str) -> int:
    if not flags.letters:
        stamp = moment(proc, "%Y/%m/%d %H:%M:%S")
        await proc.err(f"{stamp} [emerg] {proc.pid}#{proc.pid}: {text}\n")
    await proc.err(f"nginx: [emerg] {text}\n")
    if flags.letters:
        await proc.err(f"nginx: configuration file {path} test failed\n")
    return 1


async def _check_upstreams(proc: Process, http: Directive) -> None:
    """nginx does not start if it cannot resolve a name that it will need."""
    groups = [block.words[0] for block in http.all("upstream") if block.words]
    needed = [
        (server, server.words[0])
        for block in http.all("upstream")
        for server in block.all("server")
    ]
    for server in http.all("server"):
        for location in server.all("location"):
            if (target := location.one("proxy_pass")) and "$" not in target.words[0]:
                needed.append((target, target.words[0]))
    for directive, text in needed:
        try:
            host = Url.parse(text).host
        except BadUrl:
            raise ConfigError(f"invalid URL prefix in {directive.where}") from None
        if host not in groups and not is_address(host) and not await lookup(proc, host):
            raise ConfigError(f'host not found in upstream "{host}" in {directive.where}')


async def _signal(proc: Process, config: Directive, word: str) -> int:
    if word not in SIGNALS:
        await proc.err(f'nginx: invalid option: "-s {word}"\n')
        return 1
    path = config.value("pid", "/run/nginx.pid")
    try:
        pid = int(proc.machine.fs.read_bytes(path) or b"0")
        proc.kill(pid, SIGNALS[word])
    except (OSError, ValueError) as error:
        reason = f'open() "{path}" failed (2: No such file or directory)'
        if not isinstance(error, FileNotFoundError):
            reason = f'invalid PID number "" in "{path}"'
        await proc.err(f"nginx: [error] {reason}\n")
        return 1
    return 0


class Master:
    """The master process: it reads the configuration, listens, and looks after the workers."""

    def __init__(self, proc: Process, config: Directive, http: Directive, path: str) -> None:
        self.proc = proc
        self.config = config
        self.http = http
        self.path = path
        self.listeners: dict[tuple[str, int], int] = {}
        self.workers: list[Process] = []
        self.signals: list[int] = []

    async def run(self, *, background: bool) -> int:
        if not await self._listen():
            return 1
        if background:
            self.proc.fork(self._in_background)
            return 0
        return await self._supervise()

    async def _in_background(self, proc: Process) -> int:
        self.proc = proc
        proc.setsid()
        return await self._supervise()

    async def notice(self, text: str, level: str = "notice") -> None:
        log = self.config.one("error_log")
        words = log.words if log else ["/var/log/nginx/error.log"]
        threshold = words[1] if len(words) > 1 else "error"
        if LEVELS.index(level) >= LEVELS.index(threshold) and words[0] != "off":
            stamp = moment(self.proc, "%Y/%m/%d %H:%M:%S")
            pid = self.proc.pid
            await LogFile(words[0]).write(self.proc, f"{stamp} [{level}] {pid}#{pid}: {text}\n")

    def _wanted(self) -> list[tuple[str, int]]:
        wanted: dict[tuple[str, int], None] = {}
        for server in self.http.all("server"):
            for listen in server.all("listen"):
                host, _, _ = listen.words[0].rpartition(":")
                for port in ports_of(Directive("", [], "", 0, [listen])):
                    wanted[host.strip("[]") or "0.0.0.0", port] = None
            if not server.all("listen"):
                wanted["0.0.0.0", 80] = None
        return [("0.0.0.0" if host == "*" else host, port) for host, port in wanted]

    async def _listen(self) -> bool:
        for host, port in self._wanted():
            if (host, port) in self.listeners:
                continue
            try:
                fd = await self.proc.listen(port, host, only_v6=":" in host)
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
                    raise
                shown = f"[{host}]" if ":" in host else host
                text = f"bind() to {shown}:{port} failed ({error.errno}: {error.strerror})"
                await self.notice(text, "emerg")
                await self.proc.err(f"nginx: [emerg] {text}\n")
                return False
            self.listeners[host, port] = fd
        return True

    async def _supervise(self) -> int:
        proc = self.proc
        proc.argv = [f"nginx: master process {' '.join(proc.argv)}"]
        for signum in (
            Signal.SIGTERM,
            Signal.SIGINT,
            Signal.SIGQUIT,
            Signal.SIGHUP,
            Signal.SIGUSR1,
        ):
            proc.on_signal(signum, self.signals.append)
        pid_file = self.config.value("pid", "/run/nginx.pid")
        proc.machine.fs.makedirs(os.path.dirname(pid_file))
        proc.machine.fs.write_bytes(pid_file, f"{proc.pid}\n".encode())
        await self._say_start()
        await self._start_workers()
        await self._until_stopped()
        proc.machine.fs.unlink(pid_file)
        await self.notice("exit")
        return 0

    async def _say_start(self) -> None:
        await self.notice('using the "epoll" event method')
        await self.notice(version(self.proc))
        await self.notice("built by gcc 14.2.0 (Debian 14.2.0-19) ")
        await self.notice("OS: Linux 6.1.0-0-amd64")
        limit = self.proc.machine.limits.nofile
        await self.notice(f"getrlimit(RLIMIT_NOFILE): {limit}:{limit}")
        await self.notice("start worker processes")

    async def _until_stopped(self) -> None:
        while True:
            while not self.signals:
                await self.proc.pause()
            signum = Signal(self.signals.pop(0))
            if signum == Signal.SIGHUP:
                await self.notice("signal 1 (SIGHUP) received, reconfiguring")
                await self._reload()
            elif signum != Signal.SIGUSR1:
                word = "shutting down" if signum == Signal.SIGQUIT else "exiting"
                await self.notice(f"signal {signum.value} ({signum.name}) received, {word}")
                await self._stop_workers(self.workers)
                return

    async def _reload(self) -> None:
        await self.notice("reconfiguring")
        try:
            config = Parser(self.proc).read(self.path)
            http = config.one("http") or Directive("http", [], self.path, 0, [])
            await _check_upstreams(self.proc, http)
        except ConfigError as error:
            await self.notice(str(error), "emerg")
            return
        self.config, self.http = config, http
        if not await self._listen():
            return
        old = self.workers
        await self.notice("start worker processes")
        await self._start_workers()
        await self._stop_workers(old)

    async def _start_workers(self) -> None:
        text = self.config.value("worker_processes", "1")
        count = int(text) if text.isdigit() else max(1, round(self.proc.machine.limits.cpus) or 2)
        ids = user_ids(self.proc, self.config.value("user", "nginx"))
        worker = Worker(self)
        jobs = [partial(worker.accept, ids), *[partial(worker.idle, ids)] * (min(count, 64) - 1)]
        self.workers = []
        for job in jobs:
            process = self.proc.fork(job)
            process.argv = ["nginx: worker process"]
            self.workers.append(process)
            await self.notice(f"start worker process {process.pid}")

    async def _stop_workers(self, workers: list[Process]) -> None:
        for worker in workers:
            self.proc.kill(worker.pid, Signal.SIGTERM)
        for worker in workers:
            try:
                await self.proc.wait(worker.pid)
            except InterruptedError:
                continue
            await self.notice(f"signal 17 (SIGCHLD) received from {worker.pid}")
            await self.notice(f"worker process {worker.pid} exited with code 0")


class Worker:
    """What a worker does: one accepts, each connection in a child of its own, and the others are there to be seen."""

    def __init__(self, master: Master) -> None:
        software = version(master.proc)
        if master.http.value("server_tokens") == "off":
            software = "nginx"
        self.master = master
        self.software = software
        self.site = Site(master.http, software)
        self.proxy = Proxy(master.http, software)
        self.number = 0

    async def accept(self, ids: Credentials | None, proc: Process) -> int:
        proc.cred = ids or proc.cred
        proc.on_signal(Signal.SIGTERM, _leave)
        await accept_for_ever(proc, list(self.master.listeners.values()), self.connection)
        return 0

    async def idle(self, ids: Credentials | None, proc: Process) -> int:
        proc.cred = ids or proc.cred
        proc.on_signal(Signal.SIGTERM, _leave)
        while True:
            await proc.pause()

    async def connection(self, proc: Process, fd: int) -> int:
        http = Connection(proc, fd)
        self.number += 1
        peer, port = proc.getpeername(fd).host, proc.getsockname(fd).port
        idle = float(self.master.http.value("keepalive_timeout", "75").removesuffix("s") or 75)
        while True:
            try:
                request = await http.request(idle if http.served else 60.0)
            except BadRequest:
                request = Request("", "", {})
            if request is None:
                return 0
            visit = Visit(
                proc,
                request,
                peer,
                self.site.scope_for(request.host, port),
                number=self.number,
                port=port,
            )
            http.head_only = request.method == "HEAD"
            reply = (
                await self._answer(visit, http)
                if request.method
                else error_page(400, self.software)
            )
            await self._send(visit, http, reply)
            if not request.method:
                return 0

    async def _answer(self, visit: Visit, http: Connection) -> Reply:
        try:
            return self.site.answer(visit)
        except Forward as forward:
            return await self.proxy.forward(visit, forward.url, http)

    async def _send(self, visit: Visit, http: Connection, reply: Reply) -> None:
        keep = (
            "close"
            if visit.request.headers.get("connection", "").lower() == "close"
            else "keep-alive"
        )
        reply.headers = [
            ("Server", self.software),
            ("Date", now_date(visit.proc)),
            *reply.headers,
            ("Connection", keep),
        ]
        try:
            if reply.status != 444:
                await http.reply(reply)
        finally:
            await self._log(visit, reply)

    async def _log(self, visit: Visit, reply: Reply) -> None:
        request = visit.request
        for text in visit.errors:
            await self.master.notice(
                f"*{visit.number} {text}, client: {visit.peer}, server: {visit.server_name}, "
                f'request: "{request.line}", host: "{request.headers.get("host", "")}"',
                "error",
            )
        for log in visit.scope.all("access_log"):
            if log.words[0] != "off":
                await LogFile(log.words[0]).write(
                    visit.proc, self._access_line(visit, reply, log.words[1:])
                )

    def _access_line(self, visit: Visit, reply: Reply, words: list[str]) -> str:
        layout = COMBINED
        for known in self.master.http.all("log_format"):
            if words and known.words[0] == words[0]:
                layout = "".join(word for word in known.words[1:] if not word.startswith("escape="))
        sent = 0 if visit.request.method == "HEAD" or reply.status == 304 else reply.length or 0
        visit.captures |= {
            "time_local": moment(visit.proc, "%d/%b/%Y:%H:%M:%S +0000"),
            "time_iso8601": moment(visit.proc, "%Y-%m-%dT%H:%M:%S+00:00"),
            "status": str(reply.status),
            "body_bytes_sent": str(sent),
            "bytes_sent": str(sent),
            "request_time": "0.000",
            "upstream_addr": "-",
            "upstream_response_time": "-",
        }
        for name in ("http_referer", "http_user_agent", "http_x_forwarded_for"):
            visit.captures[name] = visit.variable(name) or "-"
        return f"{visit.expand(layout)}\n"


def _leave(_signum: int) -> None:
    raise ProcessExit(0)

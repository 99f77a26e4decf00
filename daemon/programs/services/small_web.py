"""Small web servers: traefik/whoami, testcontainers/helloworld, and busybox's httpd."""

import posixpath
from collections.abc import Awaitable, Callable
from functools import partial

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ProcessExit
from daemon.programs.services.http_files import (
    file_reply,
    is_folder,
    now_date,
    safe_path,
)
from daemon.programs.services.http_server import (
    BadRequest,
    Connection,
    Reply,
    Request,
    accept_for_ever,
)
from daemon.programs.services.kit import moment
from daemon.programs.services.mime import content_type
from daemon.programs.tools.kit import tool
from daemon.programs.tools.options import Options

Answer = Callable[[Process, Request, int], Reply]
IDLE_SECONDS = 60.0


async def serve_web(proc: Process, listeners: list[int], answer: Answer) -> None:
    """Answer every request on these sockets; a Go program ends at the first signal."""
    proc.on_signal(Signal.SIGTERM, _leave)
    proc.on_signal(Signal.SIGINT, _leave)
    await accept_for_ever(proc, listeners, partial(_connection, answer))


def _leave(signum: int) -> None:
    raise ProcessExit(2 if signum == Signal.SIGINT else 0)


async def _connection(answer: Answer, proc: Process, fd: int) -> int:
    http = Connection(proc, fd)
    while True:
        try:
            request = await http.request(IDLE_SECONDS)
        except BadRequest:
            await http.reply(
                Reply(400, "Bad Request", [("Connection", "close")], b"400 Bad Request")
            )
            return 0
        if request is None:
            return 0
        http.head_only = request.method == "HEAD"
        reply = answer(proc, request, fd)
        reply.headers.append(("Date", now_date(proc)))
        await http.reply(reply)


# --- traefik/whoami


async def whoami(proc: Process) -> int:
    words = proc.argv[1:]
    port = proc.env.get("WHOAMI_PORT_NUMBER") or _flag(words, "port") or "80"
    listener = await proc.listen(int(port), "::")
    await proc.out(f"{moment(proc, '%Y/%m/%d %H:%M:%S')} Starting up on port {port}\n")
    name = proc.env.get("WHOAMI_NAME") or _flag(words, "name")
    await serve_web(proc, [listener], partial(_whoami, name))
    return 0


def _flag(words: list[str], name: str) -> str:
    for index, word in enumerate(words):
        key, equals, value = word.lstrip("-").partition("=")
        if key == name and word.startswith("-"):
            return value if equals else next(iter(words[index + 1 :]), "")
    return ""


def _whoami(name: str, proc: Process, request: Request, fd: int) -> Reply:
    if request.path == "/health":
        return Reply(200, "OK", [("Content-Type", "text/plain; charset=utf-8")])
    addresses = [str(ip) for link in proc.net.interfaces.values() for ip in link.ips]
    peer = proc.getpeername(fd)
    lines = [f"Name: {name}"] if name else []
    lines += [f"Hostname: {proc.machine.hostname}", *(f"IP: {address}" for address in addresses)]
    lines += [f"RemoteAddr: {peer.host}:{peer.port}", request.line]
    # Go shows the host first, then the headers by name.
    lines.append(f"Host: {request.headers.get('host', '')}")
    others = sorted((key.title(), value) for key, value in request.headers.items() if key != "host")
    lines += [f"{key}: {value}" for key, value in others]
    return Reply(
        200,
        "OK",
        [("Content-Type", "text/plain; charset=utf-8")],
        ("\n".join(lines) + "\n\n").encode(),
    )


# --- testcontainers/helloworld


async def helloworld(proc: Process) -> int:
    """Pages of /static on 8080, a uuid on 8081."""
    delay = proc.env.get("DELAY_START_MSEC", "0")
    stamp = moment(proc, "%Y/%m/%d %H:%M:%S")
    await proc.err(f"{stamp} DELAY_START_MSEC: {delay}\n{stamp} Sleeping for {delay} ms\n")
    await proc.sleep(int(delay) / 1000)
    token = proc.machine.ids.uuid()
    listeners = []
    for port in (8080, 8081):
        await proc.err(f"{stamp} Starting server on port {port}\n")
        listeners.append(await proc.listen(port, "::"))
    await proc.err(f"{stamp} Ready, listening on 8080 and 8081\n")
    await serve_web(proc, listeners, partial(_helloworld, token))
    return 0


def _helloworld(token: str, proc: Process, request: Request, fd: int) -> Reply:
    text = [("Content-Type", "text/plain; charset=utf-8")]
    if request.path == "/ping":
        return Reply(200, "OK", text, b"PONG")
    if request.path == "/uuid":
        return Reply(200, "OK", text, token.encode())
    return _static(proc, request, "/static")


def _static(proc: Process, request: Request, root: str) -> Reply:
    missing = Reply(
        404, "Not Found", [("Content-Type", "text/plain; charset=utf-8")], b"404 page not found\n"
    )
    url = safe_path(request.path)
    if url is None:
        return missing
    path = root.rstrip("/") + url
    try:
        stat = proc.stat(path)
        if is_folder(stat):
            path = f"{path.rstrip('/')}/index.html"
            stat = proc.stat(path)
        kind = content_type(path) or "application/octet-stream"
        etag = f'"{stat.mtime_ns:x}-{stat.size:x}"'
        return file_reply(proc, request, path, stat, etag, [("Content-Type", kind)])
    except OSError:
        return missing


# --- busybox httpd


@tool(
    "[-ifv[v]] [-c CONFFILE] [-p [IP:]PORT] [-u USER[:GRP]] [-h HOME]",
    "fivp:h:c:u:r:d:e:m:",
    about="Listen for incoming HTTP requests",
)
async def busybox_httpd(proc: Process, options: Options) -> int:
    """Files of the -h folder; in the background unless -f."""
    root = posixpath.normpath(posixpath.join(proc.cwd, options.value("h") or "."))
    listener = await proc.listen(int((options.value("p") or "80").rpartition(":")[2]), "::")
    job: Callable[[Process], Awaitable[int]] = partial(_busybox_web, listener, root)
    if "f" in options:
        return await job(proc)
    proc.fork(job)
    return 0


async def _busybox_web(listener: int, root: str, proc: Process) -> int:
    await accept_for_ever(proc, [listener], partial(_connection, partial(_busybox_answer, root)))
    return 0


def _busybox_answer(root: str, proc: Process, request: Request, fd: int) -> Reply:
    reply = _static(proc, request, root)
    if reply.status == 404:
        page = (
            "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\n"
            "The requested URL was not found\n</BODY></HTML>\n"
        )
        reply = Reply(404, "Not Found", [("Content-type", "text/html")], page.encode())
    reply.headers.append(("Connection", "close"))
    return reply

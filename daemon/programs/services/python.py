"""python: version, -c, a script, standard input, a prompt, and -m http.server; other modules are refused clearly."""

import ast
import html
import os
import posixpath
from functools import partial
from urllib.parse import quote

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ProcessExit
from daemon.programs.services.http_files import file_reply, is_folder, now_date, safe_path
from daemon.programs.services.http_server import Connection, Reply, Request, accept_for_ever
from daemon.programs.services.kit import moment
from daemon.programs.services.mime import content_type
from daemon.programs.services.python_modules import Library
from daemon.programs.services.python_run import Interpreter
from daemon.programs.services.python_values import NotSimulated, PyError, represented

SIMPLE = "BdEiIOPqsSuvx"
NOT_SIMULATED = "mockerd simulates only simple Python"


def version(proc: Process) -> str:
    return proc.env.get("PYTHON_VERSION", "3.14.0")


async def main(proc: Process) -> int:
    words = list(proc.argv[1:])
    unbuffered = bool(proc.env.get("PYTHONUNBUFFERED"))
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word in ("-V", "--version", "-VV"):
            await proc.out(f"Python {version(proc)}\n")
            return 0
        letters = word[1:]
        if letters[:1] in ("W", "X"):
            words = words if letters[1:] else words[1:]
        elif letters.lstrip(SIMPLE)[:1] in ("c", "m"):
            unbuffered |= "u" in letters.partition("c")[0].partition("m")[0]
            return await _given(proc, letters.lstrip(SIMPLE), words, unbuffered)
        elif set(letters) <= set(SIMPLE):
            unbuffered |= "u" in letters
        else:
            await proc.err(
                f"Unknown option: {word}\nusage: python3 [option] ... [-c cmd | -m mod | file | -] [arg] ...\n"
            )
            return 2
    return await _program(proc, words, unbuffered)


async def _given(proc: Process, letters: str, words: list[str], unbuffered: bool) -> int:
    """-c CODE or -m MODULE; the value may be joined to the letter."""
    value = letters[1:] or (words.pop(0) if words else "")
    if letters[0] == "c":
        return await _Run(proc, ["-c", *words], unbuffered).text(value, "<string>")
    if value == "http.server":
        return await http_server(proc, words, unbuffered)
    await proc.err(
        f"/usr/local/bin/python3: {value}: {NOT_SIMULATED}, and of its modules only http.server\n"
    )
    return 1


async def _program(proc: Process, words: list[str], unbuffered: bool) -> int:
    if words and words[0] != "-":
        try:
            code = proc.machine.fs.read_bytes(words[0], who=proc.cred, cwd=proc.cwd)
        except OSError as error:
            path = posixpath.join(proc.cwd, words[0])
            await proc.err(
                f"python3: can't open file '{path}': [Errno {error.errno}] {error.strerror}\n"
            )
            return 2
        return await _Run(proc, words, unbuffered).text(code.decode("utf-8", "replace"), words[0])
    running = _Run(proc, [""], unbuffered)
    if proc.isatty(0):
        return await running.prompt()
    return await running.text(await running.library.read(), "<stdin>")


class _Run:
    """A program and what it prints."""

    def __init__(self, proc: Process, argv: list[str], unbuffered: bool) -> None:
        self.proc = proc
        self.library = Library(proc, argv, version(proc), unbuffered=unbuffered)
        self.interpreter = Interpreter(proc, self.library.module)
        self.interpreter.builtins |= {
            "print": self.library.print,
            "input": self.library.input,
            "open": self.library.open,
            "exit": self.library.leave,
            "quit": self.library.leave,
        }

    async def text(self, code: str, name: str) -> int:
        self.proc.on_signal(Signal.SIGINT, _interrupt)
        try:
            result = await self._run(code, name)
        finally:
            await self.library.out.flush()
        return result

    async def _run(self, code: str, name: str) -> int:
        try:
            await self.interpreter.run(ast.parse(code, name).body)
        except (SyntaxError, RecursionError, ValueError) as error:
            await self.proc.err(self._syntax_error(error, name))
            return 1
        except PyError as error:
            return await self._ended(error, name)
        except NotSimulated as missing:
            await self.proc.err(
                f'  File "{name}", line {self.interpreter.line}\nNotImplementedError: {NOT_SIMULATED}: {missing}\n'
            )
            return 1
        return 0

    def _syntax_error(self, error: Exception, name: str) -> str:
        if not isinstance(error, SyntaxError):
            return f"SyntaxError: {error}\n"
        source = (error.text or "").rstrip("\n")
        mark = " " * max(0, (error.offset or 1) - 1) + "^"
        return f'  File "{name}", line {error.lineno}\n    {source}\n    {mark}\nSyntaxError: {error.msg}\n'

    async def _ended(self, error: PyError, name: str) -> int:
        if error.kind == "SystemExit":
            code = error.values[0] if error.values else None
            if code is None or isinstance(code, int):
                return int(code or 0) & 0xFF
            await self.proc.err(f"{code}\n")
            return 1
        await self.library.out.flush()
        trace = f'Traceback (most recent call last):\n  File "{name}", line {self.interpreter.line}, in <module>\n'
        await self.proc.err(f"{trace}{error.line}\n")
        return 1

    async def prompt(self) -> int:
        """The interactive prompt: one line at a time, and blocks until an empty line."""
        await self.proc.out(
            f"Python {version(self.proc)} (main, Oct 21 2025, 02:04:36) [GCC 14.2.0] on linux\n"
            'Type "help", "copyright", "credits" or "license" for more information.\n'
        )
        pending = ""
        while True:
            await self.proc.out("... " if pending else ">>> ")
            line = await self.library.readline()
            if not line:
                await self.proc.out("\n")
                return 0
            pending += line
            if pending.rstrip().endswith(":") or (pending.count("\n") > 1 and line.strip()):
                continue
            try:
                await self._entered(pending)
            except ProcessExit as leaving:
                return leaving.code
            pending = ""

    async def _entered(self, code: str) -> None:
        try:
            tree = ast.parse(code)
            for statement in tree.body:
                if isinstance(statement, ast.Expr):
                    value = await self.interpreter.value(statement.value)
                    if value is not None:
                        await self.library.print(represented(value))
                else:
                    await self.interpreter.run([statement])
        except SyntaxError as error:
            await self.proc.err(self._syntax_error(error, "<stdin>"))
        except NotSimulated as missing:
            await self.proc.err(f"NotImplementedError: {NOT_SIMULATED}: {missing}\n")
        except PyError as error:
            if error.kind == "SystemExit":
                raise ProcessExit(int(error.values[0] or 0) if error.values else 0) from None
            await self.proc.err(
                f'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n{error.line}\n'
            )


def _interrupt(_signum: int) -> None:
    raise PyError("KeyboardInterrupt")


# --- python -m http.server


async def http_server(proc: Process, words: list[str], unbuffered: bool) -> int:
    port, root, host = 8000, proc.cwd, "0.0.0.0"
    rest = iter(words)
    for word in rest:
        if word in ("-d", "--directory"):
            root = posixpath.join(proc.cwd, next(rest, "."))
        elif word in ("-b", "--bind"):
            host = next(rest, host)
        elif word.isdigit():
            port = int(word)
    try:
        listener = await proc.listen(port, host)
    except OSError as error:
        await proc.err(f"OSError: [Errno {error.errno}] {error.strerror}\n")
        return 1
    if unbuffered or proc.isatty(1):
        await proc.out(f"Serving HTTP on {host} port {port} (http://{host}:{port}/) ...\n")
    proc.on_signal(Signal.SIGINT, _leave)
    await accept_for_ever(proc, [listener], partial(_serve, posixpath.normpath(root)))
    return 0


def _leave(_signum: int) -> None:
    raise ProcessExit(0)


async def _serve(root: str, proc: Process, fd: int) -> int:
    http = Connection(proc, fd)
    if (request := await http.request(60.0)) is None:
        return 0
    http.head_only = request.method == "HEAD"
    reply = _answer(proc, request, root)
    software = f"SimpleHTTP/0.6 Python/{version(proc)}"
    reply.headers = [
        ("Server", software),
        ("Date", now_date(proc)),
        *reply.headers,
        ("Connection", "close"),
    ]
    stamp = moment(proc, "%d/%b/%Y %H:%M:%S")
    peer = proc.getpeername(fd).host
    note = (
        f"{peer} - - [{stamp}] code {reply.status}, message {reply.reason}\n"
        if reply.status >= 400
        else ""
    )
    await proc.err(f'{note}{peer} - - [{stamp}] "{request.line}" {reply.status} -\n')
    await http.reply(reply)
    return 0


def _answer(proc: Process, request: Request, root: str) -> Reply:
    if request.method not in ("GET", "HEAD"):
        return _error(501, f"Unsupported method ('{request.method}')")
    url = safe_path(request.path)
    try:
        if url is None:
            return _error(404, "File not found")
        path = root + url
        stat = proc.stat(path)
        if is_folder(stat):
            if not url.endswith("/"):
                return Reply(301, "Moved Permanently", [("Location", quote(url) + "/")])
            if not proc.access(path + "index.html", os.R_OK):
                return _listing(proc, url, path)
            path += "index.html"
            stat = proc.stat(path)
        kind = content_type(path) or "application/octet-stream"
        return file_reply(proc, request, path, stat, '""', [("Content-type", kind)])
    except OSError:
        return _error(404, "File not found")


def _error(status: int, text: str) -> Reply:
    page = (
        '<!DOCTYPE HTML>\n<html lang="en">\n    <head>\n        <meta charset="utf-8">\n        <title>Error response</title>\n'
        f"    </head>\n    <body>\n        <h1>Error response</h1>\n        <p>Error code: {status}</p>\n"
        f"        <p>Message: {html.escape(text)}.</p>\n    </body>\n</html>\n"
    )
    return Reply(status, text, [("Content-Type", "text/html;charset=utf-8")], page.encode())


def _listing(proc: Process, url: str, path: str) -> Reply:
    rows = []
    for name in sorted(proc.listdir(path), key=str.lower):
        shown = name + "/" * is_folder(proc.stat(f"{path}/{name}", follow=False))
        rows.append(f'<li><a href="{quote(shown)}">{html.escape(shown)}</a></li>\n')
    title = f"Directory listing for {html.escape(url)}"
    page = (
        '<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<hr>\n<ul>\n{''.join(rows)}</ul>\n<hr>\n</body>\n</html>\n"
    )
    return Reply(200, "OK", [("Content-type", "text/html; charset=utf-8")], page.encode())

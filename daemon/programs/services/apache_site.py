"""What Apache answers: files below DocumentRoot, its own pages, and a line of log for each."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote

from daemon.process.process import Process
from daemon.programs.services.apache_conf import ApacheConfig
from daemon.programs.services.apache_pages import error_page, listing, log_line
from daemon.programs.services.http_files import (
    file_reply,
    is_folder,
    now_date,
    safe_path,
)
from daemon.programs.services.http_server import BadRequest, Connection, Reply, Request
from daemon.programs.services.kit import LogFile, moment
from daemon.programs.services.mime import content_type

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
ALLOW = "GET,POST,OPTIONS,HEAD"
FIRST_REQUEST_SECONDS = 60.0


@dataclass(slots=True)
class Site:
    """A configuration at work. Each connection is a process of its own."""

    config: ApacheConfig
    software: str

    async def connection(self, proc: Process, fd: int) -> int:
        """Serve requests until the client leaves or stays silent."""
        http = Connection(proc, fd)
        peer = proc.getpeername(fd)[0]
        idle = FIRST_REQUEST_SECONDS
        while True:
            try:
                request = await http.request(idle)
            except BadRequest:
                await self._finish(proc, http, Request("-", "", {}), error_page(400), peer)
                return 0
            if request is None:
                return 0
            http.head_only = request.method == "HEAD"
            reply = self.answer(proc, request)
            await self._finish(proc, http, request, reply, peer)
            idle = self.config.keep_alive_timeout
            if not self.config.keep_alive:
                return 0

    async def _finish(
        self, proc: Process, http: Connection, request: Request, reply: Reply, peer: str
    ) -> None:
        reply.headers = [("Date", now_date(proc)), ("Server", self.software), *reply.headers]
        reply.headers += self.config.headers
        try:
            await http.reply(reply)
        finally:
            await self._log(proc, request, reply, peer)

    async def _log(self, proc: Process, request: Request, reply: Reply, peer: str) -> None:
        stamp = moment(proc, "[%d/%b/%Y:%H:%M:%S +0000]")
        for target, layout in self.config.access_logs:
            layout = self.config.formats.get(layout, layout)
            line = log_line(layout, request, reply, peer, stamp)
            await LogFile(self.config.absolute(target)).write(proc, line)

    def answer(self, proc: Process, request: Request) -> Reply:
        """The reply to one request."""
        if request.method not in METHODS:
            reply = error_page(405, method=request.method)
            reply.headers.append(("Allow", ALLOW))
            return reply
        if request.method == "OPTIONS":
            return Reply(200, "OK", [("Allow", ALLOW), ("Content-Type", "text/html")])
        url = safe_path(request.path)
        if url is None:
            return error_page(400)
        for prefix, status, target in self.config.redirects:
            if url.startswith(prefix):
                return error_page(status, location=target + url[len(prefix) :])
        try:
            return self._file(proc, request, url, self._path_of(url))
        except PermissionError:
            return error_page(403)
        except OSError:
            return error_page(404)

    def _path_of(self, url: str) -> str:
        for prefix, folder in self.config.aliases:
            if url == prefix or url.startswith(prefix.rstrip("/") + "/"):
                return posixpath.normpath(folder + "/" + url[len(prefix) :])
        return posixpath.normpath(self.config.document_root + url)

    def _file(self, proc: Process, request: Request, url: str, path: str) -> Reply:
        if re.search(r"(^|/)\.ht", path) or self.config.folder_of(path).granted is False:
            return error_page(403)
        stat = proc.stat(path)
        if is_folder(stat):
            return self._folder(proc, request, url, path)
        if url.endswith("/"):
            return error_page(404)
        etag = f'"{stat.size:x}-{stat.mtime_ns // 1000:x}"'
        ending = path.rpartition(".")[2]
        kind = self.config.types.get(ending) or content_type(path)
        return file_reply(proc, request, path, stat, etag, [("Content-Type", kind)] if kind else [])

    def _folder(self, proc: Process, request: Request, url: str, path: str) -> Reply:
        if not url.endswith("/"):
            host = request.headers.get("host", "localhost")
            return error_page(301, location=f"http://{host}{quote(url)}/")
        names = proc.listdir(path)
        for index in self.config.directory_index:
            if index in names:
                return self._file(proc, request, url + index, f"{path}/{index}")
        if "Indexes" not in self.config.folder_of(path).options:
            return error_page(403)
        return listing(url, sorted(self._listed(proc, path, names), key=str.lower))

    def _listed(self, proc: Process, path: str, names: list[str]) -> list[str]:
        shown = []
        for name in names:
            if not name.startswith("."):
                folder = is_folder(proc.stat(f"{path}/{name}", follow=False))
                shown.append(name + "/" * folder)
        return shown

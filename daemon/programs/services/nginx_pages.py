"""The pages that nginx makes itself."""

import html
from datetime import UTC, datetime
from urllib.parse import quote

from daemon.process.process import Process
from daemon.programs.services.http_files import is_folder
from daemon.programs.services.http_server import Reply

TITLES = {
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Authorization Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    410: "Gone",
    413: "Request Entity Too Large",
    416: "Requested Range Not Satisfiable",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}


def error_page(code: int, software: str) -> Reply:
    """The short page for a status; a status without one has no body."""
    title = TITLES.get(code, "")
    if not title:
        return Reply(code, "", [("Content-Type", "text/plain")])
    page = (
        f"<html>\r\n<head><title>{code} {title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{code} {title}</h1></center>\r\n<hr><center>{software}</center>\r\n</body>\r\n</html>\r\n"
    )
    return Reply(code, title, [("Content-Type", "text/html")], page.encode())


def redirect(code: int, location: str, software: str) -> Reply:
    reply = error_page(code, software)
    reply.reason = {302: "Moved Temporarily"}.get(code, reply.reason)
    reply.headers.append(("Location", location))
    return reply


def listing(proc: Process, uri: str, path: str) -> Reply:
    """autoindex: names, times and sizes, folders first."""
    rows = []
    for name in sorted(proc.listdir(path)):
        if name.startswith("."):
            continue
        stat = proc.stat(f"{path}/{name}", follow=False)
        shown = name + "/" * is_folder(stat)
        when = datetime.fromtimestamp(stat.mtime_ns / 1e9, UTC).strftime("%d-%b-%Y %H:%M")
        size = "-" if is_folder(stat) else str(stat.size)
        link = f'<a href="{quote(shown)}">{html.escape(shown)}</a>'
        rows.append(
            (not is_folder(stat), f"{link}{' ' * max(1, 51 - len(shown))}{when} {size:>19}\r\n")
        )
    title = html.escape(uri)
    page = (
        f"<html>\r\n<head><title>Index of {title}</title></head>\r\n<body>\r\n<h1>Index of {title}</h1><hr><pre>"
        f'<a href="../">../</a>\r\n{"".join(row for _, row in sorted(rows))}</pre><hr></body>\r\n</html>\r\n'
    )
    return Reply(200, "OK", [("Content-Type", "text/html")], page.encode())

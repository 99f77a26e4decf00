"""What Apache says itself: error pages, lists of a folder, and the lines of its access log."""

import html
import re
from collections.abc import Callable
from urllib.parse import quote

from daemon.programs.services.http_server import Reply, Request

REASONS = {
    301: ("Moved Permanently", 'The document has moved <a href="{location}">here</a>.'),
    302: ("Found", 'The document has moved <a href="{location}">here</a>.'),
    303: ("See Other", 'The answer to your request is located <a href="{location}">here</a>.'),
    307: ("Temporary Redirect", 'The document has moved <a href="{location}">here</a>.'),
    308: ("Permanent Redirect", 'The document has moved <a href="{location}">here</a>.'),
    400: (
        "Bad Request",
        "Your browser sent a request that this server could not understand.<br />\n",
    ),
    403: ("Forbidden", "You don't have permission to access this resource."),
    404: ("Not Found", "The requested URL was not found on this server."),
    405: ("Method Not Allowed", "The requested method {method} is not allowed for this URL."),
    410: (
        "Gone",
        "The requested resource is no longer available on this server and there is no forwarding address.\n"
        "Please remove all references to this resource.",
    ),
    416: (
        "Requested Range Not Satisfiable",
        "None of the range-specifier values in the Range\nrequest-header field overlap the current extent\n"
        "of the selected resource.",
    ),
}


def error_page(status: int, **names: str) -> Reply:
    """A page of Apache's own for that status."""
    reason, text = REASONS[status]
    text = text.format(**{name: html.escape(value) for name, value in names.items()})
    page = (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n'
        f"<title>{status} {reason}</title>\n</head><body>\n<h1>{reason}</h1>\n<p>{text}</p>\n</body></html>\n"
    )
    headers = [("Content-Type", "text/html; charset=iso-8859-1")]
    if "location" in names:
        headers.insert(0, ("Location", names["location"]))
    return Reply(status, reason, headers, page.encode())


def listing(url: str, names: list[str]) -> Reply:
    """A folder's contents as a list of links; folders' names end in a slash."""
    title = html.escape(url.rstrip("/") or "/")
    rows = [f'<li><a href="{quote(name)}"> {html.escape(name)}</a></li>' for name in names]
    if url != "/":
        parent = url.rstrip("/").rpartition("/")[0] + "/"
        rows.insert(0, f'<li><a href="{quote(parent)}"> Parent Directory</a></li>')
    page = (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n'
        f"  <title>Index of {title}</title>\n </head>\n <body>\n<h1>Index of {title}</h1>\n<ul>"
        + "\n".join(rows)
        + "\n</ul>\n</body></html>\n"
    )
    return Reply(200, "OK", [("Content-Type", "text/html;charset=UTF-8")], page.encode())


FORMAT = re.compile(r"%[<>]?(?:\{([^}]*)\})?([a-zA-Z%])")
Field = Callable[[Request, Reply, str, str], str]


def log_line(layout: str, request: Request, reply: Reply, peer: str, moment: str) -> str:
    """One line in the given LogFormat; `moment` is the time in Apache's brackets."""

    def field(match: re.Match[str]) -> str:
        name, letter = match.groups()
        if letter == "i":
            return request.headers.get((name or "").lower(), "-")
        if letter == "o":
            return dict(reply.headers).get(name or "", "-")
        return FIELDS[letter](request, reply, peer, moment) if letter in FIELDS else "-"

    return FORMAT.sub(field, layout) + "\n"


FIELDS: dict[str, Field] = {
    "h": lambda request, reply, peer, moment: peer,
    "a": lambda request, reply, peer, moment: peer,
    "l": lambda request, reply, peer, moment: "-",
    "u": lambda request, reply, peer, moment: "-",
    "t": lambda request, reply, peer, moment: moment,
    "r": lambda request, reply, peer, moment: request.line,
    "m": lambda request, reply, peer, moment: request.method,
    "U": lambda request, reply, peer, moment: request.path,
    "H": lambda request, reply, peer, moment: f"HTTP/{request.http_version}",
    "v": lambda request, reply, peer, moment: request.host,
    "s": lambda request, reply, peer, moment: str(reply.status),
    "b": lambda request, reply, peer, moment: str(_sent(request, reply) or "-"),
    "B": lambda request, reply, peer, moment: str(_sent(request, reply)),
    "O": lambda request, reply, peer, moment: str(_sent(request, reply)),
    "%": lambda request, reply, peer, moment: "%",
}


def _sent(request: Request, reply: Reply) -> int:
    return 0 if request.method == "HEAD" or reply.status == 304 else reply.length or 0

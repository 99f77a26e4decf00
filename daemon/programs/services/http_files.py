"""Replies made of files: conditional and partial requests as RFC 9110 has them, the same for every server."""

import os
import posixpath
import re
import stat as stat_bits
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import unquote

from daemon.fs.nodes import Stat
from daemon.process.process import Process
from daemon.programs.services.http_server import Header, Reply, Request

NANOSECONDS = 1_000_000_000
PIECE = 65536
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def http_date(seconds: float) -> str:
    """As the Date and Last-Modified headers have it."""
    return formatdate(seconds, usegmt=True)


def now_date(proc: Process) -> str:
    return http_date(proc.machine.clock.now() // NANOSECONDS)


def safe_path(target: str) -> str | None:
    """The decoded, normalised path of a request; None if it climbs above the root or holds a NUL."""
    path = unquote(target, errors="surrogateescape")
    depth = 0
    for part in path.split("/"):
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            return None
    if "\0" in path or not path.startswith("/"):
        return None
    slash = "/" if path.endswith(("/", "/.", "/..")) and path != "/" else ""
    clean = posixpath.normpath(path)
    return (clean if clean == "/" else clean + slash).replace("//", "/")


def is_folder(stat: Stat) -> bool:
    return stat_bits.S_ISDIR(stat.mode)


def file_reply(
    proc: Process, request: Request, path: str, stat: Stat, etag: str, headers: list[Header]
) -> Reply:
    """The file, the part of it that was asked for, or the news that it has not changed.

    PermissionError or another OSError if it cannot be opened.
    """
    headers = [("Last-Modified", http_date(stat.mtime_ns // NANOSECONDS)), ("ETag", etag), *headers]
    if _unchanged(request, stat, etag):
        return Reply(304, "Not Modified", [h for h in headers if h[0] == "ETag"], length=0)
    file = proc.machine.fs.open(path, os.O_RDONLY, who=proc.cred, cwd=proc.cwd)
    file.close()
    headers.append(("Accept-Ranges", "bytes"))
    span = _span(request, stat.size, etag)
    if span is None:
        return Reply(200, "OK", headers, _pieces(proc, path, 0, stat.size), stat.size)
    start, end = span
    if start >= stat.size:
        headers = [("Content-Range", f"bytes */{stat.size}")]
        return Reply(416, "Requested Range Not Satisfiable", headers)
    headers.append(("Content-Range", f"bytes {start}-{end - 1}/{stat.size}"))
    body = _pieces(proc, path, start, end - start)
    return Reply(206, "Partial Content", headers, body, end - start)


def _unchanged(request: Request, stat: Stat, etag: str) -> bool:
    if request.method not in ("GET", "HEAD"):
        return False
    if (tags := request.headers.get("if-none-match")) is not None:
        known = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return "*" in known or etag.removeprefix("W/") in known
    since = request.headers.get("if-modified-since")
    try:
        moment = parsedate_to_datetime(since) if since else None
    except ValueError:
        return False
    if moment is None:
        return False
    return datetime.fromtimestamp(stat.mtime_ns // NANOSECONDS, UTC) <= moment


def _span(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """Start and end of the one range that was asked for; None for the whole file."""
    match = RANGE.fullmatch(request.headers.get("range", ""))
    if not match or request.headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        return max(0, size - int(last)), size
    end = int(last) + 1 if last else size
    return (int(first), min(end, size)) if end > int(first) else None


async def _pieces(proc: Process, path: str, start: int, length: int) -> AsyncIterator[bytes]:
    """`length` bytes of the file, padded with zeros if it shrinks meanwhile."""
    fd = await proc.open(path)
    try:
        proc.seek(fd, start)
        while length:
            data = await proc.read(fd, min(PIECE, length)) or bytes(min(PIECE, length))
            length -= len(data)
            yield data
    finally:
        proc.close(fd)

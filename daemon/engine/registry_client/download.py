"""A plain file from a URL, for `docker import URL`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from daemon.engine.registry_client.failures import unreachable
from daemon.errors import DockerError, Forbidden, InvalidParameter, NotFound, System, Unauthorized

CHUNK = 1 << 15
_ERROR_BYTES = 1 << 16
_KINDS: dict[int, type[DockerError]] = {
    HTTPStatus.BAD_REQUEST: InvalidParameter,
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
}


@contextlib.asynccontextmanager
async def download(
    session: aiohttp.ClientSession, url: str
) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
    """Its length, 0 if unknown, and its chunks; errors in the words of Go's http client."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise System(f'Get "{url}": unsupported protocol scheme "{parts.scheme}"')
    if not parts.netloc:
        raise System(f'Get "{parts.scheme}:": http: no Host in request URL')
    try:
        response = await session.get(url)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise System(str(unreachable("GET", url, error))) from error
    async with response:
        if response.status >= HTTPStatus.BAD_REQUEST:
            text = (await response.content.read(_ERROR_BYTES)).decode("utf-8", "replace").strip()
            status = f"{response.status} {response.reason}"
            kind = _KINDS.get(response.status, System)
            raise kind(f"failed to GET {url} with status {status}: {text}")
        yield response.content_length or 0, response.content.iter_chunked(CHUNK)

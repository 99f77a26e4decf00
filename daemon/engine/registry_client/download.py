"""A plain file from a URL, for `docker import URL`."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from urllib.parse import unquote

import aiohttp
from yarl import URL

from daemon.engine.dockerfile.words import go_escape
from daemon.engine.go_url import GoUrl, GoUrlError, parse
from daemon.engine.registry_client.failures import unreachable
from daemon.engine.remote_file import RemoteFile
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
async def download(session: aiohttp.ClientSession, url: str) -> AsyncIterator[RemoteFile]:
    """Errors are in the words of Go's http client.

    A file that ends too early just ends: nothing need be wrong with the tar in it.
    """
    try:
        parts = parse(url)
    except GoUrlError as error:
        raise InvalidParameter(str(error)) from error
    text = go_escape(str(parts))
    if parts.scheme not in ("http", "https"):
        raise System(f'Get "{text}": unsupported protocol scheme "{parts.scheme}"')
    if not parts.host:
        raise System(f'Get "{text}": http: no Host in request URL')
    try:
        response = await session.get(URL(parts.wire, encoded=True), headers=_login(parts))
    except ValueError as error:
        port = parts.host.rpartition(":")[2]
        raise System(f'Get "{text}": dial tcp: address {port}: invalid port') from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise System(str(unreachable("GET", text, error))) from error
    async with response:
        if response.status >= HTTPStatus.BAD_REQUEST:
            text = (await response.content.read(_ERROR_BYTES)).decode("utf-8", "replace").strip()
            status = f"{response.status} {response.reason}"
            kind = _KINDS.get(response.status, System)
            raise kind(f"failed to GET {parts} with status {status}: {text}")
        length = response.content_length
        content_type = response.headers.get("Content-Type", "")
        yield RemoteFile(-1 if length is None else length, _chunks(response), content_type)


def _login(parts: GoUrl) -> dict[str, str]:
    if parts.user is None:
        return {}
    login = f"{unquote(parts.user)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def shown(url: str) -> str:
    """As Go writes a URL that it has taken."""
    return str(parse(url))


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    with contextlib.suppress(aiohttp.ClientPayloadError):
        async for chunk in response.content.iter_chunked(CHUNK):
            yield chunk

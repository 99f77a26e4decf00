"""Blobs: fetched whole or by range, pushed at once, in chunks or by mount."""

from __future__ import annotations

import re
from typing import BinaryIO

from aiohttp import web

from api_schema.oci import Digest, InvalidReference
from fake_registry.errors import RegistryError
from fake_registry.registry import Call
from fake_registry.store import READ_SIZE

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CONTENT_RANGE = re.compile(r"(?:bytes )?(\d+)-(\d+)")


def digest_of(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except InvalidReference as refused:
        raise RegistryError("DIGEST_INVALID", message=str(refused), status=400) from refused


async def get_blob(call: Call) -> web.StreamResponse:
    """Also answers HEAD: aiohttp sends no body then."""
    digest = digest_of(call.target)
    size = call.store.blob_size(call.name, digest)
    if size is None:
        raise RegistryError("BLOB_UNKNOWN", detail={"digest": digest})
    start, end = _wanted(call.request.headers.get("Range", ""), size)
    partial = (start, end) != (0, size)
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(end - start),
        "Docker-Content-Digest": digest,
        "Accept-Ranges": "bytes",
        "Etag": f'"{digest}"',
        "Cache-Control": "max-age=31536000",
    }
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response = web.StreamResponse(status=206 if partial else 200, headers=headers)
    await response.prepare(call.request)
    if call.request.method != "HEAD":
        with call.store.open_blob(digest) as file:
            await _send(response, file, start, end)
    await response.write_eof()
    return response


async def _send(response: web.StreamResponse, file: BinaryIO, start: int, end: int) -> None:
    file.seek(start)
    left = end - start
    while left and (chunk := file.read(min(READ_SIZE, left))):
        left -= len(chunk)
        await response.write(chunk)


def _wanted(header: str, size: int) -> tuple[int, int]:
    """The half-open range that a Range header asks for; a form that we do not know means everything."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[0] == "bytes=-":
        return 0, size
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= size or end <= start:
        raise RegistryError("RANGE_INVALID", headers={"Content-Range": f"bytes */{size}"})
    return start, end


async def delete_blob(call: Call) -> web.StreamResponse:
    call.store.delete_blob(call.name, digest_of(call.target))
    return web.Response(status=202)


async def start_upload(call: Call) -> web.StreamResponse:
    """A mount or a whole blob if the query says so, else the session that PATCH and PUT go on with."""
    query = call.request.query
    if mounted := query.get("mount"):
        digest = digest_of(mounted)
        if call.store.mount_blob(call.name, digest, query.get("from", "")):
            return _created(call, digest)
    upload = call.registry.new_upload()
    call.store.start_upload(upload)
    if whole := query.get("digest"):
        digest = digest_of(whole)
        await _receive(call, upload)
        call.store.finish_upload(call.name, upload, digest)
        return _created(call, digest)
    return _progress(call, upload, 202)


async def patch_upload(call: Call) -> web.StreamResponse:
    upload = call.target
    size = call.store.upload_size(upload)
    _check_range(call, size)
    await _receive(call, upload)
    return _progress(call, upload, 202)


async def get_upload(call: Call) -> web.StreamResponse:
    return _progress(call, call.target, 204)


async def put_upload(call: Call) -> web.StreamResponse:
    upload = call.target
    size = call.store.upload_size(upload)
    digest = digest_of(call.request.query.get("digest", ""))
    _check_range(call, size)
    await _receive(call, upload)
    call.store.finish_upload(call.name, upload, digest)
    return _created(call, digest)


async def delete_upload(call: Call) -> web.StreamResponse:
    call.store.upload_size(call.target)
    call.store.cancel_upload(call.target)
    return web.Response(status=204)


def _check_range(call: Call, size: int) -> None:
    """A chunk that names its range must go on exactly where the last one ended."""
    header = call.request.headers.get("Content-Range")
    if header is None:
        return
    match = _CONTENT_RANGE.fullmatch(header)
    if match is None or int(match[1]) != size:
        raise RegistryError("RANGE_INVALID", headers=_upload_headers(call, call.target, size))


async def _receive(call: Call, upload: str) -> None:
    async for chunk in call.request.content.iter_chunked(READ_SIZE):
        call.store.append_upload(upload, chunk)


def _upload_headers(call: Call, upload: str, size: int) -> dict[str, str]:
    return {
        "Location": call.path(f"blobs/uploads/{upload}"),
        "Range": f"0-{max(0, size - 1)}",
        "Docker-Upload-UUID": upload,
    }


def _progress(call: Call, upload: str, status: int) -> web.Response:
    headers = _upload_headers(call, upload, call.store.upload_size(upload))
    return web.Response(status=status, headers=headers)


def _created(call: Call, digest: Digest) -> web.Response:
    location = call.path(f"blobs/{digest}")
    headers = {"Location": location, "Docker-Content-Digest": digest}
    return web.Response(status=201, headers=headers)

"""Turns a reply into plain data that can be stored, read in a review, and compared."""

import base64
import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Iterator
from typing import Any

from conformance.client import Reply
from conformance.scenario import Decoding

Answer = dict[str, Any]
"""status, reason, headers, and the body under the name of its decoding."""

PATH_STAT = "X-Docker-Container-Path-Stat"
STREAMS = {0: "stdin", 1: "stdout", 2: "stderr", 3: "systemerr"}
BY_TYPE: dict[str, Decoding] = {
    "application/json": "json",
    "application/x-tar": "tar",
    "application/vnd.docker.multiplexed-stream": "frames",
    "application/vnd.docker.raw-stream": "raw",
}


def answer(reply: Reply, decode: Decoding | None) -> Answer:
    """The reply as data. A body that is not what it says it is comes out as text."""
    body = bytes(reply.body)
    headers = {name: _header(name, value) for name, value in reply.headers.items()}
    result: Answer = {"status": reply.status, "reason": reply.reason, "headers": headers}
    if not body:
        return result
    how = decode or BY_TYPE.get(reply.headers.get("Content-Type", "").partition(";")[0], "text")
    if reply.status >= 400:
        how = "json"
    try:
        key, data = _decoded(how, body)
    except (ValueError, tarfile.TarError, struct.error):
        key, data = "text", body.decode(errors="backslashreplace")
    return result | {key: data}


def _header(name: str, value: str) -> Any:  # noqa: ANN401 - one header carries a JSON document
    return json.loads(base64.b64decode(value)) if name == PATH_STAT else value


def _decoded(how: str, body: bytes) -> tuple[str, Any]:
    if how == "json":
        documents = list(_documents(body))
        return ("json", documents[0]) if len(documents) == 1 else ("lines", documents)
    if how == "lines":
        return "lines", list(_documents(body))
    if how == "frames":
        return "frames", frames(body)
    if how == "tar":
        return "tar", archive(body)
    return how, body.decode(errors="backslashreplace")


def _documents(body: bytes) -> Iterator[Any]:
    text, at, decoder = body.decode(), 0, json.JSONDecoder()
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document
        while at < len(text) and text[at].isspace():
            at += 1


def frames(body: bytes) -> dict[str, str]:
    """Each stream's bytes joined: how they were cut into frames, and how two streams interleave, is timing."""
    joined: dict[str, bytearray] = {}
    while body:
        kind, size = struct.unpack(">BxxxL", body[:8])
        if kind not in STREAMS or len(body) < 8 + size:
            raise ValueError("not a multiplexed stream")
        joined.setdefault(STREAMS[kind], bytearray()).extend(body[8 : 8 + size])
        body = body[8 + size :]
    return {name: data.decode(errors="backslashreplace") for name, data in sorted(joined.items())}


def archive(body: bytes) -> list[dict[str, Any]]:
    """The entries of a tar, sorted by name, without their times."""
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        entries = [_entry(tar, member) for member in tar]
    return sorted(entries, key=lambda entry: str(entry["name"]))


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": member.name + ("/" if member.isdir() else ""),
        "type": member.type.decode(),
        "mode": f"{member.mode:o}",
        "owner": f"{member.uid}:{member.gid}",
    }
    if member.linkname:
        entry["link"] = member.linkname
    if content := tar.extractfile(member) if member.isreg() else None:
        data = content.read()
        entry |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()[:16]}
    return entry


def tarball(files: dict[str, str]) -> bytes:
    """A tar of small files and, where a name ends in /, folders; the same bytes every time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name.rstrip("/"))
            member.mode = 0o755 if name.endswith("/") else 0o644
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            data = text.encode()
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()

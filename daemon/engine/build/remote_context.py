"""A classic build's context from a URL: an archive, or a text that is the Dockerfile."""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
from dataclasses import dataclass
from typing import IO

from daemon.engine.build.classic import Message
from daemon.engine.build.downloads import Download
from daemon.engine.build.posted_options import PostedOptions
from daemon.engine.images import progress
from daemon.errors import DockerError, System

IN_MEMORY = 1 << 20
HEAD = 512


@dataclass(frozen=True, slots=True)
class RemoteContext:
    """`archive` is a tar; `said` what the stream tells of the download."""

    archive: IO[bytes]
    said: tuple[Message, ...] = ()


async def fetch_context(options: PostedOptions, download: Download) -> RemoteContext:
    """System in dockerd's words."""
    url = options.remote
    if not url.startswith(("http://", "https://")):
        raise System(f"remoteURL ({url}) could not be recognized as URL")
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - handed on
    try:
        async with download(url) as (_, chunks):
            async for chunk in chunks:
                file.write(chunk)
    except DockerError as problem:
        file.close()
        raise type(problem)(f"error downloading remote context {url}: {problem}") from problem
    size = file.tell()
    if not size:
        file.close()
        raise System(f"error detecting content type for remote {url}: empty response")
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    if not _is_text(head):
        return RemoteContext(file)
    with file:
        archive = _only_file(options.dockerfile, file.read())
    told = progress.bar(url, "Downloading context", size, 0)
    return RemoteContext(archive, (told, {}))


def _is_text(head: bytes) -> bool:
    """As http.DetectContentType tells text from data: by control characters."""
    return not re.search(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]", head)


def _only_file(name: str, data: bytes) -> IO[bytes]:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o600
        tar.addfile(info, io.BytesIO(data))
    archive.seek(0)
    return archive

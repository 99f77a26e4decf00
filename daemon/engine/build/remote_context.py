"""A classic build's context: the tar of the request, or what is at a URL, an archive or a Dockerfile alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from daemon.engine.build.classic import Message
from daemon.engine.build.content_types import PREAMBLE, TEXT, acceptable
from daemon.engine.build.downloads import Download
from daemon.engine.build.git.clone import clone, is_repository
from daemon.engine.images import progress
from daemon.engine.remote_file import RemoteFile
from daemon.errors import DockerError, System
from daemon.fs.compression import is_packed

IN_MEMORY = 1 << 20
UNTOLD = 512 * 1024
"""dockerd tells of a download when so much has come, and at its end, if it reads so far."""
END: Message = {}


@dataclass(slots=True)
class RemoteContext:
    """`file` is a tar, or with `is_dockerfile` all there is; `said` what the stream tells of the download."""

    file: IO[bytes]
    is_dockerfile: bool = False
    said: list[Message] = field(default_factory=list)
    at_end: list[Message] = field(default_factory=list)
    """What `said` becomes when the file turns out to be unreadable, and is read to its end."""


async def fetch_context(url: str, download: Download, folder: Callable[[], str]) -> RemoteContext:
    """DockerError in dockerd's words. A repository is cloned in `folder` and leaves nothing there."""
    if is_repository(url):
        return RemoteContext(await clone(url, folder(), download))
    if not url.startswith(("http://", "https://")):
        raise System(f"remoteURL ({url}) could not be recognized as URL")
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - handed on
    try:
        return await _read(url, download, file)
    except BaseException:
        file.close()
        raise


async def _read(url: str, download: Download, file: IO[bytes]) -> RemoteContext:
    told = 0
    try:
        async with download(url) as remote:
            async for chunk in remote.chunks:
                file.write(chunk)
                told = told or (file.tell() if file.tell() > UNTOLD else 0)
    except DockerError as problem:
        raise type(problem)(f"error downloading remote context {url}: {problem}") from problem
    size = file.tell()
    file.seek(0)
    kind = _kind(url, remote, file.read(PREAMBLE))
    file.seek(0)
    bar = progress.bar(url, "Downloading context", told or size, 0)
    if kind == TEXT:
        return RemoteContext(file, True, [bar, END])
    reads_all = told or is_packed(file.read(PREAMBLE))
    file.seek(0)
    return RemoteContext(file, False, [bar] if reads_all else [], [bar, END])


def _kind(url: str, remote: RemoteFile, head: bytes) -> str:
    problem = f"error detecting content type for remote {url}: "
    if not head:
        raise System(problem + "empty response")
    # As in dockerd, what is missing of a preamble of unknown length is zeros.
    known = remote.length if 0 < remote.length < PREAMBLE else PREAMBLE
    kind = acceptable(remote.content_type, head.ljust(known, b"\0"))
    if not kind:
        raise System(f'{problem}unsupported Content-Type "{remote.content_type}"')
    return kind

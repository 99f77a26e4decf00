"""Files that ADD takes from a URL: each as the one file of a filesystem."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.remote_file import RemoteFile
from daemon.fs.filesystem import Filesystem

MODE = 0o600
UNNAMED = "__unnamed__"
Download = Callable[[str], AbstractAsyncContextManager[RemoteFile]]
"""What is at a URL; DockerError in the words of Go's http client."""
_STATUS = re.compile(r"failed to GET .* with status (\d+)", re.DOTALL)


def is_url(word: str) -> bool:
    return word.startswith(("http://", "https://"))


async def fetched(
    url: str, download: Download, into: Filesystem, wanted: str = ""
) -> tuple[str, str]:
    """The path of the file in the empty filesystem `into`, and its digest; DockerfileError if that is not `wanted`."""
    path = "/" + (posixpath.basename(urlsplit(url).path) or UNNAMED)
    digest, at = hashlib.sha256(), 0
    file = into.open(path, os.O_WRONLY | os.O_CREAT, MODE)
    try:
        async with download(url) as remote:
            async for chunk in remote.chunks:
                digest.update(chunk)
                at += _written(file.pwrite, chunk, at)
    finally:
        file.close()
    found = f"sha256:{digest.hexdigest()}"
    if wanted and wanted != found:
        raise DockerfileError(f"digest mismatch {found}: {wanted}")
    return path, found


def _written(write: Callable[[bytes, int], int], chunk: bytes, at: int) -> int:
    done = 0
    while done < len(chunk):
        done += write(chunk[done:], at + done)
    return done


def in_words_of_buildkit(problem: Exception) -> str:
    refused = _STATUS.match(str(problem))
    return f"invalid response status {refused[1]}" if refused else str(problem)

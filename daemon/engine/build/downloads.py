"""Files that ADD takes from a URL: each as the one file of a filesystem."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.remote_file import RemoteFile
from daemon.fs.filesystem import Filesystem

MODE = 0o600
UNNAMED = "__unnamed__"
NO_GIT = "mockerd fetches no git repositories: {}"
Download = Callable[[str], AbstractAsyncContextManager[RemoteFile]]
"""What is at a URL; DockerError in the words of Go's http client."""
_GIT = re.compile(r"https?://[^#?]*\.git(?:[#?].*)?|(?:git|ssh)://.*|[\w.-]+@[\w.-]+:.*")
_GITHUB = "github.com/"
"""Of a context these are repositories, too; ADD takes them for folders."""
DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


def is_git(word: str) -> bool:
    """Whether BuildKit takes an address for a git repository's."""
    return _GIT.fullmatch(word) is not None


def is_url(word: str) -> bool:
    return word.startswith(("http://", "https://"))


def checked_urls(keyword: str, words: Sequence[str], checksum: str) -> list[str]:
    """Those sources of COPY or ADD that are fetched; DockerfileError for what must not be, or cannot be here."""
    if checksum and len(words) != 1:
        raise DockerfileError("checksum can't be specified for multiple sources")
    if checksum and not (is_url(words[0]) or is_git(words[0])):
        raise DockerfileError("checksum requires HTTP(S) or Git sources")
    found = [word for word in words if is_url(word) or is_git(word)]
    for word in found:
        if keyword == "COPY":
            kind = "git ref" if is_git(word) else "URL"
            raise DockerfileError(f"source can't be a {kind} for COPY")
        if is_git(word):
            raise DockerfileError(NO_GIT.format(word))
    if checksum:
        _check_digest(checksum)
    return found


def _check_digest(text: str) -> None:
    algorithm, colon, value = text.partition(":")
    if not (colon and re.fullmatch(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*", algorithm) and value):
        raise DockerfileError("invalid checksum digest format")
    if algorithm not in DIGEST_LENGTHS:
        raise DockerfileError("unsupported digest algorithm")
    if len(value) != DIGEST_LENGTHS[algorithm]:
        raise DockerfileError("invalid checksum digest length")
    if not re.fullmatch("[a-f0-9]+", value):
        raise DockerfileError("invalid checksum digest format")


def is_git_context(url: str) -> bool:
    return is_git(url) or url.startswith(_GITHUB)


async def fetched(url: str, download: Download, into: Filesystem, wanted: str = "") -> str:
    """The path of the file in the empty filesystem `into`; DockerfileError if its digest is not `wanted`."""
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
    return path


def _written(write: Callable[[bytes, int], int], chunk: bytes, at: int) -> int:
    done = 0
    while done < len(chunk):
        done += write(chunk[done:], at + done)
    return done

"""A classic build's context out of a git repository, cloned as dockerd does: any configuration but the machine's."""

from __future__ import annotations

import asyncio
import os
import posixpath
import re
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from daemon.engine.build.downloads import Download, is_url
from daemon.engine.build.git.process import as_with_usual_umask, run_git
from daemon.engine.go_url import GoUrlError
from daemon.engine.go_url import parse as parse_url
from daemon.errors import DockerError, System
from daemon.fs.filesystem import Filesystem
from daemon.fs.host import HostTree
from daemon.fs.scope import in_scope

PREFIXES = ("git://", "github.com/", "git@")
CLONED = "/var/lib/docker/tmp/docker-build-git593051345"
"""Where dockerd would have cloned to."""
DEFAULT_REF = "master"
SMART = "application/x-git-upload-pack-advertisement"
IN_MEMORY = 1 << 20
NOT_FROM_FILES = ("-c", "protocol.file.allow=never")
SETTINGS = {"GIT_PROTOCOL_FROM_USER": "0", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/dev/null"}
_ENDING = re.compile(r"\.git(?:#.+)?$")
_SCHEMES = ("git", "http", "https", "ssh")


def is_repository(url: str) -> bool:
    """Whether dockerd takes a remote context for a repository."""
    return bool(is_url(url) and _ENDING.search(url)) or url.startswith(PREFIXES)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which folder of which ref of which repository."""

    remote: str
    ref: str
    subdir: str

    @classmethod
    def parse(cls, url: str) -> Wanted:
        """System for a ref that git would take for an option."""
        if not (url.startswith("git@") or _scheme(url) in _SCHEMES):
            url = f"https://{url}"
        remote, _, fragment = url.partition("#")
        ref, _, subdir = fragment.partition(":")
        if ref.startswith("-"):
            raise System(f"invalid refspec: {ref}")
        return cls(remote, ref or DEFAULT_REF, subdir)


def _scheme(url: str) -> str:
    try:
        return parse_url(url).scheme
    except GoUrlError:
        return ""


async def clone(url: str, folder: str, download: Download) -> IO[bytes]:
    """The context as a tar. System, in dockerd's words, if it cannot be had; `folder` is where git works meanwhile."""
    wanted = Wanted.parse(url)
    depth = ["--depth", "1"] if await _is_smart(wanted.remote, download) else []
    root = tempfile.mkdtemp(prefix="docker-build-git", dir=folder)
    try:
        working = Clone(root)
        await working.fetch(wanted, depth)
        context = await working.check_out(wanted)
        await working.submodules()
        return await asyncio.to_thread(_packed, context)
    finally:
        shutil.rmtree(root, ignore_errors=True)


async def _is_smart(remote: str, download: Download) -> bool:
    """Only such a server can leave out history."""
    if not is_url(remote):
        return True
    try:
        async with download(f"{remote}/info/refs?service=git-upload-pack") as found:
            return found.content_type == SMART
    except DockerError:
        return False


class Clone:
    """A repository that is being made in an empty folder."""

    def __init__(self, root: str) -> None:
        self.root = root

    async def fetch(self, wanted: Wanted, depth: Sequence[str]) -> None:
        await self._run(f"failed to init repo at {CLONED}", "init")
        failed = f"failed add origin repo at {wanted.remote}"
        await self._run(failed, "remote", "add", "origin", wanted.remote)
        await self._run("error fetching", "fetch", *depth, "origin", "--", wanted.ref)

    async def check_out(self, wanted: Wanted) -> str:
        """The folder that is the context."""
        output, problem = await self._git("checkout", wanted.ref)
        if problem and (await self._git("checkout", "FETCH_HEAD"))[1]:
            raise System(f"error checking out {wanted.ref}: {output}: {problem}")
        if not wanted.subdir:
            return self.root
        path = posixpath.normpath(posixpath.join(CLONED, wanted.subdir.lstrip("/")))
        if path != CLONED and not path.startswith(f"{CLONED}/"):
            text = f'error setting git context, "{wanted.subdir}" not within git root'
            raise System(f"{text}: evalSymlinksInScope: {path} is not in {CLONED}")
        files = Filesystem(HostTree(self.root))
        inside = in_scope(files, f"/{wanted.subdir}")
        if not files.exists(inside):
            raise System(f"stat {CLONED}{inside}: no such file or directory")
        if not files.isdir(inside):
            raise System(f"error setting git context, not a directory: {CLONED}{inside}")
        return self.root + inside.rstrip("/")

    async def submodules(self) -> None:
        words = ("submodule", "update", "--init", "--recursive", "--depth=1")
        await self._run("error initializing submodules", *words)

    async def _run(self, failed: str, *words: str) -> None:
        output, problem = await self._git(*words)
        if problem:
            raise System(f"{failed}: {output}: {problem}")

    async def _git(self, *words: str) -> tuple[str, str]:
        """What git said on both its streams, and how it failed."""
        said: list[bytes] = []
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        ended = await run_git(
            [*NOT_FROM_FILES, *words], kept | SETTINGS, self.root, lambda data, _: said.append(data)
        )
        text = b"".join(said).decode("utf-8", "replace")
        return text.replace(self.root, CLONED), ended.problem


def _packed(folder: str) -> IO[bytes]:
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - handed on
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in sorted(os.listdir(folder)):
            archive.add(posixpath.join(folder, name), name, filter=_of_root)
    file.seek(0)
    return file


def _of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    if not entry.issym():
        entry.mode = as_with_usual_umask(entry.mode)
    return entry

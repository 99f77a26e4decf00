"""What builds have fetched of git repositories: one bare copy of each for all of them, and checkouts by commit."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from daemon.engine.build.cache import GIT_CHECKOUT, REGULAR, Cache
from daemon.engine.build.checksum import total_size
from daemon.engine.build.copying import Copier, Options
from daemon.engine.build.git.addresses import BRANCHES, TAGS, Repository, is_commit
from daemon.engine.build.git.checkout import (
    Checkout,
    check_commit,
    default_branch,
    fetch,
    make_bare,
    saying,
)
from daemon.engine.build.git.command import Git
from daemon.engine.build.git.process import as_with_usual_umask
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.words import go_escape
from daemon.fs.filesystem import Filesystem
from daemon.fs.host import HostTree
from daemon.fs.memory import MemoryTree

OVERLAYS = "/var/lib/docker/overlay2"
"""Where BuildKit has its folders; ours are named alike, below one of our own."""
LAYER = "diff"
SHA256_DIGITS = 64
_HEX = re.compile("[a-fA-F0-9]+")


@dataclass(frozen=True, slots=True)
class Commit:
    """What a ref means at the moment. `key` stands for the files that are wanted of it, wherever they come from."""

    name: str
    key: str


class Repositories:
    """All of a daemon; `folder` is asked for when one is needed, and is gone with the daemon."""

    def __init__(self, cache: Cache, folder: Callable[[], str]) -> None:
        self.cache = cache
        self.contents: dict[str, str] = {}
        """Of steps that copy from commits, what their files were, as a key."""
        self._folder = folder
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def git(
        self, log: Callable[[bytes, int], None], login: tuple[str, ...] = (), agent: str = ""
    ) -> Git:
        root = os.path.join(self._folder(), "git")
        os.makedirs(root, exist_ok=True)
        real, told = root.encode(), OVERLAYS.encode()
        return Git(root, log, lambda data: data.replace(real, told), login, agent)

    async def find(self, wanted: Repository, git: Git) -> Commit:
        """The commit, by asking the repository; DockerfileError if it has none of that name."""
        if wanted.ref.startswith("-"):
            raise DockerfileError(f'invalid git ref "{wanted.ref}"')
        if wanted.checksum and not _HEX.fullmatch(wanted.checksum):
            text = f"invalid checksum {wanted.checksum} for Git URL, expected hex commit hash"
            raise DockerfileError(text)
        if is_commit(wanted.checksum) and not wanted.keep_git_dir:
            return _commit(wanted, wanted.checksum)
        if is_commit(wanted.ref):
            return _commit(wanted, wanted.ref)
        async with self._lock(wanted.remote.url):
            ref = wanted.ref or await default_branch(wanted, git)
            with saying(f"failed to fetch remote {wanted.remote.shown}"):
                said = await git.run("ls-remote", "--", wanted.remote.url, ref, f"{ref}^{{}}")
        name, used = _meant(ref, said)
        check_commit(wanted, name)
        return _commit(wanted, name, used)

    def known(self, commit: Commit) -> Filesystem | None:
        """The files, if a build has had them before."""
        record = self.cache.find(_snapshot(commit))
        if record is None or record.folder is None:
            return None
        record.used(self.cache.clock.now())
        return Filesystem(record.folder)

    async def files(self, wanted: Repository, commit: Commit, git: Git) -> Filesystem:
        """The files, fetched unless somebody has just done so."""
        async with self._lock(commit.key):
            found = self.known(commit)
            if found is None:
                async with self._lock(wanted.remote.url):
                    found = await self._fetched(wanted, commit, git)
        return found

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())

    async def _fetched(self, wanted: Repository, commit: Commit, git: Git) -> Filesystem:
        sha256 = len(commit.name) == SHA256_DIGITS
        async with self._bare(wanted, git, sha256=sha256) as bare:
            ref = wanted.ref or await default_branch(wanted, bare)
            await fetch(wanted, ref, bare)
            checkout = Checkout(wanted, ref, bare, self.cache.ids, sha256)
            tree = MemoryTree(self.cache.store.spool, self.cache.clock.now)
            above = os.path.join(git.folder, self.cache.ids.identity())
            with _gone_at_the_end(above):
                folder = os.path.join(above, LAYER)
                os.makedirs(folder)
                await checkout.write(folder)
                await asyncio.to_thread(_read, folder, tree)
        description = f"git snapshot for {wanted.remote.shown}#{ref}"
        record = self.cache.add(_snapshot(commit), GIT_CHECKOUT, description)
        record.folder, record.size = tree, total_size(Filesystem(tree), ["/"])
        record.used(self.cache.clock.now())
        return Filesystem(tree)

    @asynccontextmanager
    async def _bare(self, wanted: Repository, git: Git, *, sha256: bool) -> AsyncIterator[Git]:
        """The bare copy, made if there is none. It stays for as long as the cache has its record."""
        key = f"git repository:{wanted.remote.url}"
        known = self.cache.find(key)
        record = known or self.cache.add(key, REGULAR, f"shared git repo for {wanted.remote.shown}")
        record.holders += 1
        try:
            if known is None:
                record.host_folder = os.path.join(git.folder, record.id)
                os.makedirs(os.path.join(record.host_folder, LAYER))
            bare = git.at(os.path.join(record.host_folder, LAYER))
            if known is None:
                await make_bare(wanted, bare, sha256=sha256)
                known = record
            yield bare
            record.size = _bytes_below(record.host_folder)
        finally:
            record.let_go(self.cache.clock.now())
            if known is None:
                self.cache.prune([record])


@contextmanager
def _gone_at_the_end(folder: str) -> Iterator[None]:
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _snapshot(commit: Commit) -> str:
    return f"git snapshot:{commit.key}"


def _commit(wanted: Repository, name: str, used: str = "") -> Commit:
    """`used` is the whole name of the ref; it matters where git's own folder, which knows it, stays."""
    key = name
    if wanted.keep_git_dir:
        key += ".git" + (f"#{used}" if used else "")
    if wanted.subdir:
        key += f":{wanted.subdir}"
    return Commit(name, key if wanted.submodules else f"{key}(skip-submodules)")


def _meant(ref: str, said: str) -> tuple[str, str]:
    """The commit of a ref in what ls-remote says, and the ref's whole name; of one name, branches count before tags."""
    found = {
        name: commit for commit, _, name in (line.partition("\t") for line in said.splitlines())
    }
    tag = TAGS + ref.removeprefix(TAGS)
    if f"{tag}^{{}}" in found:
        found[tag] = found[f"{tag}^{{}}"]
    for name in ("refs/" + ref.removeprefix("refs/"), BRANCHES + ref.removeprefix(BRANCHES), tag):
        if name in found:
            break
    else:
        text = f"repository does not contain ref {ref}"
        raise DockerfileError(f'{text}, output: "{go_escape(said)}"')
    if not is_commit(found[name]):
        raise DockerfileError(f'invalid commit sha "{found[name]}"')
    return found[name], name


def _read(folder: str, tree: MemoryTree) -> None:
    copier = Copier(Filesystem(tree), Options(mode=as_with_usual_umask))
    copier.copy(Filesystem(HostTree(folder)), "/", "/", to_folder=True)


def _bytes_below(folder: str) -> int:
    return sum(
        os.lstat(os.path.join(above, name)).st_size
        for above, _, names in os.walk(folder)
        for name in names
    )

"""The files of a commit, out of a bare copy of its repository: the calls of git that BuildKit makes."""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import shutil
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from daemon.engine.build.git.addresses import TAGS, Repository, is_commit
from daemon.engine.build.git.command import SHALLOW, Git
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.ids import Ids

INIT = ("-c", "init.defaultBranch=master", "init")
FORGET_HISTORY = ("reflog", "expire", "--all", "--expire=now")
_DEFAULT_BRANCH = re.compile(r"refs/heads/(\S+)")


@contextmanager
def saying(what: str) -> Iterator[None]:
    """What was being done when git failed."""
    try:
        yield
    except DockerfileError as problem:
        raise DockerfileError(f"{what}: {problem.message}") from None


async def default_branch(wanted: Repository, git: Git) -> str:
    shown = wanted.remote.shown
    with saying(f"error fetching default branch for repository {shown}"):
        said = await git.run("ls-remote", "--symref", wanted.remote.url, "HEAD")
    branch = _DEFAULT_BRANCH.search(said)
    if branch is None:
        raise DockerfileError(f"could not find default branch for repository: {shown}")
    return branch[1]


async def make_bare(wanted: Repository, git: Git, *, sha256: bool) -> None:
    """An empty copy in the git folder of `git`."""
    where = git.shown(git.git_dir.encode()).decode()
    with saying(f"failed to init repo at {where}"):
        await git.run(*INIT, "--bare", *object_format(sha256=sha256))
    with saying(f"failed add origin repo at {where}"):
        await git.run("remote", "add", "origin", wanted.remote.url)


def object_format(*, sha256: bool) -> list[str]:
    return ["--object-format=sha256"] if sha256 else []


async def fetch(wanted: Repository, ref: str, git: Git) -> None:
    """Bring the ref into the bare copy; a commit that is there already need not be asked for."""
    if is_commit(ref):
        with contextlib.suppress(DockerfileError):
            await git.run("cat-file", "-e", f"{ref}^{{commit}}")
            return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(git.git_dir, "shallow.lock"))
    shown = wanted.remote.shown
    with saying(f"failed to fetch remote {shown}"):
        await git.run(*_fetching(ref, git.git_dir))
    with saying(f"failed to expire reflog for remote {shown}"):
        await git.run(*FORGET_HISTORY)


def _fetching(ref: str, git_dir: str) -> list[str]:
    if is_commit(ref):
        whole = ["--unshallow"] if os.path.exists(os.path.join(git_dir, "shallow")) else []
        return ["fetch", "--tags", *whole, "origin", ref]
    # The ref's own name here lets the next fetch tell what there is; it is forced, for a branch may have moved.
    own = ref if ref.startswith(TAGS) else f"tags/{ref}"
    return ["fetch", SHALLOW, "--no-tags", "origin", "--force", f"{ref}:{own}"]


@dataclass(frozen=True, slots=True)
class Checkout:
    """A ref of the bare copy at `git`, to be written into an empty folder."""

    wanted: Repository
    ref: str
    git: Git
    ids: Ids
    sha256: bool

    async def write(self, folder: str) -> None:
        if self.wanted.checksum:
            with saying(f"failed to rev-parse {self.ref} for {self._shown}"):
                name = (await self.git.run("rev-parse", self.ref)).strip()
            check_commit(self.wanted, name)
        if self.wanted.subdir:
            whole = os.path.join(folder, f"checkout{self.ids.random.randrange(10**9, 10**10)}")
            os.mkdir(whole)
            await self._files(whole)
            _move_up(whole, self.wanted.subdir, folder)
            shutil.rmtree(whole)
        elif self.wanted.keep_git_dir:
            await self._clone(folder)
        else:
            await self._files(folder)

    @property
    def _shown(self) -> str:
        return self.wanted.remote.shown

    async def _files(self, folder: str) -> None:
        git = self.git.at(self.git.git_dir, folder)
        with saying(f"failed to checkout remote {self._shown}"):
            await git.run("checkout", self.ref, "--", ".")
        await self._submodules(git)

    async def _submodules(self, git: Git) -> None:
        if self.wanted.submodules:
            with saying(f"failed to update submodules for {self._shown}"):
                await git.run("submodule", "update", "--init", "--recursive", SHALLOW)

    async def _clone(self, folder: str) -> None:
        """A repository of its own, with no more history than it needs."""
        git_dir = os.path.join(folder, ".git")
        git = self.git.at(git_dir, folder)
        await git.run(*INIT, *object_format(sha256=self.sha256))
        await git.run("remote", "add", "origin", f"file://{self.git.git_dir}")
        await git.run("fetch", "-u", SHALLOW, "origin", await self._pulled())
        with saying(f"failed to checkout remote {self._shown}"):
            await git.run("checkout", "FETCH_HEAD")
        with saying(f"failed to set remote origin to {self._shown}"):
            await git.run("remote", "set-url", "origin", self._shown)
        with saying(f"failed to expire reflog for remote {self._shown}"):
            await git.run(*FORGET_HISTORY)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(git_dir, "FETCH_HEAD"))
        await self._submodules(git)

    async def _pulled(self) -> str:
        """What is fetched from the bare copy, and the name that it gets."""
        ref = self.ref
        if (await self.git.run("cat-file", "-t", ref)).strip() == "tag":
            return f"{ref}:{ref if ref.startswith(TAGS) else TAGS + ref}"
        if is_commit(ref):
            name = f"refs/buildkit/{self.ids.identity()}"
            await self.git.run("update-ref", name, ref)
            return name
        return f"{ref}:{ref}"


def check_commit(wanted: Repository, name: str) -> None:
    """DockerfileError if it is not the one that the checksum means."""
    if not name.startswith(wanted.checksum):
        raise DockerfileError(f"expected checksum to match {wanted.checksum}, got {name}")


def _move_up(whole: str, subdir: str, folder: str) -> None:
    """Nothing but the content of one folder stays; links on the way there are not followed."""
    at = ""
    for part in subdir.split("/"):
        at = posixpath.join(at, part)
        why = _no_folder(os.path.join(whole, at), at, subdir)
        if why:
            raise DockerfileError(f"invalid subdir /{subdir}: {why}")
    for name in os.listdir(os.path.join(whole, subdir)):
        os.rename(os.path.join(whole, subdir, name), os.path.join(folder, name))


def _no_folder(path: str, part: str, subdir: str) -> str:
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        text = os.strerror(error.errno or 0).lower()
        return f'failed to lstat "{part}": statat {part}: {text}'
    return "" if modes.S_ISDIR(mode) else f'git subpath "/{subdir}" contains non-directory "{part}"'

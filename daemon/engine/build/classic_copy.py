"""COPY and ADD of a classic build: where their files come from, what the history says of them, and their layer."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import IO, Any, Protocol

from daemon.engine.build.cache import key_of
from daemon.engine.build.checksum import checksum, total_size
from daemon.engine.build.copying import (
    Copier,
    NotInContext,
    Options,
    destination,
    inside_a_file,
    sources,
)
from daemon.engine.build.downloads import Download, fetched
from daemon.engine.build.draft import Draft
from daemon.engine.build.unpack import unpack_archive
from daemon.engine.dockerfile import instructions as i
from daemon.engine.images import progress
from daemon.engine.images.image import Image
from daemon.engine.images.threads import off_loop
from daemon.errors import DockerError
from daemon.fs.filesystem import Filesystem
from daemon.fs.scope import in_scope

NOT_IN_CONTEXT = (
    "{keyword} failed: file not found in build context or excluded by .dockerignore: "
    "stat {path}: file does not exist"
)
NOT_IN_STAGE = "{keyword} failed: stat {path}: file does not exist"
NOT_A_FOLDER = "failed to copy files: failed to copy directory: mkdir {path}: not a directory"
PIVOT = "failed to copy files: error setting up pivot dir: mkdir {path}/.pivot_root1402861507: not a directory"
INSIDE_A_FILE = "failed to copy files: lstat {path}: not a directory"
OUTSIDE = "failed to copy files: evalSymlinksInScope: {path} is not in {root}"


class BuildFailed(DockerError):
    """A build that ended in its stream; `code` is a process's exit code."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class Shelf(Protocol):
    """The images that files come from and go to."""

    async def base(self, name: str, *, pull: bool) -> Image:
        """An image by name, pulled if it is not here; DockerError if there is none."""

    def files(self, image: Image | None) -> Filesystem:
        """An image's files; None for none at all."""

    def layer_of(self, files: Filesystem) -> IO[bytes]:
        """What was changed in files that `files` gave."""

    @property
    def download(self) -> Download:
        """How ADD reads a URL."""

    def owner(self, files: Filesystem, text: str) -> tuple[int, int]:
        """uid and gid by name; LookupError with dockerd's words."""


class StageResults:
    """The images of the stages so far, by name and by number."""

    def __init__(self) -> None:
        self.named: dict[str, Image | None] = {}
        self.numbered: list[Image | None] = []

    def add(self, name: str, image: Image | None) -> None:
        if name:
            self.named[name] = image
        self.numbered.append(image)

    def find(self, word: str) -> tuple[Image | None] | None:
        """The stage's image, or None where the word is no stage; BuildFailed for a number that no stage has."""
        if word.lower() in self.named:
            return (self.named[word.lower()],)
        if not word.removeprefix("-").isdecimal():
            return None
        number = int(word)
        if number == len(self.numbered):
            raise BuildFailed("refers to current build stage")
        if not 0 <= number < len(self.numbered):
            raise BuildFailed("index out of bounds")
        return (self.numbered[number],)


@dataclass(frozen=True, slots=True)
class Found:
    """A source of COPY or ADD."""

    files: Filesystem
    path: str
    fetched: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """Finds what COPY and ADD name."""

    context: Filesystem | None
    """Nothing if the Dockerfile came alone."""
    shelf: Shelf
    results: StageResults
    say: Callable[[dict[str, Any]], None]

    async def find(self, copy: i.Copy, draft: Draft) -> list[Found]:
        files = await self._source(copy)
        found: list[Found] = []
        for word in (draft.expand(source) for source in copy.sources):
            if word.startswith(("http://", "https://")):
                found.append(await self._fetched(copy, word))
            else:
                found += [Found(files, path) for path in self._paths(copy, word, files)]
        if not found:
            raise BuildFailed(f"{copy.keyword} failed: no source files were specified")
        return found

    async def _source(self, copy: i.Copy) -> Filesystem:
        name = copy.flags.text("from")
        if not name:
            if self.context is None:
                raise BuildFailed(f"{copy.keyword} failed: missing build context")
            return self.context
        try:
            stage = self.results.find(name)
            image = stage[0] if stage else await self.shelf.base(name, pull=False)
        except DockerError as problem:
            raise BuildFailed(f"invalid from flag value {name}: {problem}") from None
        return self.shelf.files(image)

    async def _fetched(self, copy: i.Copy, url: str) -> Found:
        if copy.keyword == "COPY":
            raise BuildFailed("COPY failed: source can't be a URL for COPY")
        files = self.shelf.files(None)
        try:
            path, _ = await fetched(url, self.shelf.download, files)
        except DockerError as problem:
            raise BuildFailed(f"ADD failed: {problem}") from None
        size = files.stat(path).size
        self.say(progress.bar("Downloading", "", size, size))
        self.say({"stream": "\n"})
        return Found(files, path, fetched=True)

    def _paths(self, copy: i.Copy, word: str, files: Filesystem) -> Iterable[str]:
        if posixpath.normpath(word.lstrip("/")).startswith(".."):
            raise BuildFailed(
                f"{copy.keyword} failed: forbidden path outside the build context: {word} ()"
            )
        try:
            return sources(files, word)
        except NotInContext as missing:
            if any(char in word for char in "*?["):
                return ()
            form = NOT_IN_STAGE if copy.flags.text("from") else NOT_IN_CONTEXT
            path = missing.path.lstrip("/")
            raise BuildFailed(form.format(keyword=copy.keyword, path=path)) from None


def size_of(found: Iterable[Found]) -> int:
    return sum(total_size(one.files, [one.path]) for one in found)


def describe_copy(copy: i.Copy, draft: Draft, found: list[Found], to: str) -> str:
    """The history's text: the checksum of what is copied, for the cache."""
    kind = "dir" if found[0].files.isdir(found[0].path) else "file"
    digests = [checksum(one.files, [one.path]) for one in found]
    digest = key_of(*digests) if len(digests) > 1 else digests[0]
    chown = copy.flags.text("chown")
    owner = f"--chown={draft.expand(chown)} " if chown else ""
    return f"{copy.keyword} {owner}{'multi' if len(found) > 1 else kind}:{digest} in {to}"


async def copied(
    shelf: Shelf, target: Filesystem, copy: i.Copy, draft: Draft, found: list[Found], to: str
) -> IO[bytes]:
    """The layer that has them."""
    _check_inside(to)
    path, to_folder = destination(draft.config.working_dir, to)
    options = _options(shelf, target, copy, draft)
    local = replace(options, unpack=unpack_archive) if copy.keyword == "ADD" else options

    def work() -> IO[bytes]:
        for one in found:
            at = in_scope(target, path)
            if lost := inside_a_file(target, at):
                raise BuildFailed(INSIDE_A_FILE.format(path=_root(to) + lost))
            if one.files.isdir(one.path) and target.exists(at) and not target.isdir(at):
                raise BuildFailed(NOT_A_FOLDER.format(path=_root(to) + at))
            copier = Copier(target, options if one.fetched else local)
            try:
                copier.copy(one.files, one.path, at, to_folder=to_folder)
            except FileExistsError as blocked:
                raise BuildFailed(PIVOT.format(path=f"{_root(to)}{blocked.filename}")) from None
        return shelf.layer_of(target)

    return await off_loop(size_of(found), work)


def _root(to: str) -> str:
    """Where dockerd would have the files that it copies to."""
    return f"/var/lib/docker/overlay2/{key_of(to)}/merged"


def _check_inside(to: str) -> None:
    """dockerd joins an absolute destination to the root as it is, so that `/../x` leads out of it."""
    if to.startswith("/"):
        root = _root(to)
        path = posixpath.normpath(root + to)
        if path != root and not path.startswith(f"{root}/"):
            raise BuildFailed(OUTSIDE.format(path=path, root=root))


def _options(shelf: Shelf, target: Filesystem, copy: i.Copy, draft: Draft) -> Options:
    """Without --chown, what comes from another stage keeps its owners."""
    chown = copy.flags.text("chown")
    if not chown:
        return Options(None if copy.flags.text("from") else (0, 0), as_archive=True)
    try:
        return Options(shelf.owner(target, draft.expand(chown)), as_archive=True)
    except LookupError as unknown:
        raise BuildFailed(
            f"unable to convert uid/gid chown string to host mapping: {unknown.args[0]}"
        ) from None

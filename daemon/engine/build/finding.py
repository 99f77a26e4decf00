"""What an operation names in its inputs: the files, or why there are none, in BuildKit's words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from daemon.engine.build import operations as ops
from daemon.engine.build.cache import Cache
from daemon.engine.build.copying import NotInContext, sources
from daemon.engine.build.graph import Graph
from daemon.engine.build.selection import EVERYTHING, Selection
from daemon.engine.build.step_failures import StepFailed
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import Matcher, clean
from daemon.engine.dockerfile.source import Line
from daemon.fs.filesystem import Filesystem
from daemon.fs.scope import in_scope


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder to be copied, and what of the folder."""

    files: Filesystem
    path: str
    selection: Selection = EVERYTHING


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks into inputs. Where an operation stands on what it reads, the words are those of the copying itself."""

    graph: Graph
    cache: Cache

    def copied(self, copy: ops.CopyFiles, files: Filesystem) -> Iterator[Source]:
        """The sources of a COPY or ADD; StepFailed for one that is not there."""
        excluded = self.excluded(copy)
        for word in copy.sources:
            path, included = word, None
            if copy.parents:
                path, inside = _pivot(word)
                included = self._matcher(copy, [inside], "include")
            selection = Selection(included, excluded)
            try:
                for one in sources(files, path):
                    self._check_link(copy, files, one)
                    yield Source(files, one, selection)
            except NotInContext as missing:
                if any(char in path for char in "*?["):
                    continue
                gone = clean(f"/{missing.path}")
                if copy.selects or self.graph.stands_on(copy, copy.input):
                    raise _no_file(gone, copy.line) from None
                raise self._no_checksum(f'"{gone}": not found', copy.line) from None

    def excluded(self, copy: ops.CopyFiles) -> Matcher | None:
        """What `--exclude` leaves out."""
        return self._matcher(copy, copy.exclude, "exclude") if copy.exclude else None

    def mounted(self, mount: ops.RunMount, files: Filesystem, line: Line) -> str:
        """The path of what is mounted; StepFailed if it is not there."""
        path = clean(f"/{mount.mount.source}")
        if not files.exists(path):
            raise self._no_checksum(f'"{path}": not found', line)
        return path

    def _check_link(self, copy: ops.CopyFiles, files: Filesystem, path: str) -> None:
        """A source that is a link must lead somewhere."""
        try:
            files.stat(path)
        except OSError as error:
            endless = error.errno == errno.ELOOP
            if not self.graph.stands_on(copy, copy.input):
                why = "too many links" if endless else f'"{path}": not found'
                raise self._no_checksum(why, copy.line) from None
            if endless:
                raise StepFailed("too many links", copy.line) from None
            raise _no_file(in_scope(files, path), copy.line) from None

    def _matcher(self, copy: ops.CopyFiles, patterns: list[str], kind: str) -> Matcher:
        try:
            return Matcher(patterns)
        except DockerfileError as problem:
            why = f"invalid {kind}patterns: [{' '.join(patterns)}]: {problem.message}"
            raise self._no_checksum(why, copy.line) from None

    def _no_checksum(self, why: str, line: Line) -> StepFailed:
        reference = f"{self.cache.ids.uuid()}::{self.cache.ids.identity()}"
        text = f"failed to calculate checksum of ref {reference}: {why}"
        return StepFailed(text, line, outer="failed to compute cache key: ")


def _no_file(path: str, line: Line) -> StepFailed:
    return StepFailed(f"lstat {path}: no such file or directory", line)


def _pivot(word: str) -> tuple[str, str]:
    """`a/./b`: the folder that is copied from, and the pattern of what is taken of it."""
    before, dot, after = word.partition("/./")
    folder, pattern = (before, after) if dot else ("", word)
    return clean(f"/{folder}"), clean(f"/{pattern}").lstrip("/")

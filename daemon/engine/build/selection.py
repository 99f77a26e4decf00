"""What COPY takes of a folder: what `--parents` names in it, without what `--exclude` leaves out."""

from __future__ import annotations

import posixpath
import stat as modes
from collections.abc import Iterator
from dataclasses import dataclass

from daemon.engine.dockerfile.ignore import Matcher, Verdict
from daemon.fs.filesystem import Filesystem
from daemon.fs.namespace import Step
from daemon.fs.nesting import Nested, flatten
from daemon.fs.nodes import Stat


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether an entry is taken, and what the patterns said, for the entries below it to start from."""

    taken: bool = True
    left_out: bool = False
    included: Verdict | None = None
    excluded: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns; without any of `included` all is taken that is not `excluded`."""

    included: Matcher | None = None
    excluded: Matcher | None = None

    def choose(self, path: str, above: Choice) -> Choice:
        included = self.included.walked(path, above.included) if self.included else None
        excluded = self.excluded.walked(path, above.excluded) if self.excluded else None
        left_out = excluded is not None and excluded.excluded
        # A verdict says that patterns match, whatever they are for.
        taken = not left_out and (included is None or included.excluded)
        return Choice(taken, left_out, included, excluded)

    def enters(self, folder: Choice) -> bool:
        """BuildKit looks into a folder that is left out as soon as there is any exception."""
        return not folder.left_out or (self.excluded is not None and self.excluded.has_exceptions)


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Entry:
    """Something below a folder; what is not `taken` itself leads to something that is."""

    step: Step
    relative: str
    status: Stat
    taken: bool = True


def below(files: Filesystem, folder: str, selection: Selection) -> Iterator[Entry]:
    """What is taken of a folder, in the order of names, each behind the folders that lead to it."""
    step = files.reach(folder)
    if selection is EVERYTHING:
        return flatten(_everything(files, step, ""))
    return _below(files, step, "", selection, Choice(), [])


def status_of(step: Step) -> Stat:
    status: Stat = step.mount.tree.stat(step.node, step.mount.dev)
    return status


def _everything(files: Filesystem, folder: Step, above: str) -> Nested[Entry]:
    for name in sorted(folder.mount.tree.names(folder.node)):
        step = files.child(folder, name)
        if step is None:
            continue
        status, inner = status_of(step), above + name
        yield Entry(step, inner, status)
        if modes.S_ISDIR(status.mode):
            yield _everything(files, step, f"{inner}/")


def _below(
    files: Filesystem,
    folder: Step,
    relative: str,
    selection: Selection,
    above: Choice,
    way: list[Entry],
) -> Iterator[Entry]:
    """`way` are the folders above that nobody has needed yet."""
    for name in sorted(folder.mount.tree.names(folder.node)):
        step = files.child(folder, name)
        if step is None:
            continue
        inner = posixpath.join(relative, name)
        choice = selection.choose(inner, above)
        entry = Entry(step, inner, status_of(step), choice.taken)
        if choice.taken:
            yield from way
            way.clear()
            yield entry
        if modes.S_ISDIR(entry.status.mode) and selection.enters(choice):
            if not choice.taken:
                way.append(entry)
            yield from _below(files, step, inner, selection, choice, way)
            if way and way[-1] is entry:
                way.pop()

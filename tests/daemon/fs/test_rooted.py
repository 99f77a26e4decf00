"""Paths below a root: what Go's os.Root finds, and what dockerd does where that gives up."""

import errno
import os
import posixpath

import pytest

from daemon.fs.rooted import Escapes, Look, Rooted
from daemon.fs.tarread import ArchiveError

FOLDER = True
FILE = False


def tree(**found: str | bool) -> Look:
    """A look at paths of which no symlink is in the middle; `__` stands for a slash."""
    places = {name.replace("__", "/"): what for name, what in found.items()}

    def look(path: str) -> str | bool:
        above = posixpath.dirname(path)
        if above and places.get(above) is FILE:
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if path not in places:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return places[path]

    return look


def test_symlinks_are_followed_to_where_they_lead() -> None:
    rooted = Rooted(tree(d=FOLDER, d__e=FOLDER, s="d/e", d__e__up="../..", f=FILE))
    assert rooted.real("s") == "d/e"
    assert rooted.real("s/up") == ""
    assert rooted.real("s/up/f") == "f"


@pytest.mark.parametrize("target", ["..", "../d", "d/../../d", "/d"])
def test_a_symlink_that_leaves_or_is_absolute_escapes(target: str) -> None:
    with pytest.raises(Escapes):
        Rooted(tree(d=FOLDER, s=target)).real("s")


def test_nine_symlinks_are_too_many() -> None:
    links = {f"l{n}": f"l{n - 1}" for n in range(1, 10)}
    rooted = Rooted(tree(l0=FOLDER, **links))
    assert rooted.real("l8") == "l0"
    with pytest.raises(OSError, match="symbolic links"):
        rooted.real("l9")


@pytest.mark.parametrize(
    ("target", "real"),
    [("/d", "d"), ("/../d", "d"), ("no/../../d", "d"), ("no/more", "no/more"), ("/no", "no")],
)
def test_a_folder_is_looked_for_as_in_a_chroot_where_it_is_missing_or_absolute(
    target: str, real: str
) -> None:
    assert Rooted(tree(d=FOLDER, s=target)).folder("s") == (real, real)


def test_a_folder_that_is_there_keeps_its_name() -> None:
    assert Rooted(tree(d=FOLDER, s="d")).folder("s") == ("d", "s")


@pytest.mark.parametrize(
    ("path", "found", "text"),
    [
        ("s", {"s": "../d", "d": FOLDER}, "statat s: path escapes from parent"),
        ("s", {"s": "../t", "t": "/d", "d": FOLDER}, "statat s: path escapes from parent"),
        ("s", {"s": "s"}, "statat s: too many levels of symbolic links"),
        ("s", {"s": "/s"}, "too many links"),
        ("s", {"s": "../s"}, "too many links"),
        ("f/x", {"f": FILE}, "statat f/x: not a directory"),
        ("s", {"s": "/f/x", "f": FILE}, "lstat /place/f/x: not a directory"),
    ],
)
def test_what_is_no_folder_is_refused(path: str, found: dict[str, str | bool], text: str) -> None:
    with pytest.raises(ArchiveError) as refused:
        Rooted(tree(**found), "/place").folder(path)
    assert str(refused.value) == text

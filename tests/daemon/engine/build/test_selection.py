"""--exclude and --parents: which entries of a folder are taken, as fsutil's copy takes them."""

import pytest

from daemon.engine.build.selection import Selection, below
from daemon.engine.dockerfile.ignore import Matcher
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree


@pytest.fixture
def files() -> Filesystem:
    found = Filesystem(MemoryTree(Spool(), lambda: 1))
    for name in ("a/b/c.txt", "a/b/d", "a/e", "g/b/c.txt", "h.txt"):
        found.makedirs("/" + name.rpartition("/")[0])
        found.write_bytes(f"/{name}", b"", 0o644)
    return found


def taken(files: Filesystem, include: list[str], exclude: list[str]) -> list[str]:
    """With a mark for those that only lead to what is taken."""
    included = Matcher(include) if include else None
    excluded = Matcher(exclude) if exclude else None
    entries = below(files, "/", Selection(included, excluded))
    return [entry.relative + ("" if entry.taken else " (way)") for entry in entries]


def test_without_patterns_everything_is_taken(files: Filesystem) -> None:
    assert taken(files, [], []) == [
        "a", "a/b", "a/b/c.txt", "a/b/d", "a/e", "g", "g/b", "g/b/c.txt", "h.txt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [
        (["a", "g"], ["h.txt"]),
        (["a", "!a/e", "g"], ["a (way)", "a/e", "h.txt"]),
        (["*", "!a/*/d"], ["a (way)", "a/b (way)", "a/b/d"]),
        (["**", "!**/d"], ["a (way)", "a/b (way)", "a/b/d"]),
    ],
)
def test_exclusions_and_their_exceptions(
    files: Filesystem, exclude: list[str], expected: list[str]
) -> None:
    assert taken(files, [], exclude) == expected


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        (["a/b"], ["a (way)", "a/b", "a/b/c.txt", "a/b/d"]),
        (["*/b/c.txt"], ["a (way)", "a/b (way)", "a/b/c.txt", "g (way)", "g/b (way)", "g/b/c.txt"]),
        (["**/*.txt"], ["a (way)", "a/b (way)", "a/b/c.txt", "g (way)", "g/b (way)", "g/b/c.txt", "h.txt"]),
        (["nosuch"], []),
    ],
)  # fmt: skip
def test_what_is_included_comes_with_the_folders_that_lead_to_it(
    files: Filesystem, include: list[str], expected: list[str]
) -> None:
    assert taken(files, include, []) == expected


def test_an_exclusion_counts_before_an_inclusion(files: Filesystem) -> None:
    assert taken(files, ["a"], ["a/b"]) == ["a", "a/e"]

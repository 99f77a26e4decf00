"""A mirror asks for what is new or has another stat, as fsutil compares it, and shows what it was told and no more."""

import stat as modes
from collections.abc import Callable

import pytest

from daemon.fs.content import Spool, frozen
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Followed, Mirror, MirrorTree, Sent

FILE, FOLDER, LINK, FIFO = modes.S_IFREG, modes.S_IFDIR, modes.S_IFLNK, modes.S_IFIFO


@pytest.fixture
def tree(spool: Spool, now: Callable[[], int]) -> MirrorTree:
    return MirrorTree(spool, now)


def sent(path: str, text: str = "", mode: int = 0o644, mtime: int = 7, target: str = "") -> Sent:
    kind = 0 if modes.S_IFMT(mode) else FILE
    return Sent(path, kind | mode, 0, 0, len(text), mtime, target, 0)


A, D, DB = sent("a", "aaa"), sent("d", mode=FOLDER | 0o755), sent("d/b", "bb")


def round(tree: MirrorTree, *files: Sent, keep: bool = True) -> list[str]:
    """One round; which contents were asked for. They are as long as was said."""
    mirror, asked = Mirror(tree, keep=keep), []
    for one in files:
        node = mirror.add(one)
        if node is not None:
            asked.append(one.path)
            node.content = frozen(one.path[-1:].encode() * one.size)
    mirror.conclude()
    return asked


def test_what_is_there_is_not_asked_for_again(tree: MirrorTree) -> None:
    assert round(tree, A, D, DB) == ["a", "d/b"]
    assert round(tree, A, D, DB) == []
    files = Filesystem(tree)
    assert (files.read_bytes("/a"), files.read_bytes("/d/b")) == (b"aaa", b"bb")


def test_without_keeping_everything_is_asked_for(tree: MirrorTree) -> None:
    round(tree, A)
    assert round(tree, A, keep=False) == ["a"]


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        (A._replace(mtime=8), ["a"]),
        (A._replace(size=4), ["a"]),
        (A._replace(mode=FILE | 0o600), ["a"]),
        (A._replace(uid=1), ["a"]),
        (sent("a", mode=LINK | 0o777, target="b"), []),
        (sent("a", mode=FIFO | 0o644), []),
        (sent("a", mode=FOLDER | 0o755), []),
    ],
)
def test_another_stat_is_another_file(tree: MirrorTree, changed: Sent, asked: list[str]) -> None:
    round(tree, A)
    assert round(tree, changed) == asked
    status = Filesystem(tree).stat("/a", follow=False)
    assert (status.mode, status.mtime_ns) == (changed.mode, changed.mtime)
    assert round(tree, A) == ["a"]


def test_what_is_not_told_again_goes(tree: MirrorTree) -> None:
    round(tree, A, D, DB)
    round(tree, sent("b", "x"))
    assert Filesystem(tree).listdir("/") == ["b"]
    assert round(tree, A, D, DB) == ["a", "d/b"]


def test_a_round_that_breaks_off_shows_nothing(tree: MirrorTree) -> None:
    round(tree, A)
    Mirror(tree).add(sent("b", "x"))
    assert Filesystem(tree).listdir("/") == ["a"]


def test_folders_keep_the_times_that_they_were_told_with(tree: MirrorTree) -> None:
    round(tree, D, DB)
    round(tree, D._replace(mtime=9), DB, sent("d/c", "new"))
    status = Filesystem(tree).stat("/d")
    assert (status.mtime_ns, status.nlink) == (9, 2)
    assert Filesystem(tree).stat("/").nlink == 3


def test_a_folder_remembers_the_mode_it_came_with_for_as_long_as_it_is_one(
    tree: MirrorTree,
) -> None:
    def mode() -> int:
        folder = Filesystem(tree).reach("/d").node
        assert isinstance(folder, Followed)
        return modes.S_IMODE(folder.first_mode)

    round(tree, D)
    round(tree, D._replace(mode=FOLDER | 0o700))
    assert mode() == 0o755
    round(tree)
    round(tree, D._replace(mode=FOLDER | 0o700))
    assert mode() == 0o700


def test_a_hard_link_is_never_asked_for(tree: MirrorTree) -> None:
    link = sent("z", target="a")
    assert round(tree, A, link) == ["a"]
    assert round(tree, A, link) == []
    one, other = (Filesystem(tree).stat(path) for path in ("/a", "/z"))
    assert (one.ino, one.nlink) == (other.ino, 2)


def test_a_name_that_was_a_hard_link_is_asked_for_as_a_file_of_its_own(tree: MirrorTree) -> None:
    round(tree, A, sent("z", target="a"))
    assert round(tree, sent("z", "aaa")) == ["z"]
    assert Filesystem(tree).stat("/z").nlink == 1


def test_the_size_counts_files_once_and_links_by_their_targets(tree: MirrorTree) -> None:
    mirror = Mirror(tree)
    for one in (A, sent("l", mode=LINK | 0o777, target="four"), sent("z", target="a")):
        mirror.add(one)
    assert mirror.size == len("aaa") + len("four")


@pytest.mark.parametrize("path", ["", ".", "..", "d/..", "no/where", "a/b", "a", "../x"])
def test_what_cannot_be_a_new_path_is_refused(tree: MirrorTree, path: str) -> None:
    mirror = Mirror(tree)
    mirror.add(A)
    mirror.add(D)
    with pytest.raises(OSError, match=r"Invalid argument|No such file"):
        mirror.add(sent(path, "x"))


def test_a_link_to_what_is_not_there_is_refused(tree: MirrorTree) -> None:
    with pytest.raises(FileNotFoundError):
        Mirror(tree).add(sent("z", target="d/nowhere"))


def test_who_reads_a_tree_goes_on_reading_when_it_is_cleared(tree: MirrorTree) -> None:
    round(tree, A)
    reader = Filesystem(tree)
    tree.clear()
    assert reader.read_bytes("/a") == b"aaa"
    assert Filesystem(tree).listdir("/") == []
    assert round(tree, A) == ["a"]

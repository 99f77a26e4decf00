"""Where COPY and ADD put files, with which owner, mode and time."""

import pytest

from daemon.engine.build.copying import (
    Copier,
    NotInContext,
    Options,
    destination,
    parse_mode,
    sources,
)
from daemon.engine.build.selection import Selection
from daemon.engine.dockerfile.ignore import Matcher
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree


@pytest.fixture
def context() -> Filesystem:
    files = empty()
    for path in ("/f.txt", "/d/a", "/d/sub/b.log", "/d/sub/c"):
        files.makedirs(path.rpartition("/")[0] or "/")
        files.write_bytes(path, path.encode(), 0o640)
        files.chown(path, 1000, 1000)
        files.utime(path, 5_000_000_000, 5_000_000_000)
    files.symlink("f.txt", "/link")
    return files


def empty() -> Filesystem:
    return Filesystem(MemoryTree(Spool(), lambda: 1_000))


def tree(files: Filesystem, path: str = "/") -> list[str]:
    found = []
    for name in files.listdir(path):
        full = path.rstrip("/") + "/" + name
        found += [full, *tree(files, full)] if files.isdir(full) else [full]
    return sorted(found)


def test_a_file_becomes_the_destination_or_goes_into_it(context: Filesystem) -> None:
    target = empty()
    copier = Copier(target, Options())
    copier.copy(context, "/f.txt", "/x/y", to_folder=False)
    copier.copy(context, "/f.txt", "/x/z", to_folder=True)
    copier.copy(context, "/f.txt", "/x/z", to_folder=False)
    assert tree(target) == ["/x", "/x/y", "/x/z", "/x/z/f.txt"]


def test_a_folder_gives_its_contents(context: Filesystem) -> None:
    target = empty()
    Copier(target, Options()).copy(context, "/d", "/to", to_folder=False)
    assert tree(target) == ["/to", "/to/a", "/to/sub", "/to/sub/b.log", "/to/sub/c"]


def test_mode_and_time_are_kept_and_the_owner_is_root(context: Filesystem) -> None:
    target = empty()
    Copier(target, Options()).copy(context, "/d", "/to", to_folder=False)
    status = target.stat("/to/a")
    assert (status.uid, status.gid, oct(status.mode & 0o777)) == (0, 0, "0o640")
    assert status.mtime_ns == 5_000_000_000


def test_owner_and_mode_can_be_asked_for(context: Filesystem) -> None:
    target = empty()
    options = Options(owner=(7, 8), mode=parse_mode("u=rwX,go="))
    Copier(target, options).copy(context, "/d", "/to", to_folder=False)
    folder, file = target.stat("/to/sub"), target.stat("/to/a")
    assert (folder.uid, folder.gid, oct(folder.mode & 0o777)) == (7, 8, "0o700")
    assert oct(file.mode & 0o777) == "0o600"


def test_as_an_archive_a_file_takes_a_folders_place_and_loses_its_set_id_bits(
    context: Filesystem,
) -> None:
    target = empty()
    target.makedirs("/to/a/full")
    context.chmod("/d/a", 0o6755)
    Copier(target, Options(as_archive=True)).copy(context, "/d", "/to", to_folder=False)
    assert oct(target.stat("/to/a").mode) == "0o100755"


def test_as_an_archive_folders_above_a_folder_are_roots(context: Filesystem) -> None:
    target = empty()
    options = Options((7, 8), as_archive=True)
    Copier(target, options).copy(context, "/d", "/new/to", to_folder=False)
    Copier(target, options).copy(context, "/d/a", "/other/a", to_folder=False)
    assert [target.stat(path).uid for path in ("/new", "/new/to", "/other")] == [0, 7, 7]


def test_without_an_owner_files_keep_theirs(context: Filesystem) -> None:
    target = empty()
    context.chown("/d/a", 3, 4)
    context.chmod("/d/a", 0o4755)
    Copier(target, Options(None)).copy(context, "/d", "/to", to_folder=False)
    status = target.stat("/to/a")
    assert (status.uid, status.gid, oct(status.mode)) == (3, 4, "0o104755")


def test_patterns_leave_files_out(context: Filesystem) -> None:
    target = empty()
    selection = Selection(excluded=Matcher(["**/*.log"]))
    Copier(target, Options()).copy(context, "/d", "/to", to_folder=False, selection=selection)
    assert "/to/sub/b.log" not in tree(target)
    assert "/to/sub/c" in tree(target)


def test_parents_keep_the_way_to_the_source(context: Filesystem) -> None:
    target = empty()
    selection = Selection(Matcher(["d/sub/c"]))
    Copier(target, Options()).copy(context, "/", "/to", to_folder=True, selection=selection)
    assert tree(target) == ["/to", "/to/d", "/to/d/sub", "/to/d/sub/c"]


def test_a_named_link_gives_the_file_it_leads_to(context: Filesystem) -> None:
    target = empty()
    Copier(target, Options()).copy(context, "/link", "/copy", to_folder=False)
    assert target.read_bytes("/copy") == b"/f.txt"


def test_links_inside_a_folder_stay_links(context: Filesystem) -> None:
    target = empty()
    context.symlink("../f.txt", "/d/up")
    Copier(target, Options()).copy(context, "/d", "/to", to_folder=False)
    assert target.readlink("/to/up") == "../f.txt"


def test_an_existing_file_is_replaced_whole(context: Filesystem) -> None:
    target = empty()
    target.write_bytes("/old", b"a longer content than before")
    Copier(target, Options()).copy(context, "/f.txt", "/old", to_folder=False)
    assert target.read_bytes("/old") == b"/f.txt"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("f.txt", ["/f.txt"]),
        ("/f.txt", ["/f.txt"]),
        ("../../f.txt", ["/f.txt"]),
        ("*.txt", ["/f.txt"]),
        ("d/*/[bc]*", ["/d/sub/b.log", "/d/sub/c"]),
        (".", ["/"]),
    ],
)
def test_source_words(context: Filesystem, pattern: str, found: list[str]) -> None:
    assert sources(context, pattern) == found


@pytest.mark.parametrize("pattern", ["nope", "*.nope", "d/x/*"])
def test_a_source_that_is_not_there(context: Filesystem, pattern: str) -> None:
    with pytest.raises(NotInContext):
        sources(context, pattern)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/a", ("/a", False)),
        ("/a/", ("/a", True)),
        (".", ("/w", True)),
        ("sub/", ("/w/sub", True)),
        ("../x", ("/x", False)),
    ],
)
def test_destinations(word: str, expected: tuple[str, bool]) -> None:
    assert destination("/w", word) == expected

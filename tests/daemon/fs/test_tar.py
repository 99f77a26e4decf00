"""Reading archives out of a container, as Engine 28.5.2 names and describes what is in them."""

import io
import tarfile
from collections.abc import Iterable

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.tar import container_path, export, pack, path_stat
from daemon.fs.tarread import ArchiveError


@pytest.fixture
def fs(memory: Filesystem) -> Filesystem:
    memory.makedirs("/b/c/d")
    memory.write_bytes("/b/h", b"hello\n")
    memory.write_bytes("/b/c/d/f", b"")
    memory.chmod("/b", 0o2755)
    memory.symlink("c", "/b/lc")
    memory.symlink("/b/lc", "/b/llc")
    memory.symlink("/nowhere", "/b/dang")
    return memory


def names(chunks: Iterable[bytes]) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        return [member.name + "/" * member.isdir() for member in archive]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/b/c", ["c/", "c/d/", "c/d/f"]),
        ("/b/c/", ["c/", "c/d/", "c/d/f"]),
        ("/b/c/.", ["./", "./d/", "./d/f"]),
        ("b/c", ["c/", "c/d/", "c/d/f"]),
        ("/b/h", ["h"]),
        ("/b/lc", ["lc"]),
        ("/b/lc/", ["lc/", "lc/d/", "lc/d/f"]),
        ("/b/llc/.", ["./", "./d/", "./d/f"]),
        ("/b/lc/d", ["d/", "d/f"]),
        ("/b/c/../c/d", ["d/", "d/f"]),
    ],
)
def test_members_are_named_after_the_last_component(
    fs: Filesystem, path: str, expected: list[str]
) -> None:
    assert names(pack(fs, path)) == expected


@pytest.mark.parametrize(
    ("path", "name", "mode", "size", "target"),
    [
        ("/b", "b", 2151678445, 4096, ""),
        ("/b/.", ".", 2151678445, 4096, ""),
        ("/b/h/..", "b", 2151678445, 4096, ""),
        ("/", "/", 2147484141, 4096, ""),
        (".", ".", 2147484141, 4096, ""),
        ("/b/h", "h", 420, 6, ""),
        ("/b/lc", "lc", 134218239, 1, "/b/c"),
        ("/b/llc", "llc", 134218239, 5, "/b/c"),
        ("/b/llc/", "llc", 2147484141, 4096, ""),
        ("/b/dang", "dang", 134218239, 8, "/nowhere"),
    ],
)
def test_the_stat_header_has_gos_numbers(
    fs: Filesystem, path: str, name: str, mode: int, size: int, target: str
) -> None:
    seen = path_stat(fs, path)
    assert (seen.name, seen.mode, seen.size, seen.linkTarget) == (name, mode, size, target)


def test_times_are_rfc_3339_without_trailing_zeros(fs: Filesystem) -> None:
    fs.utime("/b/h", 0, 1_600_000_000_120_000_000)
    assert path_stat(fs, "/b/h").mtime == "2020-09-13T12:26:40.12Z"
    fs.utime("/b/h", 0, -315_619_200_000_000_000)
    assert path_stat(fs, "/b/h").mtime == "1960-01-01T00:00:00Z"


def test_times_beyond_any_calendar_are_cut(fs: Filesystem) -> None:
    fs.utime("/b/h", 0, 1 << 70)
    assert path_stat(fs, "/b/h").mtime.startswith("9999-12-31T23:59:59")


@pytest.mark.parametrize("path", ["/nope", "/nope/", "/b/dang/", "/b/nope/x"])
def test_what_is_missing_is_not_found(fs: Filesystem, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        pack(fs, path)


@pytest.mark.parametrize("path", ["/b/h/", "/b/h/.", "/b/h/x"])
def test_a_file_is_no_folder(fs: Filesystem, path: str) -> None:
    with pytest.raises(ArchiveError, match=f"lstat {path}: not a directory"):
        path_stat(fs, path)


def test_export_has_everything_but_an_entry_for_the_root(fs: Filesystem) -> None:
    assert names(export(fs)) == [
        "b/",
        "b/c/",
        "b/c/d/",
        "b/c/d/f",
        "b/dang",
        "b/h",
        "b/lc",
        "b/llc",
    ]


def test_an_archive_of_the_root_has_absolute_names(fs: Filesystem) -> None:
    data = b"".join(pack(fs, "/"))
    assert data.startswith(b"/\0")
    assert data[512:].startswith(b"/b/\0")


def test_a_trailing_slash_or_dot_is_kept(fs: Filesystem) -> None:
    paths = ["", "//", "a", "a/", "a/.", "/a/../b/.", "./x", "/.."]
    assert [container_path(path) for path in paths] == [
        "/",
        "/",
        "/a",
        "/a/",
        "/a/.",
        "/b/.",
        "/x",
        "/",
    ]

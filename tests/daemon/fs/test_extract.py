"""Putting archives into a container: the answers are those of Engine 28.5.2."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable

import pytest

from daemon.errors import InvalidParameter
from daemon.fs.extract import MissingTarget, extract
from daemon.fs.filesystem import Filesystem
from daemon.fs.nodes import Credentials
from daemon.fs.tarread import ArchiveError

Tar = Callable[..., bytes]


@pytest.fixture
def fs(memory: Filesystem) -> Filesystem:
    memory.makedirs("/t/full/x")
    memory.mkdir("/t/dir")
    memory.write_bytes("/t/file", b"f")
    memory.symlink("/t/dir", "/t/ldir")
    memory.symlink("/etc/passwd", "/t/lpw")
    memory.mkdir("/etc")
    memory.write_bytes("/etc/passwd", b"root")
    return memory


def put(fs: Filesystem, data: bytes, path: str = "/t") -> None:
    extract(fs, path, [data])


def owned_tar(name: str, uid: int, gid: int, mode: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.uid, member.gid, member.mode, member.mtime = uid, gid, mode, 1_600_000_000
        archive.addfile(member)
    return out.getvalue()


def test_files_replace_what_is_there(fs: Filesystem, tar: Tar) -> None:
    put(fs, tar(("full", b"x"), ("file", None), ("lpw", b"not through the link")))
    assert fs.read_bytes("/t/full") == b"x"
    assert fs.isdir("/t/file")
    assert fs.read_bytes("/t/lpw") == b"not through the link"
    assert fs.read_bytes("/etc/passwd") == b"root"


def test_the_last_of_duplicates_wins(fs: Filesystem, tar: Tar) -> None:
    put(fs, tar(("dup", b"1"), ("dup", b"2")))
    assert fs.read_bytes("/t/dup") == b"2"


def test_the_target_may_be_a_symlink_to_a_folder(fs: Filesystem, tar: Tar) -> None:
    put(fs, tar(("inl", b"x")), "/t/ldir")
    assert fs.exists("/t/dir/inl")


def test_absolute_names_and_symlinks_stay_below_the_target(fs: Filesystem, tar: Tar) -> None:
    put(fs, tar(("/abs", b"1"), ("x1", "-> /etc"), ("x1/evil", b"x"), ("ldir/via", b"y")))
    assert fs.exists("/t/abs")
    assert fs.listdir("/etc") == ["passwd"]
    assert fs.exists("/t/etc/evil")
    assert fs.exists("/t/t/dir/via")


def test_owner_mode_and_time_are_the_archives(fs: Filesystem) -> None:
    put(fs, owned_tar("own", 1000, 1001, 0o4755))
    stat = fs.stat("/t/own")
    assert (stat.uid, stat.gid, stat.mode & 0o7777) == (1000, 1001, 0o4755)
    assert stat.mtime_ns == 1_600_000_000 * 10**9


def test_copy_uid_gid_gives_everything_to_the_containers_user(fs: Filesystem) -> None:
    data = owned_tar("new/own", 5, 6, 0o644)
    extract(fs, "/t", [data], copy_uid_gid=True, owner=Credentials(1000, 1001))
    assert fs.stat("/t/new/own").uid == 1000
    assert fs.stat("/t/new").uid == 0


def test_folders_keep_the_archives_time_although_they_are_filled(fs: Filesystem, tar: Tar) -> None:
    put(fs, tar(("d", None), ("d/f", b"1")))
    assert fs.stat("/t/d").mtime_ns == 1_600_000_000 * 10**9


def test_the_target_itself_keeps_its_attributes(fs: Filesystem) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(".")
        member.type, member.mode = tarfile.DIRTYPE, 0o700
        archive.addfile(member)
    put(fs, out.getvalue())
    assert fs.stat("/t").mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ([("../esc", b"x")], 'invalid entry name "../esc"'),
        ([("d/../../esc2", b"x")], 'invalid entry name "d/../../esc2"'),
        ([("..", None)], 'invalid entry name "../"'),
        ([("h1", "= ../etc/passwd")], 'invalid hardlink target "../etc/passwd"'),
        ([("file/sub", b"x")], "openat file/sub: not a directory"),
        ([("n" * 300, b"x")], f"openat {'n' * 300}: file name too long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_members_are_refused(
    fs: Filesystem, tar: Tar, members: list[tuple[str, bytes]], text: str
) -> None:
    with pytest.raises(ArchiveError) as caught:
        put(fs, tar(*members))
    assert str(caught.value) == text


@pytest.mark.parametrize("target", ["etc", "/etc/passwd", "nothere"])
def test_a_hard_link_to_nothing_is_not_found(fs: Filesystem, tar: Tar, target: str) -> None:
    with pytest.raises(FileNotFoundError):
        put(fs, tar(("h", f"= {target}")))


def test_the_target_must_be_a_folder(fs: Filesystem, tar: Tar) -> None:
    with pytest.raises(InvalidParameter, match="extraction point is not a directory"):
        put(fs, tar(("a", b"x")), "/t/file")
    with pytest.raises(FileNotFoundError):
        put(fs, tar(("a", b"x")), "/nope")
    with pytest.raises(ArchiveError, match="lstat /t/file/: not a directory"):
        put(fs, tar(("a", b"x")), "/t/file/")


def test_strictly_no_folder_becomes_a_file_nor_a_file_a_folder(fs: Filesystem, tar: Tar) -> None:
    with pytest.raises(ArchiveError) as caught:
        extract(fs, "/t", [tar(("dir", b"x"))], no_overwrite_dir_non_dir=True)
    assert str(caught.value) == 'cannot overwrite directory "dir" with non-directory "/t"'
    with pytest.raises(ArchiveError) as caught:
        extract(fs, "/t", [tar(("lpw", None))], no_overwrite_dir_non_dir=True)
    assert str(caught.value) == 'cannot overwrite non-directory "lpw" with directory "/t"'


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_archives_are_unpacked(
    fs: Filesystem, tar: Tar, pack: Callable[[bytes], bytes]
) -> None:
    put(fs, pack(tar(("a", b"x"))))
    assert fs.read_bytes("/t/a") == b"x"


def test_what_came_before_the_end_stays(fs: Filesystem, tar: Tar) -> None:
    data = tar(("one", b"1"), ("two", b"x" * 2000))
    with pytest.raises(ArchiveError, match="unexpected EOF"):
        put(fs, data[: 512 * 4])
    assert fs.read_bytes("/t/one") == b"1"
    assert fs.stat("/t/two").size == 512


def test_an_empty_body_does_nothing(fs: Filesystem) -> None:
    put(fs, b"")


def test_chunks_may_be_cut_anywhere(fs: Filesystem, tar: Tar) -> None:
    data = tar(("d/f", b"x" * 5000), ("d/g", b"y"))
    extract(fs, "/t", [data[i : i + 37] for i in range(0, len(data), 37)])
    assert fs.read_bytes("/t/d/f") == b"x" * 5000


def test_a_hard_link_may_lead_to_a_symlink(fs: Filesystem) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, target in (("a", tarfile.SYMTYPE, "nowhere"), ("b", tarfile.LNKTYPE, "a")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = kind, target, 0o600
            archive.addfile(member)
    put(fs, out.getvalue())
    assert fs.readlink("/t/b") == "nowhere"
    assert fs.stat("/t/a", follow=False).ino == fs.stat("/t/b", follow=False).ino


def test_a_hard_link_makes_no_folders_for_its_target(fs: Filesystem, tar: Tar) -> None:
    with pytest.raises(MissingTarget, match=r"^linkat new/x a: no such file or directory$"):
        put(fs, tar(("a", "= new/x")))
    assert not fs.exists("/t/new")


@pytest.mark.parametrize(
    ("members", "kind", "text"),
    [
        ([("a", None), ("a", "-> a")], ArchiveError, "a: too many levels of symbolic links"),
        ([("a", None), ("a", "-> no")], MissingTarget, "a: no such file or directory"),
        ([("a", None), ("a", "-> /file")], ArchiveError, "a: path escapes from parent"),
        ([("a/b", None), ("a", b"")], ArchiveError, "a/b: not a directory"),
        ([("a/b", None), ("a", "-> dir")], MissingTarget, "a/b: no such file or directory"),
    ],
)
def test_folders_are_dated_last_at_whatever_stands_there_by_then(
    fs: Filesystem,
    tar: Tar,
    members: list[tuple[str, bytes | str | None]],
    kind: type[ArchiveError],
    text: str,
) -> None:
    with pytest.raises(ArchiveError, match=f"^chtimesat {text}$") as caught:
        put(fs, tar(*members))
    assert type(caught.value) is kind


def test_a_link_that_replaced_a_folder_may_lead_to_what_is_there(fs: Filesystem, tar: Tar) -> None:
    put(fs, tar(("a", None), ("a", "-> file")))
    assert fs.readlink("/t/a") == "file"


def test_broken_bzip2_is_told_in_its_own_words(fs: Filesystem) -> None:
    with pytest.raises(ArchiveError, match=r"^bzip2 data invalid: bad magic value found$"):
        put(fs, b"BZh9" + b"not compressed at all " * 4)

"""Bad and hostile layers are refused in the words of Engine 28.5.2, and leave nothing."""

import io
import tarfile
from collections.abc import Callable

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.fs.tarread import ArchiveError

Tar = Callable[..., bytes]


def fs_of(store: LayerStore, data: bytes) -> Filesystem:
    return Filesystem(store.overlay((store.add_tar(io.BytesIO(data)).diff_id,)))


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ([("../esc", b"x")], 'invalid entry name "../esc"'),
        ([("a/../../b", b"x")], 'invalid entry name "a/../../b"'),
        ([("h", "= ../../x")], 'invalid hardlink target "../../x"'),
        ([("h", "= nothere")], "linkat nothere h: no such file or directory"),
        ([("d", "-> ../../.."), ("d/f", b"1")], "statat d: path escapes from parent"),
        (
            [("a", "-> b"), ("b", "-> a"), ("a/x", b"")],
            "statat a: too many levels of symbolic links",
        ),
        ([("a", "-> /b"), ("b", "-> /a"), ("a/x", b"")], "too many links"),
        (
            [("b", "-> /b"), ("b/x/y", b"")],
            "lstat /b/x: too many levels of symbolic links",
        ),
        ([("a", b"1"), ("a/b", b"2")], "openat a/b: not a directory"),
        ([("dup", b"1"), ("dup", b"22")], "duplicates of file paths not supported"),
        ([("a/b", None), ("a", b"1")], "chtimesat a/b: not a directory"),
        ([("a/b", None), ("a", "-> x")], "chtimesat a/b: no such file or directory"),
        ([(".wh.a", b""), ("a/b", b"1")], "openat a/b: not a directory"),
        ([(".wh.a", b""), ("a/.wh.b", b"")], "openat a: no such device or address"),
        ([(".wh.", b"")], 'invalid whiteout entry ".wh."'),
        ([("n" * 300, b"")], f"openat {'n' * 300}: file name too long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_layer_is_refused(
    store: LayerStore, tar: Tar, members: list[tuple[str, bytes | str]], text: str
) -> None:
    with pytest.raises(ArchiveError) as caught:
        store.add_tar(io.BytesIO(tar(*members)))
    assert str(caught.value) == text


def test_an_unknown_kind_is_refused(store: LayerStore) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("z")
        member.type = b"Z"
        archive.addfile(member)
    with pytest.raises(ArchiveError, match="unhandled tar header type 90"):
        store.add_tar(io.BytesIO(out.getvalue()))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"garbage" * 200, "archive/tar: invalid tar header"),
        (b"g", "unexpected EOF"),
        (b"\x1f\x8b" + b"x" * 100, "unexpected EOF"),
    ],
)
def test_what_is_no_tar_is_refused(store: LayerStore, data: bytes, text: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        store.add_tar(io.BytesIO(data))
    assert str(caught.value) == text


def test_a_cut_tar_is_refused_but_missing_padding_is_not(store: LayerStore, tar: Tar) -> None:
    data = tar(("x", b"1" * 3000))
    with pytest.raises(ArchiveError, match="unexpected EOF"):
        store.add_tar(io.BytesIO(data[:1600]))
    assert store.add_tar(io.BytesIO(data[: 512 + 3000])).size == 3000


def test_an_empty_archive_is_an_empty_layer(store: LayerStore) -> None:
    assert store.add_tar(io.BytesIO(b"")).size == 0


def test_absolute_names_and_links_stay_inside(store: LayerStore, tar: Tar) -> None:
    data = tar(("/abs", b"1"), ("d", "-> /etc"), ("d/f", b"2"), ("h", "= /abs"))
    fs = fs_of(store, data)
    assert fs.read_bytes("/etc/f") == b"2"
    assert fs.stat("/abs").nlink == 2


def test_names_like_aufs_metadata_are_ordinary(store: LayerStore, tar: Tar) -> None:
    fs = fs_of(store, tar((".wh..wh.plnk", None), (".wh..wh.plnk/1", b"1")))
    assert fs.listdir("/.wh..wh.plnk") == ["1"]


def test_missing_folders_are_made_for_root(store: LayerStore, tar: Tar) -> None:
    stat = fs_of(store, tar(("imp/x", b""))).stat("/imp")
    assert (stat.mode & 0o7777, stat.uid) == (0o755, 0)


def test_sparse_files_keep_their_holes(store: LayerStore) -> None:
    """GNU's PAX 1.0 form: the map stands before the data."""
    out = io.BytesIO()
    data = b"1\n2097152\n4\n".ljust(512, b"\0") + b"tail"
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("GNUSparseFile.0/f")
        member.size = len(data)
        member.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "f",
            "GNU.sparse.realsize": str(2097152 + 4),
        }
        archive.addfile(member, io.BytesIO(data))
    fs = fs_of(store, out.getvalue())
    stat = fs.stat("/f")
    assert stat.size == 2097152 + 4
    assert stat.allocated == 4096
    assert fs.open("/f", 0).pread(8, 2097152 - 4) == b"\0\0\0\0tail"


def test_a_container_root_has_the_init_layer(store: LayerStore, tar: Tar) -> None:
    fs = fs_of(store, tar(("etc", None), ("etc/hosts", b"from the image"), ("etc/x", b"x")))
    assert fs.read_bytes("/etc/hosts") == b""
    assert fs.readlink("/etc/mtab") == "/proc/mounts"
    assert fs.read_bytes("/etc/x") == b"x"
    assert fs.isdir("/dev/shm")

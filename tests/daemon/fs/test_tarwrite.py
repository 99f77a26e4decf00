"""Headers are Go's, byte for byte; the expected ones are from a layer that Engine 28.5.2 made."""

import pytest

from daemon.fs.tarread import Entry
from daemon.fs.tarwrite import header


def entry(name: str, kind: str = "0", *, uid: int = 0, mtime: int = 0, target: str = "") -> Entry:
    return Entry(name, kind, 0o644, uid, 5, 0, mtime * 10**9, target, 0, 0, 0)


def names(blocks: bytes) -> list[bytes]:
    return [blocks[i : i + 100].rstrip(b"\0") for i in range(0, len(blocks), 512)]


def test_a_plain_file_is_one_ustar_block() -> None:
    block = header(entry("etc/new", mtime=0o15301451740))
    assert len(block) == 512
    assert block[:8] == b"etc/new\0"
    assert block[100:148] == b"0000644\x000000000\x000000005\x0000000000000\x0015301451740\x00"
    assert block[257:265] == b"ustar\x0000"
    assert block[329:345] == b"0000000\x000000000\x00"


def test_a_long_path_is_split_at_a_slash() -> None:
    block = header(entry("x/" + "0" * 110 + "/f"))
    assert len(block) == 512
    assert block[:2] == b"f\0"
    assert block[345:].rstrip(b"\0") == b"x/" + b"0" * 110


def test_a_name_that_cannot_be_split_stands_in_a_pax_header() -> None:
    blocks = header(entry("x/" + "0" * 120))
    assert len(blocks) == 3 * 512
    assert blocks[156:157] == b"x"
    assert blocks.startswith(b"x/PaxHeaders.0/" + b"0" * 85)
    assert blocks[512:].startswith(b"132 path=x/" + b"0" * 120 + b"\n")


@pytest.mark.parametrize(
    ("member", "record"),
    [
        (entry("x/é"), b"13 path=x/\xc3\xa9\n"),
        (entry("lb", "2", target="é"), b"15 linkpath=\xc3\xa9\n"),
        (entry("a", uid=3_000_000), b"15 uid=3000000\n"),
        (entry("b/x", mtime=-315619200), b"20 mtime=-315619200\n"),
    ],
)
def test_what_ustar_cannot_say_is_a_pax_record(member: Entry, record: bytes) -> None:
    assert header(member)[512:1024].rstrip(b"\0") == record


def test_a_name_with_nothing_in_ascii_leaves_the_folder() -> None:
    assert names(header(entry("x/é")))[::2] == [b"x/PaxHeaders.0", b"x/"]

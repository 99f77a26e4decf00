"""Small contents share spool files, which go with the last content that lives in them."""

import hashlib
from pathlib import Path

import pytest

from daemon.fs import packs as packing
from daemon.fs.content import Extent, Spool
from daemon.fs.nodes import Regular
from daemon.fs.packs import IN_RAM, SMALL, Arrival, Packs, repack


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path))


def arrived(packs: Packs, data: bytes, piece: int = 1000) -> Extent:
    arrival = Arrival(packs)
    for at in range(0, len(data), piece):
        arrival.write(data[at : at + piece])
    return arrival.content()


def spooled(folder: Path) -> int:
    """How many spool files there are."""
    return sum(path.is_file() for path in folder.rglob("*"))


def spooled_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [0, 1, 999, 5000, SMALL, SMALL + 1, 3 * SMALL])
def test_what_arrives_can_be_read_and_knows_its_digest(spool: Spool, size: int) -> None:
    packs, data = Packs(spool), bytes(range(256)) * (size // 256 + 1)
    content = arrived(packs, data[:size])
    packs.flush()
    assert content.pread(size + 1, 0) == data[:size]
    assert content.size == size
    assert not size or content.digest == hashlib.sha256(data[:size]).digest()


def test_the_first_few_bytes_need_no_file_and_a_thousand_contents_need_one(
    spool: Spool, tmp_path: Path
) -> None:
    packs = Packs(spool)
    first = arrived(packs, b"x" * IN_RAM)
    assert spooled(tmp_path) == 0
    contents = [arrived(packs, b"%d" % number * 100) for number in range(1000)]
    packs.flush()
    assert spooled(tmp_path) == 1
    assert contents[999].pread(6, 0) == b"999999"
    del first, contents
    packs = Packs(spool)
    assert spooled(tmp_path) == 0


def test_a_full_pack_is_followed_by_another(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "PACK", 10_000)
    packs = Packs(spool)
    contents = [arrived(packs, b"x" * 9000) for _ in range(20)]
    packs.flush()
    assert spooled(tmp_path) > 2
    del contents[:]
    assert spooled(tmp_path) == 1  # the last one belongs to whoever adds


def test_what_was_cut_off_leaves_no_file(spool: Spool, tmp_path: Path) -> None:
    packs = Packs(spool)
    arrival = Arrival(packs)
    arrival.write(b"x" * (SMALL + 1))
    assert spooled(tmp_path) == 1
    arrival.close()
    del arrival
    assert spooled(tmp_path) == 0


def nodes(contents: list[Extent]) -> list[Regular]:
    return [Regular(number, 0o644, 0, 0, 0, content) for number, content in enumerate(contents)]


def test_dead_contents_give_their_disk_back_once_it_is_much(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "SLACK", 100_000)
    packs = Packs(spool)
    kept = nodes([arrived(packs, b"%04d" % number * 1000) for number in range(100)])
    packs.flush()
    packs = Packs(spool)
    before = spooled_bytes(tmp_path)
    del kept[30:]
    repack(kept, spool)
    assert spooled_bytes(tmp_path) < before / 2
    assert all(node.content.pread(4, 0) == b"%04d" % node.ino for node in kept)
    last = spooled_bytes(tmp_path)
    del kept[25:]
    repack(kept, spool)
    assert spooled_bytes(tmp_path) == last

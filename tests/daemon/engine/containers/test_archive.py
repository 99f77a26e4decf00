"""PUT /archive's refusals, as Engine 28.5.2 words and grades them."""

import io
import tarfile
from collections.abc import AsyncIterator

import pytest

from daemon.clock import Clock
from daemon.engine.containers.archive import ExtractOptions, extract
from daemon.errors import DockerError, InvalidParameter, NotFound, System
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree

CLOCK = Clock()


@pytest.fixture
def fs() -> Filesystem:
    spool = Spool()
    fs = Filesystem(MemoryTree(spool, CLOCK.now))
    fs.mkdir("/t")
    fs.write_bytes("/file", b"")
    fs.mount("/ro", MemoryTree(spool, CLOCK.now), readonly=True)
    fs.mount("/rw", MemoryTree(spool, CLOCK.now))
    return fs


def tar_of(name: str, link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        if link:
            member.type, member.linkname = tarfile.LNKTYPE, link
        archive.addfile(member)
    return out.getvalue()


async def body(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


async def put(fs: Filesystem, path: str, data: bytes, *, readonly: bool = False) -> None:
    await extract(fs, path, "box", body(data), ExtractOptions(readonly=readonly), CLOCK)


async def test_files_arrive(fs: Filesystem) -> None:
    await put(fs, "/t", tar_of("a"))
    assert fs.listdir("/t") == ["a"]


async def test_a_read_only_root_still_has_writable_volumes(fs: Filesystem) -> None:
    await put(fs, "/rw", tar_of("a"), readonly=True)
    assert fs.listdir("/rw") == ["a"]


@pytest.mark.parametrize(
    ("path", "data", "kind", "text"),
    [
        ("/nope", tar_of("a"), NotFound, "Could not find the file /nope in container box"),
        ("/file", tar_of("a"), InvalidParameter, "extraction point is not a directory"),
        ("/t", tar_of("h", "gone"), NotFound, "Could not find the file /t in container box"),
        ("/t", tar_of("../a"), System, 'invalid entry name "../a"'),
        ("/t", b"g", System, "unexpected EOF"),
        ("/ro", tar_of("a"), InvalidParameter, "mounted volume is marked read-only"),
    ],
)
async def test_refusals(
    fs: Filesystem, path: str, data: bytes, kind: type[DockerError], text: str
) -> None:
    with pytest.raises(kind) as caught:
        await put(fs, path, data)
    assert str(caught.value) == text


async def test_a_read_only_root_is_refused(fs: Filesystem) -> None:
    with pytest.raises(InvalidParameter, match="container rootfs is marked read-only"):
        await put(fs, "/t", tar_of("a"), readonly=True)

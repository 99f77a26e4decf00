"""A store, a clock and archives for the tests of filesystems."""

import io
import itertools
import tarfile
from collections.abc import Callable, Iterator

import pytest

from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.fs.memory import MemoryTree

START = 1_700_000_000_000_000_000


@pytest.fixture
def now() -> Callable[[], int]:
    ticks = itertools.count(START, 1_000_000)
    return lambda: next(ticks)


@pytest.fixture
def spool() -> Iterator[Spool]:
    spool = Spool()
    yield spool
    spool.close()


@pytest.fixture
def store(now: Callable[[], int], spool: Spool) -> LayerStore:
    return LayerStore(now, spool=spool)


@pytest.fixture
def memory(now: Callable[[], int], spool: Spool) -> Filesystem:
    return Filesystem(MemoryTree(spool, now))


def tar_of(*members: tuple[str, bytes | str | None]) -> bytes:
    """A tar: name and bytes for a file, "-> x" for a symlink, "= x" for a hard link, None for a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, what in members:
            member = tarfile.TarInfo(name)
            member.mtime = 1_600_000_000
            if what is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(what, str):
                member.type = tarfile.SYMTYPE if what.startswith("->") else tarfile.LNKTYPE
                member.linkname = what.split(" ", 1)[1]
            else:
                member.size = len(what)
            archive.addfile(member, io.BytesIO(what) if isinstance(what, bytes) else None)
    return out.getvalue()


@pytest.fixture
def tar() -> Callable[..., bytes]:
    return tar_of

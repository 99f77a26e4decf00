"""Our tar and gzip are read by everybody's, and never differ."""

import gzip
import hashlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_registry.catalog.tar import Entry, stored_gzip, tar

ENTRIES = [
    Entry("/etc", "5", 0o755),
    Entry("/etc/shadow", mode=0o640, gid=42, data=b"root:*\n"),
    Entry("/bin/sh", "2", 0o777, target="/bin/busybox"),
    Entry("/bin/ls", "1", 0o755, target="/etc/shadow"),
    Entry("/" + "d" * 90 + "/" + "f" * 90, data=b"x" * 1000),
]


def test_python_reads_what_was_written() -> None:
    with tarfile.open(fileobj=io.BytesIO(tar(ENTRIES, 1_700_000_000))) as archive:
        members = archive.getmembers()
        assert [m.name for m in members] == [e.path.lstrip("/") for e in ENTRIES]
        shadow = members[1]
        assert (shadow.mode, shadow.gid, shadow.mtime) == (0o640, 42, 1_700_000_000)
        assert archive.extractfile(shadow).read() == b"root:*\n"
        assert (members[2].issym(), members[2].linkname) == (True, "/bin/busybox")
        assert (members[3].islnk(), members[3].linkname) == (True, "etc/shadow")


def test_the_bytes_are_the_same_on_every_machine() -> None:
    digest = hashlib.sha256(stored_gzip(tar(ENTRIES, 0))).hexdigest()
    assert digest == "3f2807a2989d5afd61403ee1e1efa6e3502ab3605869d5b82aedbe9dfe8f806b"


def test_a_path_that_ustar_cannot_hold_is_an_error() -> None:
    with pytest.raises(ValueError, match="too long"):
        tar([Entry("/" + "n" * 300)], 0)


@given(st.binary(max_size=200_000))
def test_gzip_unpacks_what_was_stored(data: bytes) -> None:
    assert gzip.decompress(stored_gzip(data)) == data

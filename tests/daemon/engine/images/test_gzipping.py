"""Stored gzip is read by everybody, and is what the registry's own writer makes."""

import gzip
import io

from hypothesis import given
from hypothesis import strategies as st

from daemon.engine.images.gzipping import BLOCK, stored_gzip
from fake_registry.catalog import tar


@given(st.binary(max_size=3 * BLOCK))
def test_unpacks_to_what_went_in(data: bytes) -> None:
    assert gzip.decompress(b"".join(stored_gzip(io.BytesIO(data).read))) == data


def test_a_pushed_layer_has_the_digest_that_it_was_pulled_with() -> None:
    for size in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK):
        data = bytes(size)
        assert b"".join(stored_gzip(io.BytesIO(data).read)) == tar.stored_gzip(data)


def test_short_reads_make_no_difference() -> None:
    data = bytes(range(256)) * 1000
    stream = io.BytesIO(data)
    assert b"".join(stored_gzip(lambda size: stream.read(min(size, 777)))) == tar.stored_gzip(data)

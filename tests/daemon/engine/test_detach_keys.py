"""The keys by which a client detaches, however they arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.engine.detach_keys import DEFAULT_KEYS, DetachFilter, parse_keys
from daemon.errors import InvalidParameter

REFUSAL = InvalidParameter("no")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", b""),
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("a", b"a"),
        ("ctrl-a,x", b"\x01x"),
        ("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", b"\x00\x1b\x1c\x1d\x1e\x1f"),
        ("DEL", b"\x7f"),
    ],
)
def test_keys_are_parsed(text: str, keys: bytes) -> None:
    assert parse_keys(text, REFUSAL) == keys


@pytest.mark.parametrize("text", ["foo", "ctrl-", "ctrl-ab", "ctrl-A", "alt-a", "a,,b"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_keys(text, REFUSAL)


@given(st.binary(), st.data())
def test_split_anywhere_the_same_passes(data: bytes, draw: st.DataObject) -> None:
    whole = DetachFilter(DEFAULT_KEYS).feed(data)
    cut = draw.draw(st.integers(0, len(data)))
    pieces = DetachFilter(DEFAULT_KEYS)
    first, detached = pieces.feed(data[:cut])
    if detached:
        assert (first, detached) == whole
        return
    second, detached = pieces.feed(data[cut:])
    assert (first + second, detached) == whole


def test_an_unfinished_sequence_is_passed_on_late() -> None:
    keys = DetachFilter(DEFAULT_KEYS)
    assert keys.feed(b"a\x10") == (b"a", False)
    assert keys.feed(b"b") == (b"\x10b", False)
    assert keys.feed(b"\x10\x10\x11") == (b"\x10", True)

"""DATA frames of chosen streams go past h2, wherever the bytes of a connection are cut."""

import pytest

from daemon.server.buildkit.data_tap import (
    DATA,
    END_STREAM,
    FRAME,
    GIVE_BACK,
    PADDED,
    DataTap,
    Messages,
    packed,
)


def frame(kind: int, number: int, payload: bytes, flags: int = 0) -> bytes:
    high, low = divmod(len(payload), 256)
    return FRAME.pack(high, low, kind, flags, number) + payload


class Ends:
    """What comes out of a tap on every side."""

    def __init__(self, *streams: int) -> None:
        self.passed = b""
        self.written = b""
        self.taken: list[bytes] = []
        self.tap = DataTap(self._pass, self._write)
        for number in streams:
            self.tap.takers[number] = self.taken.append

    def _pass(self, data: bytes) -> None:
        self.passed += data

    def _write(self, data: bytes) -> None:
        self.written += data


HEADERS, OTHER = frame(1, 3, b"head"), frame(DATA, 5, b"other")
MINE = frame(DATA, 3, b"mine"), frame(DATA, 3, b"x" * 700)
STREAM = HEADERS + MINE[0] + OTHER + MINE[1] + HEADERS


@pytest.mark.parametrize("step", [1, 2, 8, 9, 10, 13, 100, len(STREAM)])
def test_only_the_data_of_a_taken_stream_is_taken(step: int) -> None:
    ends = Ends(3)
    for at in range(0, len(STREAM), step):
        ends.tap.feed(STREAM[at : at + step])
    assert ends.taken == [b"mine", b"x" * 700]
    assert ends.passed == HEADERS + OTHER + HEADERS


def test_padding_is_taken_off_and_the_end_is_passed_on() -> None:
    ends = Ends(3)
    ends.tap.feed(frame(DATA, 3, b"\x02data..", PADDED | END_STREAM))
    assert ends.taken == [b"data"]
    assert ends.passed == frame(DATA, 3, b"", END_STREAM)


def test_what_was_taken_is_given_back_to_both_windows() -> None:
    ends, taken = Ends(3), 0
    while not ends.written:
        ends.tap.feed(frame(DATA, 3, b"x" * 16384))
        taken += 16384
    assert taken == GIVE_BACK
    update = taken.to_bytes(4, "big")
    assert ends.written == frame(8, 0, update) + frame(8, 3, update)


def test_a_forgotten_stream_is_passed_on_again() -> None:
    ends = Ends(3)
    ends.tap.feed(MINE[0])
    ends.tap.forget(3)
    ends.tap.feed(MINE[1])
    assert (ends.taken, ends.passed) == ([b"mine"], MINE[1])


@pytest.mark.parametrize("step", [1, 4, 5, 6, 1000])
def test_messages_are_cut_out_of_data_however_it_is_cut(step: int) -> None:
    got: list[bytes] = []
    messages, sent = Messages(got.append), [b"one", b"", b"three" * 90, b"4"]
    data = packed(sent)
    for at in range(0, len(data), step):
        messages.feed(data[at : at + step])
    assert got == sent


@pytest.mark.parametrize("head", [b"\1\0\0\0\1x", b"\0\xff\0\0\0"])
def test_what_is_no_plain_message_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match="compressed or too large"):
        Messages([].append).feed(head)

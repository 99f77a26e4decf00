"""Claims about what `docker logs` reads."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import ManualClock
from daemon.process.logs import MESSAGE_LIMIT, LogStore


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(clock):
    store = LogStore(clock)
    store.begin_run()
    yield store
    store.clear()


async def texts(store, **options):
    return [entry.data.decode() async for entry in store.read(**options)]


async def test_output_becomes_lines_in_the_order_of_writing(store):
    out, err = store.writer("stdout"), store.writer("stderr")
    out(b"a\nb")
    err(b"e\n")
    out(b"c\n")
    assert await texts(store) == ["a\n", "e\n", "bc\n"]


async def test_what_lacks_a_newline_is_logged_when_the_run_ends(store):
    store.writer("stdout")(b"tail")
    assert await texts(store) == []
    store.end_run()
    assert await texts(store) == ["tail"]


async def test_a_long_line_comes_in_pieces_of_16_kib_that_share_a_time(store, clock):
    out = store.writer("stdout")
    for piece in (b"x" * 20000, b"x" * 20000 + b"\n"):
        out(piece)
        clock.advance(1)
    entries = [entry async for entry in store.read()]
    assert [len(entry.data) for entry in entries] == [MESSAGE_LIMIT, MESSAGE_LIMIT, 7233]
    assert [entry.partial for entry in entries] == [True, True, False]
    assert len({entry.time for entry in entries}) == 1


async def test_tail_counts_before_the_period_is_looked_at(store, clock):
    out = store.writer("stdout")
    times = []
    for name in "abcd":
        times.append(clock.now())
        out(name.encode() + b"\n")
        clock.advance(1)
    assert await texts(store, tail=2) == ["c\n", "d\n"]
    assert await texts(store, tail=0) == []
    assert await texts(store, tail=2, until=times[2]) == ["c\n"]
    assert await texts(store, since=times[1], until=times[2]) == ["b\n", "c\n"]


async def test_a_follower_gets_new_lines_until_the_run_ends(store):
    out = store.writer("stdout")
    out(b"old\n")
    follower = asyncio.ensure_future(texts(store, tail=0, follow=True))
    await asyncio.sleep(0)
    out(b"new\n")
    await asyncio.sleep(0)
    out(b"last")
    store.end_run()
    assert await follower == ["new\n", "last"]
    assert await texts(store, follow=True) == ["old\n", "new\n", "last"]


async def test_the_log_goes_on_after_a_restart(store):
    store.writer("stdout")(b"one\n")
    store.end_run()
    store.begin_run()
    store.writer("stdout")(b"two\n")
    assert await texts(store) == ["one\n", "two\n"]


async def test_lines_written_together_have_times_that_grow(store, clock):
    out = store.writer("stdout")
    out(b"a\nb\nc\n")
    out(b"d\n")
    times = [entry.time - clock.now() for entry in [e async for e in store.read()]]
    assert times == [0, 1, 2, 3]


async def test_a_big_log_is_spooled_and_reads_the_same(store):
    out = store.writer("stdout")
    lines = [f"{number:06} {'x' * 90}\n" for number in range(30_000)]
    out("".join(lines).encode())
    assert store._segments[0].in_memory <= (1 << 20)
    assert await texts(store) == lines
    assert await texts(store, tail=3) == lines[-3:]


async def test_rotation_keeps_the_newest_files_only(clock):
    store = LogStore(clock, max_size=1000, max_file=2)
    out = store.writer("stdout")
    for number in range(100):
        out(f"{number}\n".encode())
    left = await texts(store)
    assert left == [f"{number}\n" for number in range(100 - len(left), 100)]
    assert 14 <= len(left) <= 29
    store.clear()


async def test_a_follower_that_was_overtaken_by_rotation_goes_on_with_what_is_left(clock):
    store = LogStore(clock, max_size=200)
    store.begin_run()
    out = store.writer("stdout")
    out(b"first\n")
    follower = store.read(follow=True)
    assert (await anext(follower)).data == b"first\n"
    for number in range(50):
        out(f"{number}\n".encode())
    assert (await anext(follower)).data not in (b"0\n", b"1\n")
    await follower.aclose()
    store.clear()


async def test_what_nobody_may_read_is_not_kept(clock):
    store = LogStore(clock, "none", readable=False)
    store.writer("stdout")(b"gone\n")
    assert not store.readable
    assert await texts(store) == []


@given(st.lists(st.binary(max_size=40000), max_size=6))
def test_however_writes_are_split_the_messages_are_the_same(pieces):
    clock = ManualClock()
    whole, split = LogStore(clock), LogStore(clock)
    for store, parts in ((whole, [b"".join(pieces)]), (split, pieces)):
        out = store.writer("stdout")
        for part in parts:
            out(part)
        store.end_run()

    async def messages(store):
        return [entry.data async for entry in store.read()]

    assert asyncio.run(messages(whole)) == asyncio.run(messages(split))
    assert b"".join(asyncio.run(messages(split))) == b"".join(pieces)

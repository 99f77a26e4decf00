"""Claims about simulated time."""

import asyncio

import pytest

from daemon.clock import Clock, ManualClock


def test_a_manual_clock_stands_still_and_runs_what_is_due_in_order():
    clock = ManualClock()
    ran = []
    clock.call_at(2, lambda: ran.append((2, clock.monotonic())))
    clock.call_at(1, lambda: ran.append((1, clock.monotonic())))
    clock.call_at(1.5, lambda: ran.append("never"))()
    clock.advance(1.7)
    assert ran == [(1, 1)]
    clock.advance(10)
    assert ran == [(1, 1), (2, 2)]
    assert clock.monotonic() == pytest.approx(11.7)


def test_wall_time_and_durations_move_together():
    clock = ManualClock()
    before = clock.now()
    clock.advance(1.5)
    assert clock.now() - before == 1_500_000_000


async def test_a_timeout_follows_the_manual_clock():
    clock = ManualClock()

    async def wait_for_ever():
        async with clock.timeout(5):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(wait_for_ever())
    await asyncio.sleep(0)
    clock.advance(4)
    await asyncio.sleep(0)
    assert not task.done()
    clock.advance(1)
    with pytest.raises(TimeoutError):
        await task


async def test_a_fast_clock_sleeps_less():
    clock = Clock(speed=1000)
    before = clock.monotonic()
    await clock.sleep(1)
    assert clock.monotonic() - before >= 1

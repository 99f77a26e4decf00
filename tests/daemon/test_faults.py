"""Claims about faults on request."""

import asyncio

import pytest

from daemon.clock import ManualClock
from daemon.faults import ConnectionCut, Fault, FaultPoint, Faults
from daemon.ids import Ids


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def faults(clock):
    return Faults(clock, Ids(1))


async def turn():
    for _ in range(5):
        await asyncio.sleep(0)


def test_nothing_strikes_unless_armed(faults):
    assert not faults
    assert faults.fires(FaultPoint.PROCESS_START, container="c") is None


def test_a_fault_strikes_as_often_as_asked_after_what_it_skips(faults):
    faults.arm(Fault(FaultPoint.ERROR_STATUS, count=2, skip=1))
    struck = [faults.fires(FaultPoint.ERROR_STATUS) is not None for _ in range(5)]
    assert struck == [False, True, True, False, False]


def test_a_fault_strikes_only_where_it_is_wanted(faults):
    faults.arm(Fault(FaultPoint.DELAY, where={"method": "GET", "path": "/containers/*"}))
    assert faults.fires(FaultPoint.DELAY, method="GET", path="/containers/json")
    assert not faults.fires(FaultPoint.DELAY, method="POST", path="/containers/json")
    assert not faults.fires(FaultPoint.DELAY, method="GET", path="/images/json")
    assert faults.history == [(FaultPoint.DELAY, {"method": "GET", "path": "/containers/json"})]


def test_a_probability_is_drawn_from_the_seed(clock):
    def draws(seed):
        faults = Faults(clock, Ids(seed))
        faults.arm(Fault(FaultPoint.PROCESS_START, probability=0.5))
        return [faults.fires(FaultPoint.PROCESS_START) is not None for _ in range(30)]

    assert draws(7) == draws(7)
    assert set(draws(7)) == {True, False}


async def test_a_gate_holds_one_request_until_another_is_through(faults):
    faults.arm(Fault(FaultPoint.GATE, gate="first", where={"path": "/slow"}))
    order = []

    async def request(path):
        await faults.strike(path=path)
        order.append(path)

    async with asyncio.TaskGroup() as group:
        group.create_task(request("/slow"))
        await faults.gate("first").arrived()
        await request("/fast")
        faults.gate("first").open()
    assert order == ["/fast", "/slow"]


async def test_a_delay_passes_on_the_clock_of_the_daemon(faults, clock):
    faults.arm(Fault(FaultPoint.DELAY, seconds=60))
    task = asyncio.ensure_future(faults.strike())
    await turn()
    assert not task.done()
    clock.advance(60)
    assert await task is None


async def test_a_hang_ends_when_it_is_disarmed(faults):
    number = faults.arm(Fault(FaultPoint.HANG_BEFORE_HEADERS))
    task = asyncio.ensure_future(faults.strike())
    await turn()
    assert not task.done()
    faults.disarm(number)
    assert await task is None
    assert not faults


async def test_a_body_is_cut_at_the_byte_asked_for(faults):
    sent = bytearray()

    async def send(data):
        sent.extend(data)

    faults.arm(Fault(FaultPoint.CUT_MID_BODY, after_bytes=5))
    broken = faults.body(send)
    await broken(b"abc")
    with pytest.raises(ConnectionCut):
        await broken(b"defg")
    assert sent == b"abcde"


async def test_a_body_hangs_at_the_byte_asked_for_and_goes_on_when_disarmed(faults):
    sent = bytearray()

    async def send(data):
        sent.extend(data)

    faults.arm(Fault(FaultPoint.HANG_MID_BODY, after_bytes=2))
    task = asyncio.ensure_future(faults.body(send)(b"abcd"))
    await turn()
    assert sent == b"ab"
    faults.disarm()
    await task
    assert sent == b"abcd"

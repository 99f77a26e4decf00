"""BuildKit's jobs: which are known once they have ended, for how long, and what is remembered of a failure."""

from collections.abc import AsyncIterator

import pytest

from daemon.engine.build.client import BuildClient
from daemon.engine.build.jobs import KEPT_PROBES, Builds, without_frames
from mockerd import MockDaemon


@pytest.fixture
async def builds() -> AsyncIterator[Builds]:
    async with MockDaemon(seed=1) as mock:
        yield mock.daemon.builds


async def no_session() -> BuildClient:
    raise AssertionError("a probe reads nothing of its client")


async def probe(builds: Builds, ref: str) -> None:
    """The internal build with which buildx asks what the daemon can do: it returns nothing, and at once."""
    job = await builds.begin(ref, {}, [], internal=True)
    job.returned.set_result("")
    assert await builds.finish(job, no_session) == {}


async def test_a_status_that_is_asked_for_after_its_internal_build_ended_ends_too(
    builds: Builds,
) -> None:
    await probe(builds, "late")
    job = await builds.find("late", seconds=0)
    assert [batch async for batch in job.progress.follow()] == []


async def test_internal_builds_are_in_no_history(builds: Builds) -> None:
    await probe(builds, "one")
    told = builds.history("", active=False, follow=False, limit=0)
    assert [job.ref async for _, job in told] == []


async def test_the_oldest_internal_builds_are_forgotten(builds: Builds) -> None:
    for number in range(KEPT_PROBES + 1):
        await probe(builds, f"probe-{number}")
    assert len(builds.jobs) == KEPT_PROBES
    with pytest.raises(LookupError, match="no such job probe-0"):
        await builds.find("probe-0", seconds=0)


def raised(error: Exception) -> Exception:
    """The same error, with a traceback."""
    try:
        raise error
    except Exception as caught:
        return caught


def test_of_parallel_steps_the_first_failure_is_remembered_without_its_frames() -> None:
    inner = ExceptionGroup("inner", [raised(ConnectionError("gone")), raised(OSError("late"))])
    kept = without_frames(raised(ExceptionGroup("outer", [raised(inner)])))
    assert isinstance(kept, ConnectionError)
    assert (str(kept), kept.__traceback__) == ("gone", None)

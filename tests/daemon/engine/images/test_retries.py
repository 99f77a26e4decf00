"""A layer is tried again after 5, 10, 15 and 20 seconds, unless the registry said that this helps nothing."""

import pytest

from daemon.clock import ManualClock
from daemon.engine.images.retries import repeated
from daemon.engine.registry_client import RegistryFailure, RegistryRefusal


class Impatient(ManualClock):
    """Notes how long it is asked to wait, and does not."""

    slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds


class Registry:
    """Fails with these, one after the other, and then succeeds."""

    def __init__(self, *failures: RegistryFailure) -> None:
        self.failures = list(failures)

    async def send(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "sent"


async def test_what_succeeds_the_third_time_has_waited_twice() -> None:
    clock, told = Impatient(), []
    registry = Registry(RegistryFailure("a"), RegistryFailure("b"))
    assert await repeated(registry.send, clock, told.append, "layer") == "sent"
    assert clock.slept == 5 + 10
    statuses = [message["status"] for message in told]
    assert statuses[:6] == [f"Retrying in {n} seconds" for n in (5, 4, 3, 2)] + [
        "Retrying in 1 second",
        "Retrying in 10 seconds",
    ]
    assert {message["id"] for message in told} == {"layer"}


async def test_the_fifth_failure_is_the_last() -> None:
    clock = Impatient()
    registry = Registry(*(RegistryFailure(str(number)) for number in range(1, 7)))
    with pytest.raises(RegistryFailure, match="5"):
        await repeated(registry.send, clock, lambda _: None, "layer")
    assert clock.slept == 5 + 10 + 15 + 20


async def test_a_refusal_is_final() -> None:
    registry, clock = Registry(RegistryRefusal("DENIED", "not you")), Impatient()
    with pytest.raises(RegistryRefusal):
        await repeated(registry.send, clock, lambda _: None, "layer")
    assert clock.slept == 0

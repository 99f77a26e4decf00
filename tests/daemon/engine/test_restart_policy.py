"""The delays between attempts."""

from typing import Any

from api_schema.containers import ContainerConfig
from api_schema.host_config import HostConfig, RestartPolicy
from daemon.engine.container import Container
from daemon.engine.restart_policy import LONGEST_DELAY, next_delay


def container(name: str, **changes: Any) -> Container:
    made = Container(
        id="i",
        name="n",
        created=0,
        config=ContainerConfig(),
        host_config=HostConfig(restart_policy=RestartPolicy(name=name)),
        image_id="",
        diff_ids=(),
        platform="linux",
        mounts=(),
        endpoints={},
    )
    for attribute, value in changes.items():
        setattr(made, attribute, value)
    return made


def test_the_delay_doubles_up_to_a_minute() -> None:
    one = container("always")
    delays = [next_delay(one, 0) for _ in range(12)]
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == LONGEST_DELAY


def test_a_steady_run_starts_afresh() -> None:
    one = container("always")
    for _ in range(5):
        next_delay(one, 0)
    assert next_delay(one, 10) == 0.1


def test_unless_stopped_minds_a_stop() -> None:
    assert next_delay(container("unless-stopped"), 0) == 0.1
    assert next_delay(container("unless-stopped", manually_stopped=True), 0) is None
    assert next_delay(container("always", manually_stopped=True), 0) == 0.1


def test_on_failure_minds_the_code() -> None:
    assert next_delay(container("on-failure"), 0) is None
    assert next_delay(container("on-failure", exit_code=1), 0) == 0.1


def test_a_cancelled_policy_rests() -> None:
    assert next_delay(container("always", restart_cancelled=True), 0) is None

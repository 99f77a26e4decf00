"""Any sequence of verbs: mockerd, the state table, and (DOCKER_REFERENCE_HOST=unix://...) a real engine agree.

`HYPOTHESIS_EXAMPLES=500 DOCKER_REFERENCE_HOST=unix:///var/run/docker.sock pytest tests/fuzz/test_container_life.py`
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockerd import MockDaemon
from tests.fuzz.life_socket import EXECS, LASTING, SHORT, VERBS, WAITS, Socket
from tests.fuzz.life_table import Table

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "60"))
REFERENCE = os.environ.get("DOCKER_REFERENCE_HOST", "")
EVERY_VERB = sorted([*VERBS, *WAITS, *EXECS, "create", "rename", "exec_start", "exec_show"])


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """The socket of a daemon that has busybox."""
    with MockDaemon.running(seed=1) as running:
        with closing(Socket(running.socket_path, LASTING)) as client:
            client.ask("POST", "/images/create?fromImage=busybox&tag=latest")
        yield running.socket_path


LIKELY = [*EVERY_VERB, *["start"] * 6, *["create", "pause", "wait_next_exit"] * 2]
"""Most verbs have something to do only with a container that is there and runs."""
sequences = st.lists(st.sampled_from(LIKELY), min_size=8, max_size=24).map(
    lambda verbs: ["create", *verbs]
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(command=st.sampled_from([LASTING, SHORT]), verbs=sequences)
def test_every_sequence_is_answered_alike(mock: str, command: str, verbs: list[str]) -> None:
    table = Table(command)
    with ExitStack() as stack:
        daemons = {"mockerd": stack.enter_context(closing(Socket(mock, command)))}
        if REFERENCE:
            engine = Socket(REFERENCE.removeprefix("unix://"), command)
            daemons["engine"] = stack.enter_context(closing(engine))
        # The removal at the end is what every wait has to be told of.
        for number, verb in enumerate([*verbs, "force"]):
            answers = {"table": table.do(verb)} | {n: d.do(verb) for n, d in daemons.items()}
            assert len(set(answers.values())) == 1, (verbs[: number + 1], answers)
            due = table.just_told()
            told = {name: daemon.ended(due) for name, daemon in daemons.items()}
            assert all(ended == due for ended in told.values()), (verbs[: number + 1], due, told)
        histories = {name: daemon.events() for name, daemon in daemons.items()}
        first, *others = histories.values()
        assert all(other == first for other in others), (verbs, histories)

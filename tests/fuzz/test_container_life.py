"""Any sequence of verbs: mockerd, the state table, and (DOCKER_REFERENCE_HOST=unix://...) a real engine agree.

`HYPOTHESIS_EXAMPLES=500 DOCKER_REFERENCE_HOST=unix:///var/run/docker.sock pytest tests/fuzz/test_container_life.py`
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.engine.container_state import State, Trigger, advance
from daemon.errors import DockerError
from daemon.server.error_responses import status_of
from mockerd import MockDaemon

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "60"))
REFERENCE = os.environ.get("DOCKER_REFERENCE_HOST", "")
NAME = "mockerd-life"
LASTING, SHORT = "top", "true"

VERBS = {
    "create": ("POST", ""),
    "start": ("POST", "start"),
    "stop": ("POST", "stop?t=0"),
    "restart": ("POST", "restart?t=0"),
    "kill": ("POST", "kill"),
    "winch": ("POST", "kill?signal=WINCH"),
    "pause": ("POST", "pause"),
    "unpause": ("POST", "unpause"),
    "update": ("POST", "update"),
    "resize": ("POST", "resize?h=10&w=10"),
    "top": ("GET", "top"),
    "exec": ("POST", "exec"),
    "remove": ("DELETE", ""),
    "force": ("DELETE", "?force=1"),
}
BODIES: dict[str, Any] = {"update": {"CpuShares": 512}, "exec": {"Cmd": ["true"]}}


class Answer(NamedTuple):
    """What a verb was answered with, and the state it left."""

    status: int
    message: str
    state: str


class Engine(Protocol):
    def do(self, verb: str) -> Answer: ...


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Socket:
    """A daemon behind a Unix socket, with one container to try things on."""

    def __init__(self, path: str, command: str) -> None:
        self._path = path
        self._command = command
        self._id = "none"
        self.ask("DELETE", f"/containers/{NAME}?force=1")

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        connection = _Connection(self._path)
        try:
            data = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json"} if data else {}
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        return answer.status, text

    def do(self, verb: str) -> Answer:
        method, path = VERBS[verb]
        url = f"/containers/{NAME}" + (f"/{path}" if path and path[0] != "?" else path)
        body = BODIES.get(verb)
        if verb == "create":
            url = f"/containers/create?name={NAME}"
            body = {"Image": "busybox", "Cmd": [self._command]}
        status, answer = self.ask(method, url, body)
        if verb == "create" and status == 201:
            self._id = json.loads(answer)["Id"]
        if verb in ("start", "restart") and self._command == SHORT and status == 204:
            self.ask("POST", f"/containers/{NAME}/wait")
        message = json.loads(answer)["message"] if status >= 400 else ""
        return Answer(status, message.replace(self._id, "ID"), self._state())

    def _state(self) -> str:
        status, shown = self.ask("GET", f"/containers/{NAME}/json")
        if status == 404:
            return "gone"
        state = json.loads(shown)["State"]
        return f"{state['Status']} {state['ExitCode']} {state['Running']} {state['Error']}"


TRIGGERS = {
    "start": Trigger.START,
    "stop": Trigger.STOP,
    "restart": Trigger.RESTART,
    "kill": Trigger.KILL,
    "winch": Trigger.KILL,
    "pause": Trigger.PAUSE,
    "unpause": Trigger.UNPAUSE,
    "update": Trigger.UPDATE,
    "resize": Trigger.RESIZE,
    "top": Trigger.TOP,
    "exec": Trigger.EXEC,
    "remove": Trigger.REMOVE,
    "force": Trigger.FORCE_REMOVE,
}
SUCCESS = {"update": 200, "resize": 200, "top": 200, "exec": 201}
UP = (State.RUNNING, State.PAUSED)


class Table:
    """The same by the table alone: what a verb does besides moving the state is said here."""

    def __init__(self, command: str) -> None:
        self._lasting = command == LASTING
        self._state: State | None = None
        self._code = 0

    def do(self, verb: str) -> Answer:
        if verb == "create":
            return self._create()
        if self._state is None:
            prefix = f"cannot kill container: {NAME}: " if TRIGGERS[verb] is Trigger.KILL else ""
            return Answer(404, f"{prefix}No such container: {NAME}", "gone")
        try:
            after = advance(self._state, TRIGGERS[verb], id="ID", name=NAME)
        except DockerError as error:
            status = status_of(error).value
            return Answer(status, str(error) if status >= 400 else "", self._shown())
        self._follow(verb, self._state, after)
        return Answer(SUCCESS.get(verb, 204), "", self._shown())

    def _create(self) -> Answer:
        if self._state is not None:
            text = (
                f'Conflict. The container name "/{NAME}" is already in use by container "ID". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )
            return Answer(409, text, self._shown())
        self._state, self._code = State.CREATED, 0
        return Answer(201, "", self._shown())

    def _follow(self, verb: str, before: State, after: State) -> None:
        self._state = after
        if verb in ("remove", "force"):
            self._state = None
        elif verb in ("start", "restart"):
            self._state = State.RUNNING if self._lasting else State.EXITED
            self._code = 0
        elif verb in ("stop", "kill"):
            self._state = State.EXITED
            self._code = 143 if verb == "stop" else 137
        elif verb == "winch" and before is State.PAUSED:
            self._state = State.RUNNING

    def _shown(self) -> str:
        if self._state is None:
            return "gone"
        return f"{self._state.value} {self._code} {self._state in UP} "


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """The socket of a daemon that has busybox."""
    with MockDaemon.running(seed=1) as running:
        Socket(running.socket_path, LASTING).ask(
            "POST", "/images/create?fromImage=busybox&tag=latest"
        )
        yield running.socket_path


sequences = st.lists(st.sampled_from(sorted(VERBS)), max_size=14).map(
    lambda verbs: ["create", *verbs]
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(command=st.sampled_from([LASTING, SHORT]), verbs=sequences)
def test_every_sequence_is_answered_alike(mock: str, command: str, verbs: list[str]) -> None:
    engines: dict[str, Engine] = {"mockerd": Socket(mock, command), "table": Table(command)}
    if REFERENCE:
        engines["engine"] = Socket(REFERENCE.removeprefix("unix://"), command)
    for number, verb in enumerate(verbs):
        answers = {name: engine.do(verb) for name, engine in engines.items()}
        assert len(set(answers.values())) == 1, (verbs[: number + 1], answers)

"""A daemon behind a Unix socket, with one container to try verbs on: what it answers, in words that two daemons share."""

from __future__ import annotations

import http.client
import json
import select
import time
from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.unix_connection import UnixConnection

NAME, OTHER_NAME, BYSTANDER = "mockerd-life", "mockerd-life-renamed", "mockerd-life-bystander"
LASTING, SHORT = "top", "true"

VERBS = {
    "start": ("POST", "start"),
    "stop": ("POST", "stop?t=5"),
    "restart": ("POST", "restart?t=5"),
    "kill": ("POST", "kill"),
    "kill_term": ("POST", "kill?signal=TERM"),
    "kill_winch": ("POST", "kill?signal=WINCH"),
    "pause": ("POST", "pause"),
    "unpause": ("POST", "unpause"),
    "update": ("POST", "update"),
    "resize": ("POST", "resize?h=10&w=10"),
    "top": ("GET", "top"),
    "rename_same": ("POST", "rename?name={name}"),
    "rename_taken": ("POST", f"rename?name={BYSTANDER}"),
    "remove": ("DELETE", ""),
    "force": ("DELETE", "?force=1"),
}
WAITS = {
    "wait": "",
    "wait_not_running": "?condition=not-running",
    "wait_next_exit": "?condition=next-exit",
    "wait_removed": "?condition=removed",
}
EXECS = {
    "exec": ["sh", "-c", "echo out; echo err >&2; exit 3"],
    "exec_missing": ["nosuch"],
    "exec_make": ["echo", "later"],
}
PATIENCE = 30
"""Seconds after which a wait that should have ended has failed."""


class Answer(NamedTuple):
    """What a verb was answered with, what an exec wrote and came to, and the state that all this left."""

    status: int
    message: str
    state: str
    output: str = ""


class Socket:
    """One daemon and its container."""

    def __init__(self, path: str, command: str) -> None:
        self._path = path
        self._command = command
        self._name = NAME
        self._exec = "none"
        self._words: dict[str, str] = {}
        self._waits: dict[int, tuple[UnixConnection, http.client.HTTPResponse]] = {}
        for name in (NAME, OTHER_NAME, BYSTANDER):
            self.ask("DELETE", f"/containers/{name}?force=1")
        self._called("BYSTANDER", self._create(BYSTANDER)[1])

    def close(self) -> None:
        """Remove what is left; the waits that go on end with their connections."""
        for name in (self._name, BYSTANDER):
            self.ask("DELETE", f"/containers/{name}?force=1")
        for connection, _reply in self._waits.values():
            connection.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        connection = UnixConnection(self._path)
        try:
            answer = self._sent(connection, method, path, body)
            return answer.status, answer.read()
        finally:
            connection.close()

    @staticmethod
    def _sent(
        connection: UnixConnection, method: str, path: str, body: Any = None
    ) -> http.client.HTTPResponse:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        return connection.getresponse()

    def do(self, verb: str) -> Answer:
        """Try a verb, and come back when its consequences are there."""
        if verb in WAITS:
            return self._wait(verb)
        if verb in EXECS or verb in ("exec_start", "exec_show"):
            return self._try_exec(verb)
        if verb == "create":
            status, body = self._create(self._name)
            self._called("ID", body)
        elif verb == "rename":
            status, body = self._rename()
        else:
            method, path = VERBS[verb]
            data = {"CpuShares": 512} if verb == "update" else None
            status, body = self.ask(method, self._url(path), data)
        if status == 204 and self._ends(verb):
            self.ask("POST", self._url("wait"))
        return self._answer(status, body)

    def _ends(self, verb: str) -> bool:
        return verb == "kill_term" or (verb in ("start", "restart") and self._command == SHORT)

    def _url(self, path: str) -> str:
        base = f"/containers/{self._name}"
        joined = f"{base}{path}" if path.startswith("?") else f"{base}/{path}"
        return joined.rstrip("/").format(name=self._name)

    def _create(self, name: str) -> tuple[int, bytes]:
        body = {"Image": "busybox", "Cmd": [self._command]}
        return self.ask("POST", f"/containers/create?name={name}", body)

    def _rename(self) -> tuple[int, bytes]:
        new = OTHER_NAME if self._name == NAME else NAME
        status, body = self.ask("POST", self._url(f"rename?name={new}"))
        if status == 204:
            self._name = new
        return status, body

    # --- waits

    def _wait(self, verb: str) -> Answer:
        connection = UnixConnection(self._path)
        answer = self._sent(connection, "POST", self._url(f"wait{WAITS[verb]}"))
        if answer.status != 200:
            body = answer.read()
            connection.close()
            return self._answer(answer.status, body)
        self._waits[len(self._waits)] = (connection, answer)
        return self._answer(200, b"")

    def ended(self, due: Collection[int]) -> dict[int, str]:
        """What the waits that are `due` were told, and what any other has been told before its time."""
        told = {}
        for number, (connection, answer) in self._waits.items():
            if answer.isclosed():
                continue
            assert connection.sock is not None
            if number in due or select.select([connection.sock], [], [], 0)[0]:
                connection.sock.settimeout(PATIENCE)
                told[number] = answer.read().decode().strip()
        return told

    # --- execs

    def _try_exec(self, verb: str) -> Answer:
        if verb == "exec_show":
            return self._answer(*self.ask("GET", f"/exec/{self._exec}/json"), output=self._shown())
        if verb in EXECS:
            asked = {"Cmd": EXECS[verb], "AttachStdout": True, "AttachStderr": True}
            status, body = self.ask("POST", self._url("exec"), asked)
            if status == 201:
                self._exec = json.loads(body)["Id"]
                self._words[self._exec] = "EXEC"
            if status != 201 or verb == "exec_make":
                return self._answer(status, body, output=self._shown())
        status, body = self.ask("POST", f"/exec/{self._exec}/start", {"Detach": False})
        output = self._in_words(_streams(body)) if status == 200 else ""
        return self._answer(status, body, output=f"{output} {self._shown()}")

    def _shown(self) -> str:
        """How far the latest exec is; the code comes a moment after the end of the output."""
        while True:
            status, body = self.ask("GET", f"/exec/{self._exec}/json")
            if status != 200:
                return self._said(body)
            shown = json.loads(body)
            if not shown["Running"]:
                return f"code {shown['ExitCode']}"

    # --- answers

    def _called(self, word: str, body: bytes) -> None:
        made = json.loads(body)
        if "Id" in made:
            self._words[made["Id"]] = word

    def _answer(self, status: int, body: bytes, output: str = "") -> Answer:
        message = self._said(body) if status >= 400 else ""
        return Answer(status, message, self._state(), output)

    def _said(self, body: bytes) -> str:
        return self._in_words(json.loads(body)["message"])

    def _in_words(self, text: str) -> str:
        for identity, word in self._words.items():
            text = text.replace(identity, word)
        return text

    def _state(self) -> str:
        status, shown = self.ask("GET", f"/containers/{self._name}/json")
        if status == 404:
            return "gone"
        found = json.loads(shown)
        state = found["State"]
        return (
            f"{found['Name']} {state['Status']} {state['ExitCode']} {state['Running']} "
            f"{state['Error']}"
        )

    def events(self) -> list[str]:
        """What has happened to the containers that this one made; who is told first of an end is left to chance."""
        filters = quote(json.dumps({"container": [i for i, w in self._words.items() if w == "ID"]}))
        _status, body = self.ask(
            "GET", f"/events?since=1&until={time.time():.9f}&filters={filters}"
        )
        return sorted(json.loads(line)["Action"] for line in body.splitlines())


def _streams(framed: bytes) -> str:
    """Both streams of a multiplexed one, each for itself."""
    texts = {1: b"", 2: b""}
    while framed:
        size = int.from_bytes(framed[4:8], "big")
        texts[framed[0]] += framed[8 : 8 + size]
        framed = framed[8 + size :]
    return f"{texts[1]!r} {texts[2]!r}"

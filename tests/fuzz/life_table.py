"""The life of one container by the state table alone: what a verb does besides moving the state is said here."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.engine.container_state import State, Trigger, advance
from daemon.errors import DockerError
from daemon.server.error_responses import status_of
from tests.fuzz.life_socket import BYSTANDER, EXECS, LASTING, NAME, OTHER_NAME, WAITS, Answer

TRIGGERS = {
    "start": Trigger.START,
    "stop": Trigger.STOP,
    "restart": Trigger.RESTART,
    "kill": Trigger.KILL,
    "kill_term": Trigger.KILL,
    "kill_winch": Trigger.KILL,
    "pause": Trigger.PAUSE,
    "unpause": Trigger.UNPAUSE,
    "update": Trigger.UPDATE,
    "resize": Trigger.RESIZE,
    "top": Trigger.TOP,
    "remove": Trigger.REMOVE,
    "force": Trigger.FORCE_REMOVE,
}
SUCCESS = {"update": 200, "resize": 200, "top": 200}
ENDS = {"stop": 143, "restart": 143, "kill": 137, "kill_term": 143, "force": 137}
UP = (State.RUNNING, State.PAUSED)
CONFLICT = (
    'Conflict. The container name "/{name}" is already in use by container "{holder}". '
    "You have to remove (or rename) that container to be able to reuse that name."
)
TRIED = {
    "exec": ("b'out\\n' b'err\\n'", "code 3"),
    "exec_missing": (
        "b'OCI runtime exec failed: exec failed: unable to start container process: "
        "exec: \"nosuch\": executable file not found in $PATH\\r\\n' b''",
        "code 127",
    ),
    "exec_make": ("b'later\\n' b''", "code 0"),
}
"""What an exec writes, and what it comes to."""
RUN_BEFORE = "b'exec command EXEC has already run\\r\\n' b''"


@dataclass
class Exec:
    """The latest exec: a verb of EXECS, or nothing yet."""

    verb: str = ""
    started: bool = False
    forgotten: bool = True
    orphaned: bool = False

    @property
    def refusal(self) -> str:
        """Why it cannot be found."""
        return f"No such exec instance: {'EXEC' if self.verb else 'none'}"

    @property
    def shown(self) -> str:
        if self.forgotten or self.orphaned:
            return self.refusal
        return TRIED[self.verb][1] if self.started else "code None"


class Table:
    """The same as a Socket, thought and not done."""

    def __init__(self, command: str) -> None:
        self._lasting = command == LASTING
        self._name = NAME
        self._state: State | None = None
        self._code = 0
        self._exec = Exec()
        self._waits: dict[int, str] = {}
        self._wait_count = 0
        self._told: dict[int, str] = {}

    def do(self, verb: str) -> Answer:
        if verb == "create":
            return self._create()
        if verb in ("exec_show", "exec_start"):
            return self._show_exec() if verb == "exec_show" else self._start_exec()
        if verb in EXECS:
            return self._make_exec(verb)
        if self._state is None:
            prefix = ""
            if TRIGGERS.get(verb) is Trigger.KILL:
                prefix = f"cannot kill container: {self._name}: "
            return self._missing(prefix)
        if verb in WAITS:
            return self._wait(verb)
        if verb.startswith("rename"):
            return self._rename(verb)
        return self._advance(verb, self._state)

    def _missing(self, prefix: str = "", output: str = "") -> Answer:
        return Answer(404, f"{prefix}No such container: {self._name}", "gone", output)

    def _advance(self, verb: str, before: State) -> Answer:
        try:
            after = advance(before, TRIGGERS[verb], id="ID", name=self._name)
        except DockerError as error:
            status = status_of(error).value
            return Answer(status, str(error) if status >= 400 else "", self._shown())
        self._follow(verb, before, after)
        return Answer(SUCCESS.get(verb, 204), "", self._shown())

    def _create(self) -> Answer:
        if self._state is not None:
            return Answer(409, CONFLICT.format(name=self._name, holder="ID"), self._shown())
        self._state, self._code = State.CREATED, 0
        return Answer(201, "", self._shown())

    def _rename(self, verb: str) -> Answer:
        if verb == "rename_same":
            text = "Renaming a container with the same name as its current name"
            return Answer(400, text, self._shown())
        if verb == "rename_taken":
            text = CONFLICT.format(name=BYSTANDER, holder="BYSTANDER")
            return Answer(409, f"Error when allocating new name: {text}", self._shown())
        self._name = OTHER_NAME if self._name == NAME else NAME
        return Answer(204, "", self._shown())

    def _follow(self, verb: str, before: State, after: State) -> None:
        self._state = after
        if before in UP and verb in ENDS:
            self._ended(ENDS[verb])
        if verb in ("start", "restart"):
            self._state, self._code = State.RUNNING, 0
            if not self._lasting:
                self._ended(0)
        elif verb in ("remove", "force"):
            self._state = None
            self._exec.orphaned = True
            self._tell(*WAITS)
        elif verb == "kill_winch" and before is State.PAUSED:
            self._state = State.RUNNING

    def _ended(self, code: int) -> None:
        self._state, self._code = State.EXITED, code
        self._tell("wait", "wait_not_running", "wait_next_exit")
        if not self._exec.started:
            self._exec.forgotten = True

    # --- execs

    def _make_exec(self, verb: str) -> Answer:
        if self._state is None:
            return self._missing(output=self._exec.shown)
        refused = self._refused_exec(self._state, self._name)
        if refused is not None:
            return refused._replace(output=self._exec.shown)
        self._exec = Exec(verb, forgotten=False)
        if verb == "exec_make":
            return Answer(201, "", self._shown(), self._exec.shown)
        return self._start_exec()

    def _start_exec(self) -> Answer:
        tried = self._exec
        if tried.forgotten:
            return Answer(404, tried.refusal, self._shown(), f" {tried.shown}")
        if tried.orphaned or self._state is None:
            return Answer(404, "No such container: EXEC", self._shown(), f" {tried.shown}")
        refused = self._refused_exec(self._state, "ID")
        if refused is not None:
            return refused._replace(output=f" {tried.shown}")
        written = RUN_BEFORE if tried.started else TRIED[tried.verb][0]
        tried.started = True
        return Answer(200, "", self._shown(), f"{written} {tried.shown}")

    def _refused_exec(self, state: State, name: str) -> Answer | None:
        try:
            advance(state, Trigger.EXEC, id="ID", name=name)
        except DockerError as error:
            return Answer(409, str(error), self._shown())
        return None

    def _show_exec(self) -> Answer:
        found = not self._exec.forgotten and not self._exec.orphaned
        message = "" if found else self._exec.refusal
        return Answer(200 if found else 404, message, self._shown(), self._exec.shown)

    # --- waits

    def _wait(self, verb: str) -> Answer:
        self._waits[self._wait_count] = verb
        self._wait_count += 1
        if self._state not in UP and verb in ("wait", "wait_not_running"):
            self._tell(verb)
        return Answer(200, "", self._shown())

    def _tell(self, *conditions: str) -> None:
        for number in [n for n, condition in self._waits.items() if condition in conditions]:
            del self._waits[number]
            self._told[number] = f'{{"StatusCode":{self._code}}}'

    def just_told(self) -> dict[int, str]:
        """What each wait was told that has ended since this was last asked."""
        told, self._told = self._told, {}
        return told

    def _shown(self) -> str:
        if self._state is None:
            return "gone"
        return f"/{self._name} {self._state.value} {self._code} {self._state in UP} "

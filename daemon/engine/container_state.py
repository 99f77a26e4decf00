"""The life of a container, as data.

Rule 1: every change of state is a row of TRANSITIONS; nothing else assigns one.
Rule 2: every refusal is a row of REFUSALS, with dockerd's own kind and words. Accidents of
dockerd are kept: unpausing a running container is a 500 there, so it is one here.
Rule 3: no awaits, no clock, no events. The caller does those, after advance() returned.

dockerd keeps flags (Running, Paused, Restarting ...) that overlap; see the comment on State
in moby's daemon/container/state.go. We keep one State, and derive the flags in views.py.
"""

from enum import Enum

from daemon.errors import Conflict, DockerError, NotFound, NotModified, System


class State(Enum):
    """The value is the wire's `State.Status`."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    EXITED = "exited"
    REMOVING = "removing"
    DEAD = "dead"


class Trigger(Enum):
    """What may happen to a container: requests by a client, then events of its process."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    KILL = "kill"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    UPDATE = "update"
    RESIZE = "resize"
    TOP = "top"
    EXEC = "exec"
    ATTACH = "attach"
    REMOVE = "remove"
    FORCE_REMOVE = "force remove"
    PROCESS_EXITED = "process exited"
    POLICY_WAITS = "restart policy waits"
    POLICY_RESTARTS = "restart policy restarts"
    RESTART_FAILED = "restart failed"


S, T = State, Trigger

TRANSITIONS: dict[Trigger, dict[State, State]] = {
    T.START: {S.CREATED: S.RUNNING, S.EXITED: S.RUNNING},
    # A stop only signals the process; PROCESS_EXITED then moves the state.
    T.STOP: {S.RUNNING: S.RUNNING, S.PAUSED: S.PAUSED, S.RESTARTING: S.EXITED},
    # A restart is a stop, if need be, and a start.
    T.RESTART: {
        S.CREATED: S.CREATED,
        S.RUNNING: S.RUNNING,
        S.PAUSED: S.PAUSED,
        S.RESTARTING: S.EXITED,
        S.EXITED: S.EXITED,
    },
    # Any signal takes a waiting container out of its restart policy.
    T.KILL: {S.RUNNING: S.RUNNING, S.PAUSED: S.PAUSED, S.RESTARTING: S.EXITED},
    T.PAUSE: {S.RUNNING: S.PAUSED},
    T.UNPAUSE: {S.PAUSED: S.RUNNING},
    T.UPDATE: {s: s for s in (S.CREATED, S.RUNNING, S.PAUSED, S.RESTARTING, S.EXITED)},
    T.RESIZE: {S.RUNNING: S.RUNNING, S.PAUSED: S.PAUSED},
    T.TOP: {S.RUNNING: S.RUNNING, S.PAUSED: S.PAUSED},
    T.EXEC: {S.RUNNING: S.RUNNING},
    T.ATTACH: {s: s for s in S if s not in (S.PAUSED, S.RESTARTING)},
    T.REMOVE: {S.CREATED: S.REMOVING, S.EXITED: S.REMOVING, S.DEAD: S.REMOVING},
    # What still runs is killed first; the state says at once that no start may follow.
    T.FORCE_REMOVE: {s: S.REMOVING for s in S if s is not S.REMOVING},
    T.PROCESS_EXITED: {S.RUNNING: S.EXITED, S.PAUSED: S.EXITED, S.REMOVING: S.REMOVING},
    T.POLICY_WAITS: {S.RUNNING: S.RESTARTING, S.PAUSED: S.RESTARTING},
    T.POLICY_RESTARTS: {S.RESTARTING: S.RUNNING},
    T.RESTART_FAILED: {S.RESTARTING: S.EXITED, S.RUNNING: S.EXITED},
}

Refusal = tuple[type[DockerError], str]
MARKED = (Conflict, "container is marked for removal and cannot be started")
NOT_RUNNING = (Conflict, "container {id} is not running")
RESTARTING = (Conflict, "Container {id} is restarting, wait until the container is running")
STILL_UP = (
    Conflict,
    'cannot remove container "{name}": container is {state}: '
    "stop the container before removing or force remove",
)
REMOVING = (Conflict, "removal of container {name} is already in progress")

# The row for a state, or else the trigger's default (the None row). {name} is what the client called it.
REFUSALS: dict[Trigger, dict[State | None, Refusal]] = {
    T.START: {
        S.PAUSED: (Conflict, "cannot start a paused container, try unpause instead"),
        S.REMOVING: MARKED,
        S.DEAD: MARKED,
        None: (NotModified, "container is already running"),
    },
    T.STOP: {None: (NotModified, "container is already stopped")},
    T.RESTART: {
        None: (
            Conflict,
            "Cannot restart container {name}: container is marked for removal and cannot be started",
        )
    },
    T.KILL: {None: (Conflict, "cannot kill container: {name}: container {id} is not running")},
    T.PAUSE: {
        S.PAUSED: (Conflict, "Container {id} is already paused"),
        S.RESTARTING: RESTARTING,
        None: NOT_RUNNING,
    },
    T.UNPAUSE: {None: (System, "Container {id} is not paused")},
    T.UPDATE: {
        None: (
            System,
            'Cannot update container {id}: container is marked for removal and cannot be "update"',
        )
    },
    T.RESIZE: {
        # containerd has no such task between two attempts, and says so.
        S.RESTARTING: (NotFound, 'NotFound: container "{id}" in namespace "moby": not found'),
        None: NOT_RUNNING,
    },
    T.TOP: {S.RESTARTING: RESTARTING, None: NOT_RUNNING},
    T.EXEC: {
        S.PAUSED: (Conflict, "Container {name} is paused, unpause the container before exec"),
        S.RESTARTING: RESTARTING,
        None: NOT_RUNNING,
    },
    T.ATTACH: {
        S.PAUSED: (Conflict, "container {name} is paused, unpause the container before attach"),
        None: (
            Conflict,
            "container {name} is restarting, wait until the container is running",
        ),
    },
    T.REMOVE: {
        S.PAUSED: (
            Conflict,
            'cannot remove container "{name}": container is paused and must be unpaused first',
        ),
        S.REMOVING: REMOVING,
        None: STILL_UP,
    },
    T.FORCE_REMOVE: {None: REMOVING},
}


def advance(state: State, trigger: Trigger, *, id: str, name: str) -> State:
    """Return the state that follows, or raise what dockerd would answer."""
    try:
        return TRANSITIONS[trigger][state]
    except KeyError:
        rows = REFUSALS.get(trigger)
    # A process event in the wrong state is our bug, not a client's mistake.
    assert rows is not None, f"{trigger} while {state}"
    kind, text = rows.get(state) or rows[None]
    raise kind(text.format(id=id, name=name, state=state.value))

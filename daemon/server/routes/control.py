"""The control API: faults, gates, reports, time and mishaps on request. Never a path of Docker's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from daemon.behaviours import Scripted, as_json, behaviour_of
from daemon.clock import ManualClock
from daemon.engine.containers import mishaps
from daemon.errors import Conflict, Forbidden, InvalidParameter, NotFound
from daemon.faults import Armed, Fault
from daemon.server.replies import Empty, Exchange, Json, Reply
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon

_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)


def _shown(armed: Armed) -> dict[str, Any]:
    return {
        "number": armed.number,
        "seen": armed.seen,
        "struck": armed.struck,
        **asdict(armed.fault),
    }


def _number(text: str, what: str, kind: Callable[[str], float] = int) -> Any:  # noqa: ANN401 - int or float
    try:
        return kind(text)
    except ValueError:
        raise InvalidParameter(f"{what} must be a number, not {text!r}") from None


async def fault_list(request: Request, daemon: Daemon) -> Reply:
    history = [{"point": point, "where": where} for point, where in daemon.faults.history]
    return Json({"armed": [_shown(one) for one in daemon.faults.armed], "history": history})


async def fault_arm(request: Request, daemon: Daemon) -> Reply:
    try:
        fault = _FAULT.validate_json(await request.read())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidParameter(f"invalid fault: {where}: {first['msg']}") from None
    return Json({"number": daemon.faults.arm(fault)}, HTTPStatus.CREATED)


async def fault_clear(request: Request, daemon: Daemon) -> Reply:
    daemon.faults.disarm()
    return Empty()


async def fault_disarm(request: Request, daemon: Daemon) -> Reply:
    number = request.vars["number"]
    if not daemon.faults.disarm(_number(number, "a fault's number")):
        raise NotFound(f"no fault {number} is armed")
    return Empty()


async def gate_list(request: Request, daemon: Daemon) -> Reply:
    gates = daemon.faults.gates
    return Json([{"name": name, "waiting": gate.waiting} for name, gate in gates.items()])


async def gate_open(request: Request, daemon: Daemon) -> Reply:
    daemon.faults.gate(request.vars["name"]).open()
    return Empty()


async def gate_close(request: Request, daemon: Daemon) -> Reply:
    daemon.faults.gate(request.vars["name"]).close()
    return Empty()


async def gate_arrived(request: Request, daemon: Daemon) -> Reply:
    """Answer once `count` requests wait at the gate."""
    count = _number(request.query.get("count", "1"), "count")
    await daemon.faults.gate(request.vars["name"]).arrived(count)
    return Empty()


def _listed(one: Scripted) -> dict[str, Any]:
    return {"number": one.number, "in_process": one.main is not None, **as_json(one.behaviour)}


async def behaviour_list(request: Request, daemon: Daemon) -> Reply:
    return Json([_listed(one) for one in daemon.behaviours])


async def behaviour_add(request: Request, daemon: Daemon) -> Reply:
    behaviour = behaviour_of(await request.read())
    if request.over_tcp and any(port.forward for port in behaviour.ports):
        raise Forbidden("ports are not forwarded at the request of a client over TCP")
    return Json({"number": daemon.behaviours.add(behaviour)}, HTTPStatus.CREATED)


async def behaviour_clear(request: Request, daemon: Daemon) -> Reply:
    daemon.behaviours.remove()
    return Empty()


async def behaviour_remove(request: Request, daemon: Daemon) -> Reply:
    number = request.vars["number"]
    if not daemon.behaviours.remove(_number(number, "a behaviour's number")):
        raise NotFound(f"there is no behaviour {number}")
    return Empty()


async def unsupported_list(request: Request, daemon: Daemon) -> Reply:
    calls = daemon.reports.calls.most_common()
    return Json([{"method": m, "path": path, "count": count} for (m, path), count in calls])


async def unsimulated_list(request: Request, daemon: Daemon) -> Reply:
    programs = daemon.reports.programs.most_common()
    return Json([{"program": program, "count": count} for program, count in programs])


async def clock_advance(request: Request, daemon: Daemon) -> Reply:
    seconds = _number(request.query.get("advance", "0"), "advance", float)
    if not isinstance(daemon.clock, ManualClock):
        raise Conflict("this daemon's clock is not a manual one: time passes by itself")
    daemon.clock.advance(seconds)
    return Json({"now": daemon.clock.now()})


async def container_exit(request: Request, daemon: Daemon) -> Reply:
    code = _number(request.query.get("code", "0"), "code")
    mishaps.end_process(daemon.containers.get(request.vars["name"]), code)
    return Empty()


async def container_oom(request: Request, daemon: Daemon) -> Reply:
    mishaps.run_out_of_memory(daemon.containers.get(request.vars["name"]))
    return Empty()


@dataclass(slots=True)
class _LastWords:
    """Answers, and only when the client has read that the daemon goes away."""

    daemon: Daemon
    seconds: float

    async def send(self, exchange: Exchange) -> None:
        await Empty(HTTPStatus.ACCEPTED).send(exchange)
        await exchange.connection.taken()
        self.daemon.go_away(self.seconds)


async def outage(request: Request, daemon: Daemon) -> Reply:
    return _LastWords(daemon, _number(request.query.get("seconds", "0"), "seconds", float))


ROUTES = [
    Route("GET", "/_mock/faults", fault_list),
    Route("POST", "/_mock/faults", fault_arm),
    Route("DELETE", "/_mock/faults", fault_clear),
    Route("DELETE", "/_mock/faults/{number}", fault_disarm),
    Route("GET", "/_mock/gates", gate_list),
    Route("POST", "/_mock/gates/{name}/open", gate_open),
    Route("POST", "/_mock/gates/{name}/close", gate_close),
    Route("GET", "/_mock/gates/{name}/arrived", gate_arrived),
    Route("GET", "/_mock/behaviours", behaviour_list),
    Route("POST", "/_mock/behaviours", behaviour_add),
    Route("DELETE", "/_mock/behaviours", behaviour_clear),
    Route("DELETE", "/_mock/behaviours/{number}", behaviour_remove),
    Route("GET", "/_mock/unsupported", unsupported_list),
    Route("GET", "/_mock/unsimulated", unsimulated_list),
    Route("POST", "/_mock/clock", clock_advance),
    Route("POST", "/_mock/containers/{name}/exit", container_exit),
    Route("POST", "/_mock/containers/{name}/oom", container_oom),
    Route("POST", "/_mock/outage", outage),
]

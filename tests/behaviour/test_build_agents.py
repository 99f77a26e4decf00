"""RUN --mount=type=ssh against a session of the test's own. Confirmed on Engine 28.5.2 with a client of sockets in its image."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import pytest
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from daemon.server.buildkit import wire_pb2 as wire
from mockerd import MockDaemon
from tests.behaviour.build_sessions import session
from tests.behaviour.conftest import Client
from tests.behaviour.leftovers import held, until_only
from tests.behaviour.test_build import context
from tests.behaviour.test_build_posted import build, finished, said

CHECK, FORWARD = (f"/moby.sshforward.v1.SSH/{name}" for name in ("CheckAgent", "ForwardAgent"))
RUN = "FROM tools\nRUN --mount=type=ssh,required=true "
SIZE = 2 << 20


class Agents:
    """The client's side: it shouts back what it hears. `refusals` are for the next connections."""

    def __init__(self) -> None:
        self.check_refusal: GRPCError | None = None
        self.refusals: deque[GRPCError] = deque()
        self.checked: list[str] = []
        self.ids: list[list[Any]] = []
        self.open = 0
        self.connected = asyncio.Event()
        self.left = asyncio.Event()

    def __mapping__(self) -> dict[str, Handler]:
        return {
            CHECK: Handler(self.check, Cardinality.UNARY_UNARY, wire.CheckAgentRequest, wire.Empty),
            FORWARD: Handler(self.forward, Cardinality.STREAM_STREAM, wire.Bytes, wire.Bytes),
        }

    async def check(self, stream: Stream[Any, Any]) -> None:
        request = await stream.recv_message()
        assert request
        self.checked.append(request.id)
        if self.check_refusal:
            raise self.check_refusal
        await stream.send_message(wire.Empty())

    async def forward(self, stream: Stream[Any, Any]) -> None:
        assert stream.metadata is not None
        self.ids.append(list(stream.metadata.getall("buildkit.ssh.id", [])))
        if self.refusals:
            raise self.refusals.popleft()
        self.open += 1
        self.connected.set()
        try:
            async for message in stream:
                await stream.send_message(wire.Bytes(data=message.data.upper()))
        finally:
            self.open -= 1
            self.left.set()


@pytest.fixture
def agents() -> Agents:
    return Agents()


@pytest.fixture
async def tools(docker: Client) -> None:
    """An image with a client of sockets."""
    await docker.post("/images/create?fromImage=alpine&tag=latest")
    await build(
        docker, context("FROM alpine\nRUN apk add netcat-openbsd socat python3\n"), t="tools"
    )


@pytest.fixture
async def client(
    mock: MockDaemon, tools: None, agents: Agents
) -> AsyncIterator[asyncio.StreamWriter]:
    """A session named `one`, in which the agents are."""
    async with session(mock.socket_path, [agents]) as writer:
        yield writer


async def steps(docker: Client, dockerfile: str) -> list[dict[str, Any]]:
    return await build(docker, context(dockerfile), session="one")


@pytest.mark.parametrize(("option", "checked", "id"), [("", "", "default"), (",id=x", "x", "x")])
async def test_a_connection_inside_is_a_call_to_the_client(
    docker: Client, client: None, agents: Agents, option: str, checked: str, id: str
) -> None:
    run = f"FROM tools\nRUN --mount=type=ssh{option} echo hi there | nc -N -U $SSH_AUTH_SOCK\n"
    assert said(await steps(docker, run)) == b"HI THERE\n"
    assert (agents.checked, agents.ids) == ([checked], [[id]])


PYTHON = """import os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SSH_AUTH_SOCK'])
s.sendall(b'hi'); print(s.recv(9).decode())"""


@pytest.mark.parametrize(
    "talk", ["echo hi | socat -t 60 - UNIX-CONNECT:$SSH_AUTH_SOCK", f"<<E python3\n{PYTHON}\nE"]
)
async def test_any_client_of_sockets_will_do(docker: Client, client: None, talk: str) -> None:
    assert said(await steps(docker, f"{RUN}{talk}\n")) == b"HI\n"


async def test_megabytes_pass(docker: Client, client: None) -> None:
    text = f"yes a | head -c {SIZE}"
    run = f"{RUN}{text} | nc -N -U $SSH_AUTH_SOCK | sha256sum; {text} | tr a A | sha256sum\n"
    there_and_back, here = said(await steps(docker, run)).split(b"\n")[:2]
    assert there_and_back == here


async def test_connections_at_once_do_not_mix(docker: Client, client: None, agents: Agents) -> None:
    talk = (
        "for n in 1 2 3 4 5; do echo $n$n | nc -N -U $SSH_AUTH_SOCK > /$n & done; wait; cat /[1-5]"
    )
    assert said(await steps(docker, f"{RUN}{talk}\n")) == b"11\n22\n33\n44\n55\n"
    assert len(agents.ids) == 5


NOT_FORWARDED = 'no SSH key "{}" forwarded from the client'


@pytest.mark.parametrize(("option", "id"), [("", ""), (",id=x", "x")])
async def test_a_client_without_agents(
    docker: Client, client: None, agents: Agents, option: str, id: str
) -> None:
    agents.check_refusal = GRPCError(Status.UNIMPLEMENTED, "unknown service")
    run = f"RUN --mount=type=ssh,required=true{option} true"
    messages = await steps(docker, f"FROM tools\n{run}\n")
    assert messages[-1]["error"] == NOT_FORWARDED.format(id)
    assert NOT_FORWARDED.format(id) in finished(messages).values()
    optional = run.replace(",required=true", "")
    steps_after = f"{optional}; test -e /run/buildkit || echo nothing there"
    assert said(await steps(docker, f"FROM tools\n{steps_after}\n")) == b"nothing there\n"


async def test_an_agent_that_cannot_be_reached_ends_its_connection_alone(
    docker: Client, client: None, agents: Agents
) -> None:
    agents.refusals.append(GRPCError(Status.UNKNOWN, "failed to dial agent default"))
    talk = "nc -U $SSH_AUTH_SOCK; echo hi | nc -N -U $SSH_AUTH_SOCK"
    assert said(await steps(docker, f"{RUN}{talk}\n")) == b"HI\n"


async def test_the_end_of_the_step_ends_its_connections(
    docker: Client, client: None, agents: Agents, mock: MockDaemon
) -> None:
    await steps(docker, "FROM tools\n")
    before = held(mock)
    talk = "nc -U $SSH_AUTH_SOCK & echo hi | nc -N -U $SSH_AUTH_SOCK; exit 0"
    assert said(await steps(docker, f"{RUN}{talk}\n")) == b"HI\n"
    async with asyncio.timeout(10):
        await agents.left.wait()
    await until_only(mock, before)
    assert agents.open == 0


async def test_a_client_that_goes_takes_its_agents_along_and_leaves_the_step(
    docker: Client, client: asyncio.StreamWriter, agents: Agents
) -> None:
    talk = "nc -U $SSH_AUTH_SOCK; nc -U $SSH_AUTH_SOCK; echo still here"
    building = asyncio.create_task(steps(docker, f"{RUN}{talk}\n"))
    async with asyncio.timeout(10):
        await agents.connected.wait()
        client.transport.abort()
        assert said(await building) == b"still here\n"

"""GET /containers/{id}/attach/ws. Asked of Engine 28.5.2."""

import aiohttp
import pytest

from tests.behaviour.conftest import Client


@pytest.fixture
async def cat(docker: Client) -> str:
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    body = {"Image": "busybox", "Cmd": ["cat"], "OpenStdin": True, "StdinOnce": True}
    await docker.post("/containers/create?name=cat", body)
    await docker.post("/containers/cat/start")
    return "cat"


PATH = "/containers/cat/attach/ws?stream=1&stdin=1&stdout=1"


@pytest.mark.parametrize(
    ("version", "kind"), [("1.27", aiohttp.WSMsgType.TEXT), ("1.28", aiohttp.WSMsgType.BINARY)]
)
async def test_carries_raw_bytes_both_ways(
    docker: Client, cat: str, version: str, kind: aiohttp.WSMsgType
) -> None:
    async with docker.session.ws_connect(f"http://docker/v{version}{PATH}") as socket:
        await socket.send_str("hello\n")
        message = await socket.receive(5)
        assert message.type == kind
        assert message.data in ("hello\n", b"hello\n")
        long = b"x" * 200_000
        await socket.send_bytes(long)
        got = b""
        while len(got) < len(long):
            data = (await socket.receive(5)).data
            got += data.encode() if isinstance(data, str) else data
        assert got == long
        await socket.ping(b"are you there")
    answer = await docker.post("/containers/cat/wait")
    assert answer.json["StatusCode"] == 0


async def test_another_request_is_told_so(docker: Client, cat: str) -> None:
    answer = await docker.get(PATH)
    assert (answer.status, answer.body) == (400, b"not websocket protocol")


async def test_an_unknown_container_has_a_status(docker: Client) -> None:
    assert (await docker.get(PATH)).refusal == (404, "No such container: cat")

"""What of the host is within reach: its folders over TCP, its loopback from inside."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client

PULL = "/images/create?fromImage=busybox&tag=latest"


async def post_over_tcp(mock: MockDaemon, path: str, body: Any) -> tuple[int, Any]:
    url = mock.daemon.hosts[-1].replace("tcp", "http")
    async with aiohttp.ClientSession(url) as session, session.post(path, json=body) as reply:
        return reply.status, await reply.json()


def refusal(path: object) -> str:
    return f"{path} of the host is out of reach over TCP: mockerd was not started with --allow-bind for it"


def bodies(folder: Path) -> list[dict[str, Any]]:
    device = {"Options": {"type": "none", "o": "bind", "device": str(folder)}}
    return [
        {"Binds": [f"{folder}:/x"]},
        {"Mounts": [{"Type": "bind", "Source": str(folder), "Target": "/x"}]},
        {"Mounts": [{"Type": "volume", "Target": "/x", "VolumeOptions": {"DriverConfig": device}}]},
    ]


async def test_over_tcp_only_allowed_folders_are_bound(tmp_path: Path) -> None:
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    for folder in (allowed, other):
        folder.mkdir()
    (allowed / "escape").symlink_to(other)
    hosts = [f"unix://{tmp_path}/s", "tcp://127.0.0.1:0"]
    async with MockDaemon(hosts=hosts, allow_bind=[str(allowed)]) as mock:
        client = Client(mock.socket_path)
        await client.post(PULL)
        for body in bodies(allowed):
            request = {"Image": "busybox", "HostConfig": body}
            assert (await post_over_tcp(mock, "/containers/create", request))[0] == 201
        for folder in (other, allowed / "escape", allowed / ".." / "other"):
            for body in bodies(folder):
                request = {"Image": "busybox", "HostConfig": body}
                status, answer = await post_over_tcp(mock, "/containers/create", request)
                assert (status, answer["message"]) == (403, refusal(folder))
                assert (await client.post("/containers/create", request)).status == 201
        options = {"type": "none", "o": "bind", "device": str(other)}
        status, answer = await post_over_tcp(mock, "/volumes/create", {"DriverOpts": options})
        assert (status, answer["message"]) == (403, refusal(other))
        await client.session.close()


@pytest.mark.parametrize(("allowed", "says"), [(True, "hello from the host\n"), (False, "")])
async def test_the_gateway_leads_to_the_hosts_loopback_where_allowed(
    allowed: bool, says: str
) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello from the host\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with MockDaemon(allow_egress=allowed) as mock:
        client = Client(mock.socket_path)
        await client.post(PULL)
        command = ["nc", "172.17.0.1", str(port)]
        body = {"Image": "busybox", "Cmd": command, "Tty": True}
        await client.post("/containers/create?name=caller", body)
        await client.post("/containers/caller/start")
        code = (await client.post("/containers/caller/wait")).json["StatusCode"]
        answer = await client.get("/containers/caller/logs?stdout=1")
        assert (code == 0) is allowed
        if says:
            assert answer.body.replace(b"\r", b"").decode() == says
        else:
            assert b"refused" in answer.body
        await client.session.close()
    server.close()
    await server.wait_closed()

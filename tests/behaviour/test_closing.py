"""A daemon that is closed in the middle of everything leaves nothing behind."""

import asyncio
import gc
import os

from mockerd import MockDaemon
from tests.behaviour.conftest import Client


def open_sockets() -> int:
    """Sockets that this process holds."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return count


def exists(path: str) -> bool:
    return os.path.exists(path)


async def test_no_task_no_socket_and_no_file_remains() -> None:
    before, sockets = asyncio.all_tasks(), open_sockets()
    async with MockDaemon(seed=1) as mock:
        client = Client(mock.socket_path)
        await client.post("/images/create?fromImage=busybox&tag=latest")
        ports = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "0"}]}
        body = {
            "Image": "busybox",
            "Cmd": ["sh", "-c", "while :; do echo tick; sleep 1; done"],
            "ExposedPorts": {"80/tcp": {}},
            "HostConfig": {"PortBindings": ports, "RestartPolicy": {"Name": "always"}},
        }
        await client.post("/containers/create?name=busy", body)
        assert (await client.post("/containers/busy/start")).status == 204
        followed = ("/events", "/containers/busy/logs?follow=1&stdout=1", "/containers/busy/stats")
        streams = [await client.session.get(f"http://docker{path}") for path in followed]
        stop = asyncio.ensure_future(client.post("/containers/busy/stop?t=60"))
        folder = mock.daemon.folder
        assert exists(folder)
        await asyncio.sleep(0)
    for stream in streams:
        stream.close()
    await asyncio.gather(stop, return_exceptions=True)
    await client.session.close()
    gc.collect()
    assert asyncio.all_tasks() == before
    assert not exists(folder)
    assert open_sockets() == sockets

"""Docker's own registry as the peer: the daemon pushes to it and pulls from it what it would to and from ours."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.behaviour.conftest import Client
from tests.behaviour.conftest import docker as docker
from tests.behaviour.conftest import mock as mock
from tests.behaviour.registries import a_registry
from tests.behaviour.test_pull import lines, pull
from tests.behaviour.test_push import push, tagged
from tests.ports import free_port

pytestmark = pytest.mark.client("docker-registry")

CONFIG = """
version: 0.1
log: { level: error }
storage:
  filesystem: { rootdirectory: %(folder)s }
  delete: { enabled: true }
http: { addr: "127.0.0.1:%(port)d" }
"""


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[str]:
    """`127.0.0.1:port` of a docker-registry."""
    port = free_port()
    config = tmp_path / "config.yml"
    config.write_text(CONFIG % {"folder": tmp_path / "data", "port": port})
    process = await asyncio.create_subprocess_exec("docker-registry", "serve", str(config))
    try:
        await asyncio.wait_for(_answers(f"http://127.0.0.1:{port}/v2/"), 20)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _answers(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)


async def test_both_registries_get_the_same_manifest(docker: Client, peer: str) -> None:
    async with a_registry() as ours:
        digests = []
        for host in (peer, ours):
            await tagged(docker, "httpd:alpine", f"{host}/me/httpd:v1")
            digests.append((await push(docker, f"{host}/me/httpd", "v1"))[-1]["aux"]["Digest"])
    assert digests[0] == digests[1]


async def test_what_was_pushed_to_it_comes_back(docker: Client, peer: str) -> None:
    await tagged(docker, "alpine:3.10", f"{peer}/me/alpine:v1")
    first = await push(docker, f"{peer}/me/alpine", "v1")
    assert [m["status"] for m in first if m.get("id")][-1] == "Pushed"
    second = await push(docker, f"{peer}/me/alpine", "v1")
    assert [m["status"] for m in second if m.get("id")][-1] == "Layer already exists"
    before = (await docker.get(f"/images/{peer}/me/alpine:v1/json")).json
    await docker.delete(f"/images/{before['Id']}?force=1")
    assert lines(await pull(docker, f"{peer}/me/alpine", "v1"))[-1]["status"] == (
        f"Status: Downloaded newer image for {peer}/me/alpine:v1"
    )
    after = (await docker.get(f"/images/{peer}/me/alpine:v1/json")).json
    assert after["Id"] == before["Id"]


async def test_its_refusals_are_ours(docker: Client, peer: str) -> None:
    await tagged(docker, "hello-world", f"{peer}/me/app:v1")
    await push(docker, f"{peer}/me/app", "v1")
    async with a_registry() as ours:
        await tagged(docker, "hello-world", f"{ours}/me/app:v1")
        await push(docker, f"{ours}/me/app", "v1")
        for name, tag in (("me/app", "nosuch"), ("me/nosuch", "v1")):
            theirs = await pull(docker, f"{peer}/{name}", tag)
            mine = await pull(docker, f"{ours}/{name}", tag)
            assert theirs.status == mine.status == 404
            assert theirs.message.replace(peer, "HOST") == mine.message.replace(ours, "HOST")

"""docker compose's commands, one by one, on an application that asks for a bit of everything."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.applications import Application
from tests.clients.applications import app as app

pytestmark = [pytest.mark.client("docker", "compose"), pytest.mark.application("everyday")]


@pytest.fixture
async def up(app: Application) -> AsyncIterator[Application]:
    """The application, up. Its image is a tag of its own, so that it may be removed."""
    if not await app.docker("images", "-q", "busybox"):
        await app.docker("pull", "-q", "busybox")
    await app.docker("tag", "busybox", "clients-everyday:1")
    await app("up", "-d", "--wait")
    yield app
    if await app.docker("images", "-q", "clients-everyday:1"):
        await app("--profile", "*", "down", "-v", "-t", "0", "--rmi", "all")


async def test_config_says_what_is_meant(app: Application) -> None:
    assert sorted((await app("config", "--services")).split()) == ["talker", "web"]
    assert (await app("config", "--profiles")).split() == ["help"]
    assert (await app("config", "--volumes")).split() == ["data"]
    app.environment["GREETING"] = "changed"
    web = json.loads(await app("config", "--format", "json"))["services"]["web"]
    assert web["environment"] == {"FROM_FILE": "yes", "GREETING": "changed", "QUOTED": "two words"}
    assert "no such service: nosuch" in await app.fails("config", "nosuch")


async def test_what_a_service_is_given(up: Application) -> None:
    async def inside(command: str) -> str:
        return (await up("exec", "-T", "web", "sh", "-c", command)).strip()

    assert await inside("echo $GREETING $FROM_FILE $QUOTED") == "hello yes two words"
    assert await inside("cat /run/secrets/token") == "s3cret"
    assert await inside("grep ledger.test /etc/hosts") == "10.9.8.7\tledger.test"
    assert "tmpfs /scratch tmpfs rw" in await inside("cat /proc/mounts")
    assert await up.page("web", 8080) == "everyday page"
    for name in ("web", "front-door", "10.123.45.10", "clients-everyday-web-1"):
        page = await up("exec", "-T", "talker", "wget", "-qO-", f"http://{name}:8080/")
        assert page == "everyday page"
    web = await up.container("web")
    assert web["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"  # type: ignore[index]
    assert web["Config"]["Labels"]["tier"] == "front"  # type: ignore[index]
    assert web["State"]["Health"]["Status"] == "healthy"  # type: ignore[index]


async def test_looking_at_it(up: Application) -> None:
    shown = await up("ps", "--format", "{{.Service}} {{.State}} {{.Health}}")
    assert sorted(shown.splitlines()) == ["talker running ", "web running healthy"]
    assert (await up("ps", "--services", "--status", "paused")).strip() == ""
    assert (await up.docker("compose", "ls", "-q")).split().count(up.project) == 1
    assert "httpd -f -v -p 8080" in await up("top", "web")
    assert "clients-everyday" in await up("images")
    assert (await up("port", "web", "8080")).startswith("127.0.0.1:")
    assert "clients-everyday-web-1" in await up("stats", "--no-stream")
    assert await up("volumes", "-q") == "clients-everyday_data\n"
    assert await up("logs", "--no-log-prefix", "talker") == "hello\n"
    assert await up("logs", "--no-color", "talker") == "talker-1  | hello\n"
    await up.until("hello", "logs", "-f", "talker")


async def test_events_are_streamed(up: Application) -> None:
    watching = asyncio.ensure_future(up.until('"action":"unpause"', "events", "--json"))
    while not watching.done():
        await up("pause", "talker")
        await up("unpause", "talker")
    await watching


async def test_its_life(up: Application) -> None:
    await up("pause")
    assert await up.states() == {"web": "paused", "talker": "paused"}
    await up("unpause")
    await up("stop", "talker")
    assert await up.states() == {"web": "running", "talker": "exited"}
    assert (await up("logs", "--no-log-prefix", "talker")).splitlines() == ["hello", "bye"]
    await up("start", "talker")
    before = await up.container("web")
    await up("restart", "web")
    assert (await up.container("web"))["State"] != before["State"]
    await up("kill", "-s", "KILL", "talker")
    await up("wait", "talker") if (await up.states())["talker"] == "running" else None
    assert (await up.container("talker"))["State"]["ExitCode"] == 137  # type: ignore[index]
    await up("rm", "-f", "talker")
    assert await up.states() == {"web": "running"}


async def test_what_changed_is_made_anew(up: Application) -> None:
    before = [(await up.container(name))["Id"] for name in ("web", "talker")]
    await up("up", "-d")
    assert [(await up.container(name))["Id"] for name in ("web", "talker")] == before
    up.environment["GREETING"] = "changed"
    await up("up", "-d", "--wait")
    assert (await up.container("web"))["Id"] != before[0]
    assert await up("exec", "-T", "web", "sh", "-c", "echo $GREETING") == "changed\n"


async def test_files_and_one_off_commands(up: Application, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("from the host")
    await up("cp", str(tmp_path / "note"), "web:/data/note")
    assert await up("exec", "-T", "-w", "/data", "web", "cat", "note") == "from the host"
    await up("cp", "web:/data/note", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "from the host"
    told = await up("run", "--rm", "-T", "-e", "X=1", "-v", f"{up.project}_data:/data", "talker", "sh", "-c", "cat /data/note; echo $X")  # fmt: skip
    assert told == "from the host1\n"
    assert "Address already in use" in await up.fails("run", "--rm", "-T", "web", "true")
    await up.fails("run", "--rm", "-T", "talker", "sh", "-c", "exit 3")
    await up.fails("exec", "-T", "web", "false")
    assert sorted(await up.states()) == ["talker", "web"]


async def test_scale_and_profiles(up: Application) -> None:
    await up("scale", "talker=3")
    assert len((await up("ps", "-q", "talker")).split()) == 3
    assert "talker-3  | hello" in await up("logs", "--no-color")
    await up("scale", "talker=1")
    assert len((await up("ps", "-aq", "talker")).split()) == 1
    await up("--profile", "help", "up", "-d")
    assert (await up.states())["helper"] == "running"


async def test_down_takes_everything_away(up: Application) -> None:
    await up("down", "-v", "--rmi", "all", "-t", "1")
    assert await up("ps", "-aq") == ""
    for kind in ("network", "volume"):
        assert up.project not in await up.docker(kind, "ls")
    assert await up.docker("images", "-q", "clients-everyday") == ""
    assert up.project not in await up.docker("compose", "ls", "-aq")

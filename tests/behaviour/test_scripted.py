"""Scripted behaviours in a whole daemon: through the control API, MockDaemon, execs, health checks and builds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import PATIENCE, Boxes
from tests.behaviour.conftest import Client
from tests.behaviour.test_build import build, text_of

if TYPE_CHECKING:
    from daemon.process.process import Process

WEB: dict[str, Any] = {
    "ExposedPorts": {"80/tcp": {}},
    "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "0"}]}},
}


async def script(docker: Client, **behaviour: Any) -> int:
    answer = await docker.post("/_mock/behaviours", behaviour)
    assert answer.status == 201, answer.body
    number: int = answer.json["number"]
    return number


async def test_a_container_does_as_told_by_the_control_api(boxes: Boxes) -> None:
    lines = ["begun", {"text": "no database", "stream": "stderr"}]
    number = await script(boxes.docker, image="busybox", lines=lines, exit_code=4)
    box = await boxes.run("sleep", "1000")
    assert await box.wait() == 4
    assert await box.logs() == [(1, "begun\n"), (2, "no database\n")]
    assert (await boxes.docker.delete(f"/_mock/behaviours/{number}")).status == 204
    assert await (await boxes.run("echo", "simulated", name="other")).wait() == 0


async def test_behaviours_are_listed_and_removed(boxes: Boxes) -> None:
    docker = boxes.docker
    first = await script(docker, image="busybox", exit_code=1)
    await script(docker, executable="sleep", stay=True)
    listed = (await docker.get("/_mock/behaviours")).json
    assert listed[0] == {"number": first, "in_process": False, "image": "busybox", "exit_code": 1}
    assert (await docker.delete("/_mock/behaviours/77")).refusal == (
        404,
        "there is no behaviour 77",
    )
    assert (await docker.delete("/_mock/behaviours")).status == 204
    assert (await docker.get("/_mock/behaviours")).json == []


async def test_a_misspelt_behaviour_is_refused(docker: Client) -> None:
    status, message = (await docker.post("/_mock/behaviours", {"exit_cod": 1})).refusal
    assert status == 400
    assert message.startswith("invalid behaviour: exit_cod: ")


async def test_a_published_port_answers_http(boxes: Boxes) -> None:
    ports = [{"port": 80, "status": 418, "body": "teapot", "content_type": "text/tea"}]
    await script(boxes.docker, image="busybox", lines=["ready"], ports=ports)
    box = await boxes.run("sh", **WEB)
    await box.until_output("ready")
    port = (await box.inspect())["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"]
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as got:
        assert (got.status, got.content_type, await got.text()) == (418, "text/tea", "teapot")


async def test_it_stops_at_the_stop_signal_with_its_code(boxes: Boxes) -> None:
    await script(boxes.docker, image="busybox", lines=["up"], stay=True, exit_code=9)
    box = await boxes.run("sh")
    await box.until_output("up")
    await box.post("stop?t=1000")
    assert (await box.state())["ExitCode"] == 9


async def test_what_ignores_its_signals_is_killed_after_the_grace_period(boxes: Boxes) -> None:
    await script(boxes.docker, image="busybox", lines=["up"], stay=True, ignore_signals=True)
    box = await boxes.run("sh")
    await box.until_output("up")
    await box.post("stop?t=0")
    assert (await box.state())["ExitCode"] == 137


async def test_out_of_memory(boxes: Boxes) -> None:
    await script(boxes.docker, image="busybox", oom_after=0.01, stay=True)
    box = await boxes.run("sh")
    assert await box.wait() == 137
    assert (await box.state())["OOMKilled"] is True


@pytest.mark.parametrize(("code", "exits"), [(0, 126), (127, 127)])
async def test_a_container_that_cannot_be_started(boxes: Boxes, code: int, exits: int) -> None:
    reason = 'exec: "sh": cannot execute binary file'
    await script(boxes.docker, image="busybox", start_error=reason, exit_code=code)
    box = await boxes.create("sh")
    status, message = await box.post("start")
    assert status == 400
    assert message.endswith(
        f"unable to start container process: error during container init: {reason}"
    )
    state = await box.state()
    assert (state["Status"], state["ExitCode"], state["Error"]) == ("created", exits, message)


async def test_an_exec_is_scripted_by_its_command_alone(boxes: Boxes) -> None:
    await script(boxes.docker, command="true --fail*", lines=["failed"], exit_code=5)
    box = await boxes.run("sleep", "1000")
    assert await box.exec("true", "--fail", "now") == (5, "failed\n")
    assert await box.exec("true") == (0, "")
    assert (await box.exec("sh", "-c", "env true --fail"))[0] == 5, "whoever starts it"


async def test_an_image_alone_leaves_execs_as_they_are(boxes: Boxes) -> None:
    await script(boxes.docker, image="busybox", lines=["up"], stay=True)
    box = await boxes.run("sh")
    await box.until_output("up")
    assert await box.exec("echo", "simulated") == (0, "simulated\n")


async def test_a_health_check_that_fails_at_first(boxes: Boxes) -> None:
    await script(boxes.docker, image="busybox", stay=True)
    check = {"Test": ["CMD", "/bin/true"], "Interval": 2_000_000, "Retries": 1}
    sick = await script(boxes.docker, executable="true", exit_code=1)
    box = await boxes.run("sh", Healthcheck=check)
    await box.until(lambda shown: shown["State"]["Health"]["Status"] == "unhealthy")
    await boxes.docker.delete(f"/_mock/behaviours/{sick}")
    await box.until(lambda shown: shown["State"]["Health"]["Status"] == "healthy")


async def test_a_step_of_a_classic_build(boxes: Boxes) -> None:
    await script(boxes.docker, image="busybox", lines=["never in a build"], stay=True)
    await script(boxes.docker, executable="ls", lines=["cannot install"], exit_code=100)
    messages = await build(boxes.docker, "FROM busybox\nRUN ls\n")
    assert "cannot install\n" in text_of(messages)
    assert messages[-1]["errorDetail"]["code"] == 100


async def test_a_program_in_python() -> None:
    async def main(proc: Process) -> int:
        await proc.out(f"{proc.argv} in {proc.env['PLACE']}\n")
        return len(proc.argv)

    async with MockDaemon() as mock:
        client = Client(mock.socket_path)
        await client.post("/images/create?fromImage=busybox&tag=latest")
        boxes = Boxes(client, mock.socket_path)
        number = mock.script(executable="ls", main=main)
        box = await boxes.run("ls", "-l", Env=["PLACE=here"])
        assert await box.wait() == 2
        assert await box.output() == "['ls', '-l'] in here\n"
        assert (await client.get("/_mock/behaviours")).json[0]["in_process"] is True
        mock.unscript(number)
        assert (await client.get("/_mock/behaviours")).json == []
        await client.session.close()


def test_the_fixture_scripts_from_another_thread(mockerd: MockDaemon) -> None:
    number = mockerd.script(image="redis", lines=["mine"], ports=[{"port": 1, "answer": b"\0\xff"}])
    assert [one.number for one in mockerd.call(lambda daemon: list(daemon.behaviours))] == [number]


async def test_a_manual_clock_moves_a_script_on() -> None:
    async with MockDaemon(clock="manual") as mock:
        client = Client(mock.socket_path)
        await client.post("/images/create?fromImage=busybox&tag=latest")
        boxes = Boxes(client, mock.socket_path)
        mock.script(image="busybox", lines=["one", {"text": "two", "after": 3600}], exit_after=7200)
        box = await boxes.run("sh")
        begun = time.monotonic()
        assert await box.until_output("one") == "one\n"
        mock.advance(3600)
        await box.until_output("two")
        assert await box.status() == "running"
        mock.advance(3600)
        async with asyncio.timeout(PATIENCE):
            assert await box.wait() == 0
        assert time.monotonic() - begun < PATIENCE
        await client.session.close()


async def test_a_client_over_tcp_cannot_have_ports_forwarded(tmp_path: Path) -> None:
    hosts = [f"unix://{tmp_path}/s", "tcp://127.0.0.1:0"]
    behaviour = {"image": "x", "ports": [{"port": 1, "forward": "127.0.0.1:22"}]}
    async with MockDaemon(hosts=hosts) as mock, aiohttp.ClientSession() as session:
        url = mock.daemon.hosts[-1].replace("tcp", "http") + "/_mock/behaviours"
        async with session.post(url, json=behaviour) as reply:
            assert reply.status == 403
        client = Client(mock.socket_path)
        assert (await client.post("/_mock/behaviours", behaviour)).status == 201
        await client.session.close()

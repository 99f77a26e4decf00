"""Execs: created, started, attached to, inspected, resized, as Engine 28.5.2 does it."""

import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import Box, Boxes, frames

FAILED = "OCI runtime exec failed: exec failed: "
START = f"{FAILED}unable to start container process: "


async def create(box: Box, *command: str, **request: object) -> str:
    body = {"Cmd": list(command), "AttachStdout": True, **request}
    made = await box.docker.post(f"/containers/{box.name}/exec", body)
    assert made.status == 201, made.body
    exec_id: str = made.json["Id"]
    return exec_id


async def test_before_its_start(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "echo", "hi")
    shown = (await boxes.docker.get(f"/exec/{exec_id}/json")).json
    assert shown == {
        "ID": exec_id,
        "Running": False,
        "ExitCode": None,
        "ProcessConfig": {"tty": False, "entrypoint": "echo", "arguments": ["hi"], "privileged": False},
        "OpenStdin": False,
        "OpenStderr": False,
        "OpenStdout": True,
        "CanRemove": False,
        "ContainerID": box.id,
        "DetachKeys": "",
        "Pid": 0,
    }  # fmt: skip
    assert (await box.inspect())["ExecIDs"] == [exec_id]


async def test_after_its_end(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "sh", "-c", "exit 7")
    await boxes.docker.post(f"/exec/{exec_id}/start", {})
    shown = (await boxes.docker.get(f"/exec/{exec_id}/json")).json
    assert (shown["Running"], shown["ExitCode"]) == (False, 7)
    assert shown["Pid"] > 0
    assert (await box.inspect())["ExecIDs"] is None


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"Cmd": []}, "No exec command specified"),
        ({"Cmd": ["id"], "User": "nosuch"}, "unable to find user nosuch: no matching entries in passwd file"),
        ({"Cmd": ["id"], "User": "nobody:nosuch"}, "unable to find group nosuch: no matching entries in group file"),
        ({"Cmd": "ls"}, "invalid JSON: json: cannot unmarshal string into Go struct field ExecOptions.Cmd of type []string"),
    ],
)  # fmt: skip
async def test_refuses(boxes: Boxes, request_: dict[str, object], text: str) -> None:
    box = await boxes.run("top")
    assert await box.post("exec", request_) == (400, text)


async def test_an_unknown_exec(boxes: Boxes) -> None:
    for method, path in (("GET", "json"), ("POST", "start"), ("POST", "resize?h=1&w=1")):
        answer = await boxes.docker.ask(
            method, f"/exec/nosuch/{path}", {} if path == "start" else None
        )
        assert answer.refusal == (404, "No such exec instance: nosuch")


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        ({"Cmd": ["nosuch"]}, 127, f'{START}exec: "nosuch": executable file not found in $PATH'),
        ({"Cmd": ["/etc/passwd"]}, 126, f'{START}exec: "/etc/passwd": permission denied'),
        ({"Cmd": ["pwd"], "WorkingDir": "/nosuch"}, 127, f'{START}chdir to cwd ("/nosuch") set in config.json failed: no such file or directory'),
        ({"Cmd": ["pwd"], "WorkingDir": "tmp"}, 128, f"{FAILED}Cwd must be an absolute path"),
        ({"Cmd": ["env"], "Env": ["=1"]}, 128, f"{START}invalid environment variable: name cannot be empty"),
    ],
)  # fmt: skip
async def test_what_cannot_start_says_so_in_the_stream(
    boxes: Boxes, request_: dict[str, object], code: int, text: str
) -> None:
    box = await boxes.run("top")
    made = await boxes.docker.post("/containers/box/exec", request_)
    started = await boxes.docker.post(f"/exec/{made.json['Id']}/start", {})
    assert frames(started.body) == [(1, f"{text}\r\n")]
    shown = (await boxes.docker.get(f"/exec/{made.json['Id']}/json")).json
    assert (shown["Running"], shown["ExitCode"]) == (False, code)
    assert await box.status() == "running"


async def test_a_detached_exec_that_cannot_start_is_refused(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "nosuch")
    answer = await boxes.docker.post(f"/exec/{exec_id}/start", {"Detach": True})
    text = f'{START}exec: "nosuch": executable file not found in $PATH'
    assert answer.refusal == (400, text)


async def test_an_exec_runs_once(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "true")
    await boxes.docker.post(f"/exec/{exec_id}/start", {})
    again = await boxes.docker.post(f"/exec/{exec_id}/start", {"Detach": True})
    assert again.refusal == (409, f"exec command {exec_id} has already run")
    in_band = await boxes.docker.post(f"/exec/{exec_id}/start", {})
    assert frames(in_band.body) == [(1, f"exec command {exec_id} has already run\r\n")]


async def test_streams_keep_apart(boxes: Boxes) -> None:
    await boxes.run("top")
    made = await boxes.docker.post(
        "/containers/box/exec",
        {"Cmd": ["sh", "-c", "echo o; echo e >&2"], "AttachStdout": True, "AttachStderr": True},
    )
    started = await boxes.docker.post(f"/exec/{made.json['Id']}/start", {})
    assert sorted(frames(started.body)) == [(1, "o\n"), (2, "e\n")]


async def test_the_environment_of_container_and_exec(boxes: Boxes) -> None:
    box = await boxes.run("top", Env=["A=1", "C=3"], Hostname="h", WorkingDir="/tmp")
    code, output = await box.exec("env", Env=["B=2", "A=x"], User="1234")
    assert code == 0
    assert output.splitlines()[1:] == ["HOSTNAME=h", "A=x", "C=3", "B=2", "HOME=/"]
    assert await box.exec("pwd") == (0, "/tmp\n")
    assert await box.exec("pwd", WorkingDir="/etc") == (0, "/etc\n")


async def test_the_head_of_an_upgraded_exec(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "echo", "hi")
    wire = await boxes.hijack(f"/v1.51/exec/{exec_id}/start", {})
    head = await wire.head()
    assert head.startswith("HTTP/1.1 101 UPGRADED\r\n")
    assert "Content-Type: application/vnd.docker.multiplexed-stream" in head
    assert "Api-Version: 1.51" in head
    assert frames(await wire.rest()) == [(1, "hi\n")]


async def test_without_an_upgrade_the_head_is_plain(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "true")
    wire = await boxes.hijack(f"/exec/{exec_id}/start", {}, upgrade=False)
    head = await wire.head()
    assert head.startswith("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n")
    assert "Content-Length" not in head
    await wire.rest()


async def test_what_comes_in_goes_out_before_the_end(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "cat", AttachStdin=True)
    wire = await boxes.hijack(f"/exec/{exec_id}/start", {})
    await wire.head()
    wire.send(b"abc\n")
    wire.half_close()
    assert frames(await wire.rest()) == [(1, "abc\n")]
    assert (await boxes.docker.get(f"/exec/{exec_id}/json")).json["ExitCode"] == 0


async def test_a_terminal_started_without_one_is_framed(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "sh", "-c", "echo a; echo b", Tty=True)
    started = await boxes.docker.post(f"/exec/{exec_id}/start", {})
    assert frames(started.body) == [(1, "a\r\nb\r\n")]


async def test_no_terminal_started_with_one_is_raw(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "echo", "a")
    started = await boxes.docker.post(f"/exec/{exec_id}/start", {"Tty": True})
    assert started.body == b"a\n"


@pytest.mark.parametrize("where", ["create", "start"])
async def test_the_size_of_the_console(boxes: Boxes, where: str) -> None:
    box = await boxes.run("top")
    size = {"ConsoleSize": [31, 91]}
    exec_id = await create(box, "stty", "size", Tty=True, **(size if where == "create" else {}))
    body = {"Tty": True, **(size if where == "start" else {})}
    started = await boxes.docker.post(f"/exec/{exec_id}/start", body)
    assert started.body == b"31 91\r\n"


async def test_a_resize_reaches_the_terminal(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "sh", "-c", "read x; stty size", Tty=True, AttachStdin=True)
    wire = await boxes.hijack(f"/exec/{exec_id}/start", {"Tty": True})
    await wire.head()
    assert (await boxes.docker.post(f"/exec/{exec_id}/resize?h=40&w=100")).status == 200
    wire.send(b"\n")
    await wire.until(b"40 100\r\n")
    await wire.rest()


async def test_a_resize_of_what_has_ended(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "true")
    await boxes.docker.post(f"/exec/{exec_id}/start", {})
    answer = await boxes.docker.post(f"/exec/{exec_id}/resize?h=1&w=1")
    assert answer.refusal == (404, f"NotFound: process does not exist {exec_id}: not found")


async def test_a_resize_in_a_paused_container(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "true")
    await box.post("pause")
    answer = await boxes.docker.post(f"/exec/{exec_id}/resize?h=1&w=1")
    text = f"Container {box.id} is paused, unpause the container before exec"
    assert answer.refusal == (409, text)


async def test_the_detach_keys_leave_the_process_behind(boxes: Boxes) -> None:
    """dockerd calls it a failure of the exec, and so do we."""
    box = await boxes.run("top")
    exec_id = await create(box, "sleep", "100", Tty=True, AttachStdin=True, DetachKeys="ctrl-a,x")
    wire = await boxes.hijack(f"/exec/{exec_id}/start", {"Tty": True})
    await wire.head()
    wire.send(b"\x01x")
    rest = await wire.rest()
    assert rest == b"exec attach failed: error on attach stdin: read escape sequence\r\n"
    shown = (await boxes.docker.get(f"/exec/{exec_id}/json")).json
    assert (shown["Running"], shown["ExitCode"], shown["DetachKeys"]) == (False, 126, "AXg=")
    assert "sleep" in (await box.exec("ps"))[1]


async def test_the_code_of_what_the_detach_keys_left_is_unknown(
    boxes: Boxes, mock: MockDaemon
) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "sleep", "100", Tty=True, AttachStdin=True)
    wire = await boxes.hijack(f"/exec/{exec_id}/start", {"Tty": True})
    await wire.head()
    wire.send(b"\x10\x11")
    await wire.rest()
    with mock.daemon.events.listen((seen := []).append):
        await box.post("kill")
        await box.wait()
    [died] = [event for event in seen if event.action == "exec_die"]
    assert died.attributes["exitCode"] == "127"


async def test_one_never_started_goes_with_the_run_of_its_container(boxes: Boxes) -> None:
    box = await boxes.run("top")
    exec_id = await create(box, "true")
    await box.post("kill")
    answer = await boxes.docker.get(f"/exec/{exec_id}/json")
    assert answer.refusal == (404, f"No such exec instance: {exec_id}")


async def test_one_of_a_removed_container_is_still_told_from_what_never_was(boxes: Boxes) -> None:
    await boxes.run("top")
    made = await boxes.docker.post("/containers/box/exec", {"Cmd": ["true"]})
    path = f"/exec/{made.json['Id']}"
    await boxes.docker.post(f"{path}/start", {})
    await boxes.docker.delete("/containers/box?force=1")
    shown = await boxes.docker.get(f"{path}/json")
    assert shown.refusal == (404, f"No such exec instance: {made.json['Id']}")
    again = await boxes.docker.post(f"{path}/start", {})
    assert again.refusal == (404, f"No such container: {made.json['Id']}")

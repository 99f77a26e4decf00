"""POST /containers/{name}/start: what the process finds, and what dockerd and runc say when there is none."""

import pytest

from tests.behaviour.boxes import Boxes

RUNC = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: "
    "runc create failed: "
)
INIT = f"{RUNC}unable to start container process: error during container init: "
HINT = (
    "not a directory: Are you trying to mount a directory onto a file (or vice-versa)? "
    "Check if the specified host path exists and is the expected type"
)
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ("nosuch", 127, 'exec: "nosuch": executable file not found in $PATH'),
        ("/bin/nosuch", 127, 'exec: "/bin/nosuch": stat /bin/nosuch: no such file or directory'),
        ("/etc/passwd", 126, 'exec: "/etc/passwd": permission denied'),
        ("/etc", 126, 'exec: "/etc": is a directory: permission denied'),
        ("/etc/passwd/x", 127, f'exec: "/etc/passwd/x": stat /etc/passwd/x: {HINT}'),
        ("", 127, 'exec: "": executable file not found in $PATH'),
    ],
)
async def test_a_command_that_cannot_be_executed(
    boxes: Boxes, command: str, code: int, text: str
) -> None:
    box = await boxes.create(command)
    assert await box.post("start") == (400, INIT + text)
    state = await box.state()
    assert (state["Status"], state["ExitCode"], state["Error"]) == ("created", code, INIT + text)


@pytest.mark.parametrize(
    ("config", "status", "text"),
    [
        ({"User": "nosuch"}, 500, "unable to find user nosuch: no matching entries in passwd file"),
        ({"User": "root:nosuch"}, 500, "unable to find group nosuch: no matching entries in group file"),
        ({"User": "-1"}, 500, "uids and gids must be in range 0-2147483647"),
        ({"HostConfig": {"GroupAdd": ["nosuch"]}}, 500, "unable to find group nosuch: no matching entries in group file"),
        ({"HostConfig": {"NetworkMode": "nosuch"}}, 404, "failed to set up container networking: network nosuch not found"),
        ({"HostConfig": {"NetworkMode": "container:nosuch"}}, 500, "joining network namespace of container: No such container: nosuch"),
        ({"HostConfig": {"Tmpfs": {"/t": "foo"}}}, 500, 'invalid tmpfs option "foo"'),
        ({"HostConfig": {"Ulimits": [{"Name": "nosuch"}]}}, 500, f"{RUNC}wrong rlimit value: RLIMIT_NOSUCH"),
        ({"HostConfig": {"Sysctls": {"foo.bar": "1"}}}, 500, f'{RUNC}sysctl "foo.bar" is not in a separate kernel namespace'),
        (
            {"HostConfig": {"Devices": [{"PathOnHost": "/dev/nosuch", "PathInContainer": "/dev/n"}]}},
            500,
            'error gathering device information while adding custom device "/dev/nosuch": no such file or directory',
        ),
    ],
)  # fmt: skip
async def test_a_container_that_cannot_be_set_up(
    boxes: Boxes, config: dict[str, object], status: int, text: str
) -> None:
    box = await boxes.create("true", **config)
    assert await box.post("start") == (status, text)
    state = await box.state()
    assert (state["Status"], state["ExitCode"], state["Error"]) == ("created", 128, text)


async def test_a_failed_start_leaves_nothing_taken(boxes: Boxes) -> None:
    """The address that was given to the first container is free for the second."""
    await (await boxes.create("nosuch", name="first")).post("start")
    second = await boxes.run("top", name="second")
    assert (await second.inspect())["NetworkSettings"]["IPAddress"] == "172.17.0.2"


async def test_a_container_to_be_removed_goes_when_it_cannot_start(boxes: Boxes) -> None:
    box = await boxes.create("nosuch", HostConfig={"AutoRemove": True})
    assert (await box.post("start"))[0] == 400
    assert (await boxes.docker.get("/containers/box/json")).status == 404


async def test_a_second_start_works_once_the_reason_is_gone(boxes: Boxes) -> None:
    box = await boxes.create("true", HostConfig={"NetworkMode": "later"})
    assert (await box.post("start"))[0] == 404
    await boxes.docker.post("/networks/create", {"Name": "later"})
    await box.start()
    assert await box.wait() == 0
    assert (await box.state())["Error"] == ""


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        ("1234", "uid=1234 gid=0(root) groups=0(root)"),
        ("1234:99", "uid=1234 gid=99 groups=99"),
        ("nobody", "uid=65534(nobody) gid=65534(nobody) groups=65534(nobody)"),
    ],
)
async def test_the_process_runs_as_the_user(boxes: Boxes, user: str, shown: str) -> None:
    box = await boxes.finished("id", User=user)
    assert await box.output() == f"{shown}\n"


async def test_the_environment_in_dockers_order(boxes: Boxes) -> None:
    box = await boxes.finished("env", Env=["A=1", "PATH=/bin", "HOME=/x", "B", "Z=z"], Hostname="h")
    assert await box.output() == "PATH=/bin\nHOSTNAME=h\nA=1\nHOME=/x\nZ=z\n"


async def test_home_comes_from_the_password_file(boxes: Boxes) -> None:
    box = await boxes.finished("env", User="1234", Hostname="h")
    assert await box.output() == f"{PATH}\nHOSTNAME=h\nHOME=/\n"


async def test_a_working_directory_is_made_for_root(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "pwd; stat -c %u:%a .", WorkingDir="/a/b", User="nobody")
    assert await box.output() == "/a/b\n0:755\n"


async def test_the_files_that_dockerd_writes(boxes: Boxes) -> None:
    box = await boxes.finished(
        "cat",
        "/etc/hosts",
        "/etc/hostname",
        Hostname="hh",
        Domainname="d.org",
        HostConfig={"ExtraHosts": ["a:1.2.3.4", "g:host-gateway"]},
    )
    assert await box.output() == (
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::\tip6-localnet\n"
        "ff00::\tip6-mcastprefix\n"
        "ff02::1\tip6-allnodes\n"
        "ff02::2\tip6-allrouters\n"
        "1.2.3.4\ta\n"
        "172.17.0.1\tg\n"
        "172.17.0.2\thh.d.org hh\n"
        "hh\n"
    )


async def test_name_servers_as_asked_for(boxes: Boxes) -> None:
    box = await boxes.finished(
        "cat",
        "/etc/resolv.conf",
        HostConfig={"Dns": ["9.9.9.9"], "DnsSearch": ["x.org"], "DnsOptions": ["ndots:2"]},
    )
    assert (await box.output()).splitlines()[4:7] == [
        "nameserver 9.9.9.9",
        "search x.org",
        "options ndots:2",
    ]


async def test_a_user_network_has_its_own_name_server(boxes: Boxes) -> None:
    await boxes.docker.post("/networks/create", {"Name": "net"})
    box = await boxes.finished("cat", "/etc/resolv.conf", HostConfig={"NetworkMode": "net"})
    assert "nameserver 127.0.0.11\noptions ndots:0\n" in await box.output()


async def test_a_read_only_root(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "echo > /x", HostConfig={"ReadonlyRootfs": True})
    assert await box.output() == "sh: can't create /x: Read-only file system\n"


async def test_an_init_process_passes_the_exit_code_on(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "exit 5", HostConfig={"Init": True})
    assert (await box.state())["ExitCode"] == 5


async def test_a_body_is_refused_since_it_was_dropped(boxes: Boxes) -> None:
    box = await boxes.create("true")
    text = (
        "starting container with non-empty request body was deprecated since API v1.22 "
        "and removed in v1.24"
    )
    assert await box.post("start", {"Binds": ["/a:/b"]}) == (400, text)
    assert await box.post("start", {}) == (204, "")


async def test_two_starts_at_once_make_one_run(boxes: Boxes) -> None:
    import asyncio

    box = await boxes.create("top")
    answers = await asyncio.gather(*(box.post("start") for _ in range(5)))
    assert sorted(status for status, _ in answers) == [204, 304, 304, 304, 304]

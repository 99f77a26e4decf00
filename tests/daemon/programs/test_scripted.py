"""Which behaviour is meant, how it is written, and what a scripted process does, on a machine of the test's own."""

import pytest

from daemon.behaviours import Behaviour, Behaviours, Line, Port, Run, as_json, behaviour_of
from daemon.behaviours import forwarding as read_forwards
from daemon.errors import InvalidParameter
from daemon.process.sockets import Connection
from daemon.process.status import ExitStatus, Program
from daemon.programs.scripted import program_for
from tests.daemon.programs.network import Container, Lan


def run(*argv: str, image: str = "redis:7", path: str = "/bin/app", main: bool = True) -> Run:
    return Run(lambda: [image], path, argv, main)


@pytest.mark.parametrize(
    ("behaviour", "meant"),
    [
        (Behaviour(image="redis"), True),
        (Behaviour(image="redis:*"), True),
        (Behaviour(image="redis:6"), False),
        (Behaviour(image="red"), False),
        (Behaviour(command="app --port *"), True),
        (Behaviour(command="app"), False),
        (Behaviour(executable="app"), True),
        (Behaviour(executable="/bin/*"), True),
        (Behaviour(executable="bin"), False),
        (Behaviour(image="redis", executable="other"), False),
    ],
)
def test_every_pattern_that_is_given_must_match(behaviour: Behaviour, meant: bool) -> None:
    assert behaviour.is_meant(run("app", "--port", "80")) is meant


@pytest.mark.parametrize(
    "image", ["redis", "host:5000/team/redis", "redis@sha256:12", "redis:7@sha256:12"]
)
def test_a_name_without_a_tag_means_every_tag(image: str) -> None:
    bare = image.partition("@")[0].removesuffix(":7")
    assert Behaviour(image=bare).is_meant(run("app", image=image))


def test_an_image_alone_means_its_main_processes() -> None:
    assert not Behaviour(image="redis").is_meant(run("app", main=False))
    assert Behaviour(image="redis", executable="app").is_meant(run("app", main=False))


def test_the_latest_behaviour_wins_until_it_is_removed() -> None:
    behaviours = Behaviours([Behaviour(image="redis")])
    latest = behaviours.add(Behaviour(executable="app"))
    assert (found := behaviours.find(run("app"))) is not None
    assert found.number == latest
    assert behaviours.remove(latest)
    assert not behaviours.remove(latest), "it is gone"
    assert (found := behaviours.find(run("app"))) is not None
    assert found.behaviour.image == "redis"
    behaviours.remove()
    assert behaviours.find(run("app")) is None


def test_json_is_read_and_shown_alike() -> None:
    text = b"""{"image": "web", "lines": ["one", {"text": "two", "stream": "stderr"}], "exit_after": 2.0,
        "ports": [{"port": 80, "status": 404, "body": "no"}]}"""
    behaviour = behaviour_of(text)
    assert behaviour.lines == ("one", Line("two", "stderr"))
    assert behaviour.ports == (Port(80, status=404, body=b"no"),)
    assert behaviour_of(as_json(behaviour)) == behaviour
    assert as_json(Behaviour(ports=(Port(1, answer=b"\xff"),)))["ports"][0]["answer"] == "\ufffd"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (b'{"imgae": "x"}', "imgae: Unexpected"),
        (b'{"ports": [{"prot": 80}]}', "ports.0"),
        (b'{"exit_code": "soon"}', "exit_code"),
        (b"{", "Invalid JSON"),
    ],
)
def test_what_is_misspelt_is_refused_with_its_place(text: bytes, refusal: str) -> None:
    with pytest.raises(InvalidParameter, match=refusal):
        behaviour_of(text)


def test_forwards_of_one_image_are_one_behaviour() -> None:
    found = read_forwards(["a:5000/db:1=::1:2", "cache:6379=[::1]:6380", "cache:6380=host:1"])
    assert [(one.image, [(p.port, p.forward) for p in one.ports]) for one in found] == [
        ("a:5000/db", [(1, "::1:2")]),
        ("cache", [(6379, "[::1]:6380"), (6380, "host:1")]),
    ]


@pytest.mark.parametrize(
    "spec", ["redis", "redis=x:1", ":1=x:1", "redis:0=x:1", "redis:1=x", "redis:1=x:99999"]
)
def test_a_forward_of_another_form_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        read_forwards([spec])


# --- performing


async def nowhere(_host: str, _port: int) -> Connection:
    raise AssertionError("nothing is forwarded here")


def scripted(lan: Lan, behaviour: Behaviour, name: str = "box") -> Container:
    """A container whose /bin/app does as told."""
    box = lan.container(name, bin_app="test/app")
    behaviours = Behaviours([behaviour])

    def script(path: str, argv: list[str], main: bool) -> Program | None:
        found = behaviours.find(Run(list, path, argv, main))
        return None if found is None else program_for(found, nowhere)

    box.machine.scripted = script
    return box


async def test_lines_come_in_order_and_then_the_end() -> None:
    async with Lan() as lan:
        lines = ("one", Line("oops", "stderr", after=0.5), "two")
        box = scripted(lan, Behaviour(executable="app", lines=lines, exit_code=3))
        begun = lan.clock.monotonic()
        assert await box.run("app") == (3, "one\ntwo\n", "oops\n")
        assert lan.clock.monotonic() - begun >= 0.5


async def test_an_end_in_the_middle_of_the_lines() -> None:
    async with Lan() as lan:
        lines = ("one", Line("never", after=1000))
        box = scripted(lan, Behaviour(executable="app", lines=lines, exit_after=0.1))
        assert await box.run("app") == (0, "one\n", "")


@pytest.mark.parametrize(("deaf", "ends"), [(False, ExitStatus(7)), (True, ExitStatus(signal=9))])
async def test_it_stays_until_signalled(deaf: bool, ends: ExitStatus) -> None:
    async with Lan() as lan:
        behaviour = Behaviour(
            executable="app", lines=("up",), stay=True, ignore_signals=deaf, exit_code=7
        )
        box = scripted(lan, behaviour)
        running = await (await box.start("app")).said("up")
        box.machine.signal(running.process.pid, 15)
        if deaf:
            assert running.process.pending == frozenset()
            box.machine.signal(running.process.pid, 9)
        assert await box.machine.wait(running.process) == ends


async def test_ports_greet_answer_and_speak_http() -> None:
    async with Lan() as lan:
        ports = (
            Port(1, greeting=b"hello\n"),
            Port(2, answer=b"+PONG\r\n"),
            Port(3, status=503, body=b"not yet"),
        )
        box = scripted(lan, Behaviour(executable="app", lines=("ready",), ports=ports))
        client = lan.container("client", bin_nc="busybox/nc", bin_curl="gnu/curl")
        await (await box.start("app")).said("ready")
        assert (await client.run("nc", "box", "1"))[1] == "hello\n"
        assert (await client.run("nc", "box", "2", stdin=b"PING\r\n"))[1] == "+PONG\r\n"
        shown = await client.run("curl", "-s", "-w", " %{http_code}", "http://box:3/")
        assert shown[1] == "not yet 503"


async def test_a_port_that_opens_late_refuses_until_then() -> None:
    async with Lan() as lan:
        lines = ("begun", Line("open", after=5))
        ports = (Port(80, after=5, greeting=b"late\n"),)
        box = scripted(lan, Behaviour(executable="app", lines=lines, ports=ports))
        client = lan.container("client", bin_nc="busybox/nc")
        running = await (await box.start("app")).said("begun")
        assert "refused" in (await client.run("nc", "box", "80"))[2]
        await running.said("open")
        assert (await client.run("nc", "box", "80"))[1] == "late\n"


async def test_a_child_that_cannot_be_started_is_an_error_of_exec() -> None:
    async with Lan() as lan:
        box = scripted(lan, Behaviour(executable="app", start_error="no"))
        box.install("/bin/parent", _spawning_parent)
        assert await box.run("parent") == (0, "Permission denied\n", "")


async def _spawning_parent(proc: object) -> int:
    from daemon.process.process import Process

    assert isinstance(proc, Process)
    try:
        await proc.spawn(["app"])
    except OSError as error:
        await proc.out(f"{error.strerror}\n")
    return 0

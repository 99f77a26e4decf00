"""redis-server and redis-cli, against each other and in the protocol's own bytes."""

import pytest

from daemon.programs.services.redis_wire import Failure, Reader, Status, command, encode
from tests.daemon.programs.network import Container, Lan, Running


@pytest.fixture
async def store(lan: Lan) -> Container:
    return lan.container("store", bin_server="redis/redis-server", bin_cli="redis/redis-cli")


async def started(store: Container, *words: str) -> Running:
    return await (await store.start("server", *words)).said("Ready to accept connections tcp")


async def cli(store: Container, *words: str, stdin: bytes | None = None) -> str:
    code, out, err = await store.run("cli", *words, stdin=stdin)
    assert (code, err) == (0, "")
    return out


async def test_it_says_what_redis_says_at_its_start(store: Container) -> None:
    running = await started(store)
    assert "* oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n" in running.out
    assert running.out.endswith("M " + running.out.splitlines()[-1].split("M ", 1)[1] + "\n")


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["ping"], "PONG\n"),
        (["set", "k", "v"], "OK\n"),
        (["get", "nothing"], "\n"),
        (["incr", "n"], "1\n"),
        (["rpush", "l", "a", "b"], "2\n"),
        (["nosuch"], "ERR unknown command 'nosuch', with args beginning with: \n"),
        (["--no-raw", "get", "nothing"], "(nil)\n"),
        (["--no-raw", "incr", "n"], "(integer) 1\n"),
        (["--no-raw", "echo", 'a"b'], '"a\\"b"\n'),
        (["--no-raw", "keys", "*"], "(empty array)\n"),
    ],
)
async def test_one_command(store: Container, words: list[str], out: str) -> None:
    await started(store)
    assert await cli(store, *words) == out


async def test_lines_of_input(store: Container) -> None:
    await started(store)
    text = b"set greeting 'hello world'\nget greeting\nlrange greeting 0 -1\n"
    out = await cli(store, stdin=text)
    assert out.splitlines()[:2] == ["OK", "hello world"]
    assert out.splitlines()[2].startswith("WRONGTYPE ")


async def test_a_command_that_waits_is_answered_by_another_client(store: Container) -> None:
    await started(store)
    waiting = await store.start("cli", "blpop", "jobs", "0")
    while "1" not in (await cli(store, "info", "clients")).partition("blocked_clients:")[2][
        :1
    ] and not await cli(store, "llen", "jobs"):
        pass
    await cli(store, "rpush", "jobs", "one")
    assert await waiting.ended() == 0
    assert waiting.out == "jobs\none\n"


async def test_subscribers_hear_what_is_published(store: Container) -> None:
    await started(store)
    listening = await (await store.start("cli", "subscribe", "news")).said("subscribe\nnews\n1")
    assert await cli(store, "publish", "news", "today") == "1\n"
    await listening.said("message\nnews\ntoday")


async def test_a_password_is_asked_for(store: Container) -> None:
    await started(store, "--requirepass", "secret")
    assert (await cli(store, "ping")).startswith("NOAUTH ")
    err = (await store.run("cli", "--no-auth-warning", "-a", "wrong", "ping"))[2]
    assert err.startswith("AUTH failed: WRONGPASS ")
    assert await cli(store, "--no-auth-warning", "-a", "secret", "ping") == "PONG\n"


async def test_it_ends_by_sigterm_and_a_taken_port_is_refused(store: Container) -> None:
    running = await started(store)
    code, out, _ = await store.run("server")
    assert code == 1
    assert "bind: Address already in use" in out
    store.machine.signal(running.process.pid, 15)
    assert await running.ended() == 0
    assert running.out.endswith("# Redis is now ready to exit, bye bye...\n")


async def test_nobody_there(store: Container) -> None:
    code, _, err = await store.run("cli", "ping")
    assert (code, err) == (1, "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n")


@pytest.mark.parametrize(
    ("value", "two", "three"),
    [
        (None, b"$-1\r\n", b"_\r\n"),
        (Status("OK"), b"+OK\r\n", b"+OK\r\n"),
        (Failure("ERR no"), b"-ERR no\r\n", b"-ERR no\r\n"),
        (b"a\r\nb", b"$4\r\na\r\nb\r\n", b"$4\r\na\r\nb\r\n"),
        ([1, [b"x"]], b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n"),
        ({b"k": True}, b"*2\r\n$1\r\nk\r\n:1\r\n", b"%1\r\n$1\r\nk\r\n#t\r\n"),
    ],
)
def test_replies_in_both_versions(value: object, two: bytes, three: bytes) -> None:
    assert (encode(value, 2), encode(value, 3)) == (two, three)


def test_a_reader_takes_bytes_as_they_come() -> None:
    reader = Reader()
    data = command([b"SET", b"k", b""]) + b":7\r\n$-1\r\n"
    values = [value for byte in data for value in reader.feed(bytes([byte]))]
    assert values == [[b"SET", b"k", b""], 7, None]

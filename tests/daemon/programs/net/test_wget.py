"""wget in both flavours."""

import pytest

from tests.daemon.programs.net.web import OneReply
from tests.daemon.programs.network import Container, Lan

OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nhi\n"
MISSING = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnone\n"


@pytest.fixture
async def busybox(lan: Lan) -> Container:
    return lan.container("busybox", bin_wget="busybox/wget")


@pytest.fixture
async def gnu(lan: Lan) -> Container:
    return lan.container("gnu", bin_wget="gnu/wget")


async def serving(lan: Lan, reply: str) -> OneReply:
    server = OneReply(lan, reply)
    await server.start()
    return server


@pytest.mark.parametrize("flavour", ["busybox", "gnu"])
async def test_quietly_to_stdout(lan: Lan, flavour: str) -> None:
    client = lan.container("client", bin_wget=f"{flavour}/wget")
    await serving(lan, OK)
    assert await client.run("wget", "-qO-", "http://server/") == (0, "hi\n", "")
    assert await client.run("wget", "-q", "-O", "-", "server") == (0, "hi\n", "")


async def test_busybox_tells_where_it_connects_and_what_it_saves(
    lan: Lan, busybox: Container
) -> None:
    server = await serving(lan, OK)
    code, _, err = await busybox.run("wget", "http://server/page.html")
    assert code == 0
    assert err.startswith(
        f"Connecting to server ({server.container.address}:80)\nsaving to 'page.html'\n"
    )
    assert err.endswith("'page.html' saved\n")
    assert busybox.fs.read_bytes("/page.html") == b"hi\n"
    code, _, err = await busybox.run("wget", "-q", "http://server/page.html")
    assert (code, err) == (1, "wget: can't open 'page.html': File exists\n")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://nosuch/", "wget: bad address 'nosuch'\n"),
        (
            "http://server:81/",
            "wget: can't connect to remote host (10.9.0.3): Connection refused\n",
        ),
        ("http://server/", "wget: server returned error: HTTP/1.1 404 Not Found\n"),
        ("gopher://server/", "wget: not an http or ftp url: gopher://server/\n"),
    ],
)
async def test_busybox_fails_with_1(lan: Lan, busybox: Container, url: str, text: str) -> None:
    await serving(lan, MISSING)
    assert await busybox.run("wget", "-q", url) == (1, "", text)


async def test_busybox_gives_up_on_silence(lan: Lan, busybox: Container) -> None:
    code, _, err = await busybox.run("wget", "-q", "-T", "1", "http://10.9.0.99/")
    assert (code, err) == (1, "wget: download timed out\n")


async def test_spider_only_looks(lan: Lan, busybox: Container) -> None:
    await serving(lan, OK)
    code, out, err = await busybox.run("wget", "--spider", "http://server/")
    assert (code, out) == (0, "")
    assert err.endswith("remote file exists\n")


async def test_data_is_posted(lan: Lan, busybox: Container) -> None:
    server = await serving(lan, OK)
    await busybox.run(
        "wget", "-qO-", "--post-data", "a=1", "--header", "X-Mine: yes", "http://server/f"
    )
    assert server.request.startswith("POST /f HTTP/1.1\r\nHost: server\r\n")
    assert server.request.endswith("\r\n\r\na=1")


@pytest.mark.parametrize(
    ("url", "code", "text"),
    [
        ("http://nosuch/", 4, "wget: unable to resolve host address 'nosuch'\n"),
        ("http://server:81/", 4, "failed: Connection refused.\n"),
        ("http://server/", 8, "ERROR 404: Not Found.\n"),
    ],
)
async def test_gnu_has_a_code_for_each_kind_of_failure(
    lan: Lan, gnu: Container, url: str, code: int, text: str
) -> None:
    await serving(lan, MISSING)
    got, _, err = await gnu.run("wget", url)
    assert got == code
    assert text in err


async def test_gnu_numbers_files_that_exist(lan: Lan, gnu: Container) -> None:
    await serving(lan, OK)
    for _ in range(2):
        await gnu.run("wget", "-q", "http://server/f")
    assert gnu.fs.exists("/f.1")

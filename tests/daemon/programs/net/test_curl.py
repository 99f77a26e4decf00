"""curl's exit codes and words, as scripts and healthchecks rely on them."""

import pytest

from tests.daemon.programs.net.web import OneReply
from tests.daemon.programs.network import Container, Lan


@pytest.fixture
async def client(lan: Lan) -> Container:
    return lan.container("client", bin_curl="gnu/curl")


async def serving(lan: Lan, reply: str) -> OneReply:
    server = OneReply(lan, reply)
    await server.start()
    return server


OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nhi\n"
MISSING = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnone\n"


async def test_the_body_goes_to_stdout_and_the_meter_to_stderr(lan: Lan, client: Container) -> None:
    server = await serving(lan, OK)
    code, out, err = await client.run("curl", "http://server/path?q=1")
    assert (code, out) == (0, "hi\n")
    assert "% Total    % Received" in err
    assert server.request.startswith("GET /path?q=1 HTTP/1.1\r\nHost: server\r\nUser-Agent: curl/")


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["http://nosuch/"], 6, "curl: (6) Could not resolve host: nosuch\n"),
        (["http://server:81/"], 7, "Failed to connect to server port 81 after"),
        (["-f", "http://server/"], 22, "curl: (22) The requested URL returned error: 404\n"),
        (["-m", "1", "http://10.9.0.99/"], 28, "curl: (28) Connection timed out after"),
        (["ftp://server/"], 1, 'curl: (1) Protocol "ftp" not supported\n'),
        ([], 2, "curl: (2) no URL specified\n"),
        (["--nosuch", "http://server/"], 2, "curl: option --nosuch: is unknown\n"),
        (["-m"], 2, "curl: option -m: requires parameter\n"),
    ],
)
async def test_failures(
    lan: Lan, client: Container, words: list[str], code: int, text: str
) -> None:
    await serving(lan, MISSING)
    got, out, err = await client.run("curl", "-sS", *words)
    assert (got, out) == (code, "")
    assert text in err


async def test_a_peer_that_says_nothing(lan: Lan, client: Container) -> None:
    await serving(lan, "")
    code, _, err = await client.run("curl", "-sS", "http://server/")
    assert (code, err) == (52, "curl: (52) Empty reply from server\n")


async def test_headers_shown_and_written_out(lan: Lan, client: Container) -> None:
    await serving(lan, OK)
    _, out, _ = await client.run(
        "curl", "-si", "-w", r"%{http_code} %{size_download}\n", "http://server/"
    )
    head, _, rest = out.partition("\r\n\r\n")
    assert head == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3"
    assert rest == "hi\n200 3\n"


async def test_data_is_posted(lan: Lan, client: Container) -> None:
    server = await serving(lan, OK)
    await client.run(
        "curl", "-s", "-d", "a=1", "-d", "b=2", "-H", "X-Mine: yes", "http://server/form"
    )
    assert server.request.startswith("POST /form HTTP/1.1\r\n")
    assert "X-Mine: yes\r\n" in server.request
    assert server.request.endswith(
        "application/x-www-form-urlencoded\r\nX-Mine: yes\r\n\r\na=1&b=2"
    )


async def test_redirections_are_followed_when_asked(lan: Lan, client: Container) -> None:
    await serving(lan, "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n")
    code, _, err = await client.run("curl", "-sSL", "--max-redirs", "3", "http://server/")
    assert (code, err) == (47, "curl: (47) Maximum (3) redirects followed\n")
    assert (await client.run("curl", "-s", "-w", "%{redirect_url}", "http://server/"))[
        1
    ] == "http://server/next"


async def test_output_goes_to_files(lan: Lan, client: Container) -> None:
    await serving(lan, OK)
    await client.run("curl", "-s", "-o", "/tmp/one", "http://server/")
    assert client.fs.read_bytes("/tmp/one") == b"hi\n"
    code, _, err = await client.run("curl", "-sS", "-O", "http://server/")
    assert (code, err) == (23, "curl: (23) Remote filename has no length\n")


async def test_refused_connections_are_retried_when_asked(lan: Lan, client: Container) -> None:
    server = OneReply(lan, OK)
    running = await client.start("curl", "--retry", "9", "--retry-connrefused", "http://server/")
    await running.said("Warning: Problem : connection refused. Will retry in 1 second.")
    await server.start()
    assert await running.ended() == 0
    assert running.out == "hi\n"

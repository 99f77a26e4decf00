"""docker import: a bare filesystem becomes an image."""

import gzip
import io
import tarfile
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.behaviour.conftest import Client
from tests.behaviour.test_pull import lines


def filesystem() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("etc/motd")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"hello"))
    return out.getvalue()


async def import_(docker: Client, query: str = "", tar: bytes | None = None):
    body = filesystem() if tar is None else tar
    return await docker.ask(
        "POST", f"/images/create?fromSrc=-{query}", body, **{"Content-Type": "application/x-tar"}
    )


async def imported(docker: Client, query: str = "", tar: bytes | None = None) -> dict:
    (message,) = lines(await import_(docker, query, tar))
    return (await docker.get(f"/images/{message['status']}/json")).json


async def test_is_an_image_of_one_layer(docker: Client) -> None:
    shown = await imported(docker, "&repo=fs&tag=1")
    assert shown["RepoTags"] == ["fs:1"]
    assert shown["Comment"] == "Imported from -"
    assert shown["Size"] == 5
    assert len(shown["RootFS"]["Layers"]) == 1
    assert (shown["Os"], shown["Architecture"]) == ("linux", "amd64")
    history = (await docker.get("/images/fs:1/history")).json
    assert [(h["CreatedBy"], h["Comment"], h["Size"]) for h in history] == [
        ("", "Imported from -", 5)
    ]


async def test_without_a_name_it_dangles(docker: Client, docker_1_24: Client) -> None:
    assert (await imported(docker))["RepoTags"] == []
    dangling = (await docker.get("/images/json", dangling=["true"])).json
    assert [image["RepoTags"] for image in dangling] == [[]]
    (old,) = (await docker_1_24.get("/images/json")).json
    assert (old["RepoTags"], old["RepoDigests"]) == (["<none>:<none>"], ["<none>@<none>"])
    assert len((await docker.post("/images/prune")).json["ImagesDeleted"]) == 2


async def test_changes_make_its_config(docker: Client) -> None:
    changes = "&changes=ENV+A%3Db&changes=CMD+%5B%22sh%22%5D&changes=EXPOSE+80&changes=LABEL+k%3Dv"
    config = (await imported(docker, changes))["Config"]
    assert config["Env"] == ["A=b"]
    assert config["Cmd"] == ["sh"]
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert config["Labels"] == {"k": "v"}


async def test_a_message_becomes_the_comment(docker: Client) -> None:
    assert (await imported(docker, "&message=made+by+hand"))["Comment"] == "made by hand"


async def test_a_compressed_tar_is_the_same_filesystem(docker: Client) -> None:
    plain = await imported(docker)
    packed = await imported(docker, tar=gzip.compress(filesystem()))
    assert plain["RootFS"] == packed["RootFS"]


async def test_a_platform_is_written_down(docker: Client) -> None:
    shown = await imported(docker, "&platform=linux/arm64")
    assert shown["Architecture"] == "arm64"


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("&changes=FOO+x", (400, "FOO is not a valid change command")),
        ("&changes=EXPOSE+x", (400, "Invalid containerPort: x")),
        ("&repo=BAD", (400, "invalid reference format: repository name (library/BAD) must be lowercase")),
    ],
)  # fmt: skip
async def test_refuses(docker: Client, query: str, refusal: tuple[int, str]) -> None:
    assert (await import_(docker, query)).refusal == refusal
    assert (await docker.get("/images/json?all=1")).json == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd"])
async def test_paths_never_leave_the_image(docker: Client, path: str) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(path))
    answer = await import_(docker, tar=out.getvalue())
    assert answer.status in (200, 500)
    assert len((await docker.get("/images/json?all=1")).json) == (answer.status == 200)


@pytest.fixture
async def files() -> AsyncIterator[str]:
    """The URL of a web server that has /fs.tar; /unsized.tar does not say its length, /cut.tar says too much."""

    async def tar(request: web.Request) -> web.Response:
        return web.Response(body=filesystem())

    async def unsized(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(filesystem())
        return answer

    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(len(filesystem()) + 100)})
        await answer.prepare(request)
        await answer.write(filesystem())
        assert request.transport is not None
        request.transport.close()
        return answer

    app = web.Application()
    app.router.add_get("/fs.tar", tar)
    app.router.add_get("/unsized.tar", unsized)
    app.router.add_get("/cut.tar", cut)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_url_is_downloaded(docker: Client, files: str) -> None:
    answer = await docker.post(f"/images/create?fromSrc=http://{files}/fs.tar&repo=fs")
    first, *bars, last = lines(answer)
    assert first == {"status": f"Downloading from http://{files}/fs.tar"}
    assert {bar["status"] for bar in bars} == {"Importing"}
    shown = (await docker.get("/images/fs/json")).json
    assert shown["Id"] == last["status"]
    assert shown["Comment"] == f"Imported from http://{files}/fs.tar"


async def test_a_file_of_unknown_length_ends_in_an_empty_message(
    docker: Client, files: str
) -> None:
    _, bar, end, last = lines(await docker.post(f"/images/create?fromSrc={files}/unsized.tar"))
    size = len(filesystem())
    assert bar["progressDetail"] == {"current": size, "total": -1}
    assert end == {}
    assert last["status"].startswith("sha256:")


async def test_a_file_that_was_cut_is_taken_if_its_tar_is_whole(docker: Client, files: str) -> None:
    size = len(filesystem())
    messages = lines(await docker.post(f"/images/create?fromSrc={files}/cut.tar"))
    *_, bar, end, image, full = messages
    assert bar["progressDetail"] == {"current": size, "total": size + 100}
    assert end == {}
    assert image["status"].startswith("sha256:")
    assert full["progressDetail"] == {"current": size + 100, "total": size + 100}


async def test_changes_are_read_when_the_file_was_found(docker: Client, files: str) -> None:
    query = f"fromSrc={files}/fs.tar&changes=FOO"
    _, refused = lines(await docker.post(f"/images/create?{query}"))
    assert refused["error"] == "FOO is not a valid change command"


async def test_urls_fail_as_gos_client_fails(docker: Client, files: str) -> None:
    async def refused(source: str) -> tuple[int, str]:
        return (await docker.post(f"/images/create?fromSrc={source}")).refusal

    assert await refused(f"{files}/nosuch") == (
        404,
        f"failed to GET http://{files}/nosuch with status 404 Not Found: 404: Not Found",
    )
    assert await refused("127.0.0.1:1/x") == (
        500,
        'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused',
    )
    assert await refused("ftp://127.0.0.1/x") == (
        500,
        'Get "ftp://127.0.0.1/x": unsupported protocol scheme "ftp"',
    )
    assert await refused("") == (500, 'Get "http:": http: no Host in request URL')

"""Contexts of the classic builder from URLs, and where the Dockerfile is in them: statuses and texts of Engine 28.5.2."""

import gzip
import io
import json
import tarfile
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.behaviour.conftest import Answer, Client
from tests.behaviour.test_build import context

DOCKERFILE = "FROM busybox\nRUN echo from afar\n"
FILES = {
    "/c.tar": context(DOCKERFILE),
    "/c.tgz": gzip.compress(context(DOCKERFILE), mtime=0),
    "/Df": DOCKERFILE.encode(),
    "/html": b"<html><body>",
    "/xml": b"<?xml version='1.0'?>",
    "/pdf": b"%PDF-1.4",
    "/png": b"\x89PNG\r\n\x1a\n",
    "/zip": b"PK\x03\x04",
    "/garbage": b"\x00\x01\x02",
    "/bad": b"FROM busybox\nFOO x\n",
    "/copies": b"FROM busybox\nCOPY x /\n",
    "/empty": b"",
}


@pytest.fixture(autouse=True)
async def busybox(docker: Client) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")


@pytest.fixture
async def web_server() -> AsyncIterator[TestServer]:
    async def serve(request: web.Request) -> web.Response:
        # Without a type aiohttp says application/octet-stream, which is the same as none to Docker.
        kind = request.query.get("type")
        headers = {"Content-Type": kind} if kind else {}
        return web.Response(body=FILES[request.path], headers=headers)

    app = web.Application()
    app.router.add_get("/{name}", serve)
    async with TestServer(app) as server:
        yield server


async def build(docker: Client, server: TestServer, path: str) -> tuple[str, Answer]:
    url = str(server.make_url(path))
    return url, await docker.post(f"/build?nocache=1&remote={quote(url)}", b"")


def stream(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.body.splitlines()]


def bar(url: str, size: int) -> dict[str, Any]:
    return {
        "status": url,
        "progressDetail": {"current": size},
        "progress": f"{size:>7}B",
        "id": "Downloading context",
    }


async def test_a_dockerfile_alone_is_read_to_its_end(
    docker: Client, web_server: TestServer
) -> None:
    url, answer = await build(docker, web_server, "/Df")
    assert stream(answer)[:2] == [bar(url, len(DOCKERFILE)), {}]


async def test_what_is_compressed_is_told_of_and_what_is_not_is_not(
    docker: Client, web_server: TestServer
) -> None:
    url, packed = await build(docker, web_server, "/c.tgz")
    _, plain = await build(docker, web_server, "/c.tar")
    assert stream(packed)[0] == bar(url, len(FILES["/c.tgz"]))
    assert stream(plain)[0] == {"stream": "Step 1/2 : FROM busybox"}


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/html", 'unsupported Content-Type "application/octet-stream"'),
        ("/xml", 'unsupported Content-Type "application/octet-stream"'),
        ("/pdf", 'unsupported Content-Type "application/octet-stream"'),
        ("/png", 'unsupported Content-Type "application/octet-stream"'),
        ("/zip", 'unsupported Content-Type "application/octet-stream"'),
        ("/c.tar?type=text/html", 'unsupported Content-Type "text/html"'),
        ("/Df?type=application/json", 'unsupported Content-Type "application/json"'),
        ("/Df?type=TEXT/PLAIN", 'unsupported Content-Type "TEXT/PLAIN"'),
        ("/empty", "empty response"),
    ],
)  # fmt: skip
async def test_refused_types(
    docker: Client, web_server: TestServer, path: str, problem: str
) -> None:
    url, answer = await build(docker, web_server, path)
    assert answer.refusal == (500, f"error detecting content type for remote {url}: {problem}")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/garbage", "unexpected EOF"),
        ("/Df?type=application/x-tar", "unexpected EOF"),
        ("/bad", "dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)"),
    ],
)  # fmt: skip
async def test_once_something_was_said_errors_are_in_the_stream(
    docker: Client, web_server: TestServer, path: str, error: str
) -> None:
    url, answer = await build(docker, web_server, path)
    size = len(FILES[path.partition("?")[0]])
    failure = {"errorDetail": {"message": error}, "error": error}
    assert stream(answer) == [bar(url, size), {}, failure]


async def test_a_dockerfile_alone_has_no_context_to_copy_from(
    docker: Client, web_server: TestServer
) -> None:
    _, answer = await build(docker, web_server, "/copies")
    assert stream(answer)[-1]["error"] == "COPY failed: missing build context"


IN_DOCKER = "/var/lib/docker/tmp/docker-builder1402861507"


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("d", f"unexpected error reading Dockerfile: read {IN_DOCKER}/d: is a directory"),
        ("/", f"unexpected error reading Dockerfile: read {IN_DOCKER}: is a directory"),
        ("../x", "forbidden path outside the build context: ../x ()"),
        ("a\0", "forbidden path outside the build context: a\0 ()"),
        ("nope", "Cannot locate specified Dockerfile: nope"),
        ("loop", "forbidden path outside the build context: loop ()"),
    ],
)  # fmt: skip
async def test_dockerfiles_that_are_none(docker: Client, name: str, refusal: str) -> None:
    body = _with_links(loop="loop")
    answer = await docker.post(f"/build?{urlencode({'dockerfile': name})}", body)
    assert answer.refusal == (500, refusal)


@pytest.mark.parametrize(
    "name", ["Dockerfile/", "nope/../Dockerfile", "//Dockerfile", "link", "outside"]
)
async def test_paths_and_links_lead_to_the_dockerfile(docker: Client, name: str) -> None:
    body = _with_links(link="d/../Dockerfile", outside="../../Dockerfile")
    answer = await docker.post(f"/build?{urlencode({'dockerfile': name})}", body)
    assert b"Successfully built" in answer.body


def _with_links(**links: str) -> bytes:
    """A context with a Dockerfile, a folder and these links."""
    file = io.BytesIO(context("FROM busybox\n", **{"d/x": b""}))
    with tarfile.open(fileobj=file, mode="a") as tar:
        for name, target in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return file.getvalue()


async def test_the_default_may_be_in_lower_case(docker: Client) -> None:
    body = _without_dockerfile(dockerfile=b"FROM busybox\n")
    assert b"Successfully built" in (await docker.post("/build", body)).body


def _without_dockerfile(**files: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


async def test_a_quiet_build_that_fails_says_everything(docker: Client) -> None:
    answer = await docker.post("/build?q=1", context("FROM busybox\nRUN echo loud; exit 5\n"))
    assert {"stream": "loud\n"} in stream(answer)
    assert stream(answer)[-1]["errorDetail"]["code"] == 5


async def test_before_1_30_the_stream_has_nothing_for_programs(docker_1_24: Client) -> None:
    answer = await docker_1_24.post("/build", context("FROM scratch\nENV a=b\n"))
    assert not any("aux" in message for message in stream(answer))


async def test_empty_rm_removes_and_each_tag_counts_once(docker: Client) -> None:
    answer = await docker.post("/build?rm=&t=a&t=b:c&t=a", context("FROM busybox\nENV a=b\n"))
    text = "".join(message.get("stream", "") for message in stream(answer))
    assert "Removed intermediate container" in text
    assert text.endswith("Successfully tagged a:latest\nSuccessfully tagged b:c\n")


async def test_a_label_of_the_request_is_told_as_it_was_given(docker: Client) -> None:
    labels = quote(json.dumps({"k": "v "}))
    answer = await docker.post(f"/build?labels={labels}", context("FROM busybox\n"))
    assert {"stream": "Step 2/2 : LABEL k=v "} in stream(answer)

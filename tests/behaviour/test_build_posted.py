"""POST /build?version=2: BuildKit by one request. Texts and statuses are those of Engine 28.5.2."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.server.buildkit import wire_pb2 as wire
from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.test_build import context

TRACE = "moby.buildkit.trace"
REMOTE = "[internal] load remote build context"


@pytest.fixture(autouse=True)
async def busybox(docker: Client) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")


async def build(docker: Client, body: bytes, **query: Any) -> list[dict[str, Any]]:
    answer = await docker.post(f"/build?{urlencode({'version': '2', **query}, doseq=True)}", body)
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.body.splitlines()]


def traces(messages: list[dict[str, Any]]) -> list[wire.StatusResponse]:
    encoded = (message["aux"] for message in messages if message.get("id") == TRACE)
    return [wire.StatusResponse.FromString(base64.b64decode(text)) for text in encoded]


def finished(messages: list[dict[str, Any]]) -> dict[str, str]:
    """Every vertex that ended, with its error."""
    vertexes = [vertex for trace in traces(messages) for vertex in trace.vertexes]
    return {vertex.name: vertex.error for vertex in vertexes if vertex.HasField("completed")}


def said(messages: list[dict[str, Any]]) -> bytes:
    return b"".join(log.msg for trace in traces(messages) for log in trace.logs)


async def test_the_stream_is_what_status_tells_and_then_the_image(docker: Client) -> None:
    body = context("FROM busybox\nRUN echo hi\nCOPY f /x/\n", f=b"a\n")
    messages = await build(docker, body, t=["one", "two:x"])
    *told, last = messages
    assert {message["id"] for message in told} == {TRACE}
    assert list(finished(messages)) == [
        REMOTE,
        "copy /context /",
        "[internal] load metadata for docker.io/library/busybox:latest",
        "[1/3] FROM docker.io/library/busybox:latest",
        "[2/3] RUN echo hi",
        "[3/3] COPY f /x/",
        "exporting to image",
    ]
    assert said(messages) == b"hi\n"
    image = (await docker.get("/images/one/json")).json
    assert last == {"id": "moby.image.id", "aux": {"ID": image["Id"]}}
    assert sorted(image["RepoTags"]) == ["one:latest", "two:x"]


async def test_quiet_says_the_id_alone_but_all_of_a_failure(docker: Client) -> None:
    (only,) = await build(docker, context("FROM scratch\nCOPY Dockerfile /\n"), q="1")
    assert only["stream"].startswith("sha256:")
    failed = await build(docker, context("FROM busybox\nRUN exit 4\n"), q="1")
    error = 'process "/bin/sh -c exit 4" did not complete successfully: exit code: 4'
    assert failed[-1] == {"errorDetail": {"message": error}, "error": error}
    assert finished(failed)["[2/2] RUN exit 4"] == error


@pytest.mark.parametrize(
    ("query", "status", "refusal"),
    [
        ("networkmode=foo", 500, 'network mode "foo" not supported by buildkit'),
        ("networkmode=bridge", 500, 'network mode "bridge" not supported by buildkit'),
        ("extrahosts=foo", 500, "invalid host foo"),
        ("platform=a/b/c/d", 400, '"a/b/c/d": cannot parse platform specifier: invalid argument'),
        ('ulimits=[{"Name":"zz"}]', 500, "failed to parse ulimit: invalid ulimit type: zz"),
        ('outputs=[{"Type":"local"},{"Type":"tar"}]', 500, "multiple outputs not supported"),
        ('outputs=[{"Type":"nope"}]', 500, 'exporter "nope" could not be found'),
        ('outputs=[{"Type":"image"}]', 500, 'exporter "image" could not be found'),
        ('outputs=[{"Type":"cacheonly"}]', 500, 'exporter "" could not be found'),
        ("t=A", 500, "invalid reference format: repository name (library/A) must be lowercase"),
        ("squash=1", 400, "squash is only supported with experimental mode"),
    ],
)  # fmt: skip
async def test_refusals_of_the_request(
    docker: Client, query: str, status: int, refusal: str
) -> None:
    answer = await docker.post(f"/build?version=2&{query}", context("FROM busybox\n"))
    assert answer.refusal == (status, refusal)


NO_SESSION = "failed to load cache key: could not access local files without session"


@pytest.mark.parametrize(
    ("dockerfile", "query", "error"),
    [
        ("FROM busybox\nFORM\n", {}, "dockerfile parse error on line 2: unknown instruction: FORM (did you mean FROM?)"),
        ("", {}, "the Dockerfile cannot be empty"),
        ("FROM busybox\n", {"target": "x"}, 'target stage "x" could not be found'),
        ("FROM busybox\n", {"dockerfile": "../x"}, "failed to read dockerfile: open ../x: no such file or directory"),
        ("FROM busybox\nRUN --mount=type=secret,id=s true\n", {}, "no active sessions"),
        ("FROM busybox\nRUN --mount=type=ssh true\n", {}, "no active sessions"),
        ("FROM busybox\n", {"remote": "client-session"}, f"failed to read dockerfile: {NO_SESSION}"),
        ("FROM busybox\n", {"remote": "foo"}, f"failed to read dockerfile: {NO_SESSION}"),
        ("FROM busybox\n", {"outputs": '[{"Type":"tar"}]'}, "no active session for : context deadline exceeded"),
    ],
)  # fmt: skip
async def test_failures_end_the_stream(
    docker: Client, dockerfile: str, query: dict[str, str], error: str
) -> None:
    messages = await build(docker, context(dockerfile), **query)
    assert messages[-1] == {"errorDetail": {"message": error}, "error": error}


async def test_a_body_that_is_no_archive_is_the_dockerfile(docker: Client) -> None:
    messages = await build(docker, b"FROM busybox\nCOPY context /x\nRUN stat -c '%a %Y' /x\n")
    assert said(messages) == b"600 0\n"
    assert "copy /context /" not in finished(messages)


async def test_archives_may_be_compressed_and_dockerfiles_elsewhere(docker: Client) -> None:
    body = gzip.compress(context("", **{"d/Df": b"FROM scratch\nCOPY Dockerfile /\n"}))
    assert "[1/1] COPY Dockerfile /" in finished(await build(docker, body, dockerfile="d/Df"))


async def test_arguments_labels_hosts_and_cache_are_passed_on(docker: Client) -> None:
    dockerfile = "FROM busybox\nARG a\nRUN echo $a; tail -n 2 /etc/hosts\n"
    query = {
        "buildargs": json.dumps({"a": "b", "unset": None}),
        "labels": json.dumps({"l": "m"}),
        "extrahosts": ["one:host-gateway", "two:1.2.3.4"],
        "cachefrom": json.dumps(["nosuch/cache"]),
        "t": "passed",
    }
    messages = await build(docker, context(dockerfile), **query)
    assert said(messages) == b"b\n172.17.0.1\tone\n1.2.3.4\ttwo\n"
    assert "importing cache manifest from nosuch/cache" in finished(messages)
    assert (await docker.get("/images/passed/json")).json["Config"]["Labels"] == {"l": "m"}


@pytest.fixture
async def web_server() -> AsyncIterator[TestServer]:
    files = {
        "/c.tar": context("FROM busybox\nCOPY f /x/\n", f=b"a\n"),
        "/Df": b"FROM busybox\nRUN echo from afar\n",
    }

    async def serve(request: web.Request) -> web.Response:
        body = files.get(request.path)
        return web.Response(status=404 if body is None else 200, body=body)

    app = web.Application()
    app.router.add_get("/{name}", serve)
    async with TestServer(app) as server:
        yield server


async def test_contexts_from_urls(docker: Client, web_server: TestServer) -> None:
    archive = await build(docker, b"", remote=str(web_server.make_url("/c.tar")))
    assert "[2/2] COPY f /x/" in finished(archive)
    assert said(await build(docker, b"", remote=str(web_server.make_url("/Df")))) == b"from afar\n"
    missing = await build(docker, b"", remote=str(web_server.make_url("/nope")))
    assert finished(missing) == {REMOTE: "invalid response status 404"}
    assert missing[-1]["error"] == (
        "failed to read downloaded context: failed to load cache key: invalid response status 404"
    )


async def test_an_upload_request_brings_the_context(docker: Client) -> None:
    upload = "/build?version=2&remote=upload-request&buildid=upload-request%3Aone"
    built, uploaded = await asyncio.gather(
        build(docker, b"", remote="upload-request", buildid="one"),
        docker.post(upload, context("FROM scratch\nCOPY Dockerfile /\n")),
    )
    assert (uploaded.status, uploaded.body) == (200, b"")
    assert built[-1]["id"] == "moby.image.id"


async def test_a_cancelled_build_says_so(docker: Client) -> None:
    body = context("FROM busybox\nRUN echo begun; sleep 1000\n")
    reply = await docker.session.post(f"{docker.prefix}/build?version=2&buildid=one", data=body)
    messages: list[dict[str, Any]] = []
    async for line in reply.content:
        messages.append(json.loads(line))
        if said(messages) and "error" not in messages[-1]:
            assert (await docker.post("/build/cancel?id=one")).status == 200
    assert messages[-1]["error"] == "context canceled"


async def test_cancelling_needs_an_id_and_forgives_an_unknown_one(docker: Client) -> None:
    assert (await docker.post("/build/cancel")).refusal == (400, "build ID not provided")
    assert (await docker.post("/build/cancel?id=nosuch")).status == 200


async def test_a_client_that_leaves_ends_its_build(mock: MockDaemon, docker: Client) -> None:
    body = context("FROM busybox\nRUN echo begun; sleep 1000\n")
    reply = await docker.session.post(f"{docker.prefix}/build?version=2", data=body)
    messages: list[dict[str, Any]] = []
    while not said(messages):
        messages.append(json.loads(await reply.content.readline()))
    reply.close()
    (job,) = mock.daemon.builds.jobs.values()
    async with asyncio.timeout(10):
        async for _ in job.progress.follow():
            pass
    assert isinstance(job.error, asyncio.CancelledError)

"""POST /build: what its query may say, contexts from URLs, cache, cancellation. The Dockerfiles are in the corpus."""

import asyncio
import base64
import io
import json
import tarfile
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fake_registry.auth import Basic
from tests.behaviour.conftest import Client
from tests.behaviour.registries import a_registry

REMOVALS = quote(json.dumps({"event": ["destroy"]}))
THREE_STEPS = "FROM busybox\nENV FOO=bar\nRUN touch baz\nRUN touch bax\n"


def context(dockerfile: str, **files: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in {"Dockerfile": dockerfile.encode(), **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


@pytest.fixture
async def busybox(docker: Client) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")


async def build(docker: Client, dockerfile: str, **query: Any) -> list[dict[str, Any]]:
    """The messages of the stream; members that are no text go as JSON."""
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
    answer = await docker.post(f"/build?{urlencode(texts)}", context(dockerfile))
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.body.splitlines()]


def text_of(messages: list[dict[str, Any]]) -> str:
    return "".join(message.get("stream", "") for message in messages)


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("remote=client-session", "experimental session with v1 builder is no longer supported, use builder version v2 (BuildKit) instead"),
        ("buildargs=[]", "error reading build args: json: cannot unmarshal array into Go value of type map[string]*string"),
        ('buildargs={"a":1}', "error reading build args: json: cannot unmarshal number into Go struct field .a of type string"),
        ('labels=["a"]', "error reading labels: json: cannot unmarshal array into Go value of type map[string]string"),
        ('cachefrom="x"', "error reading cache-from: json: cannot unmarshal string into Go value of type []string"),
        ("outputs=x", "invalid outputs specified: invalid character 'x' looking for beginning of value"),
        ("t=a@sha256:" + 64 * "0", "build tag cannot contain a digest"),
        ("remote=foo", "remoteURL (foo) could not be recognized as URL"),
        ("isolation=foo", 'unsupported isolation: "foo"'),
        ("buildargs=foo", "error reading build args: invalid character 'o' in literal false (expecting 'a')"),
        ("labels=foo", "error reading labels: invalid character 'o' in literal false (expecting 'a')"),
        ("cachefrom=foo", "error reading cache-from: invalid character 'o' in literal false (expecting 'a')"),
        ("ulimits=foo", "error reading ulimit settings: invalid character 'o' in literal false (expecting 'a')"),
        ("securityopt=foo", "security options are not supported on linux"),
        ("squash=1", "squash is only supported with experimental mode"),
        ("version=3", 'invalid version "3"'),
        ("t=A:B:C", "invalid reference format: repository name (library/A) must be lowercase"),
        ("memory=x", "Cannot locate specified Dockerfile: Dockerfile"),
        ("", "Cannot locate specified Dockerfile: Dockerfile"),
    ],
)  # fmt: skip
async def test_refusals(docker: Client, query: str, refusal: str) -> None:
    answer = await docker.post(f"/build?{query}", b"")
    assert answer.message == refusal


async def test_each_byte_that_is_no_text_is_one_replacement(docker: Client, busybox: None) -> None:
    said = await build(docker, "FROM busybox\nRUN printf 'a\\342\\202 b\\377\\376c'\n")
    assert {"stream": "a\ufffd\ufffd b\ufffd\ufffdc"} in said


async def test_add_copies_what_only_looks_compressed(docker: Client, busybox: None) -> None:
    dockerfile = "FROM busybox\nADD bad.gz /t/\nRUN ls /t\n"
    answer = await docker.post("/build", context(dockerfile, **{"bad.gz": b"\x1f\x8bxx"}))
    assert b'{"stream":"bad.gz\\n"}' in answer.body


async def test_a_prune_of_the_cache_says_which_filter_is_none(docker: Client) -> None:
    answer = await docker.post(f"/build/prune?filters={quote(json.dumps({'x': ['1']}))}")
    assert answer.refusal == (400, "failed to prune build cache: invalid filter 'x'")


async def test_forced_removal_comes_after_every_step(docker: Client, busybox: None) -> None:
    said = await build(docker, "FROM busybox\nENV a=b\nRUN exit 3\n", rm="0", forcerm="1")
    kinds = [m["stream"].split()[1] for m in said if m.get("stream", "").startswith(" --->")]
    assert [kind for kind in kinds if kind in ("Running", "Removed")] == 2 * ["Running", "Removed"]


async def test_a_build_argument_without_a_value_is_missed_too(
    docker: Client, busybox: None
) -> None:
    said = text_of(await build(docker, "FROM busybox\n", buildargs={"a": None}))
    assert "[Warning] One or more build-args [a] were not consumed\n" in said


async def test_a_target_is_a_name_and_no_number(docker: Client, busybox: None) -> None:
    answer = await docker.post("/build?target=0", context("FROM busybox\n"))
    assert answer.refusal == (400, 'target stage "0" could not be found')


async def test_the_stream_is_escaped_for_html_as_go_marshals_it(
    docker: Client, busybox: None
) -> None:
    dockerfile = "FROM busybox\nRUN printf 'a<b>&c \\342\\200\\250\\b\\f\\001\\177'; exit 3\n"
    answer = await docker.post("/build", context(dockerfile))
    lines = answer.body.splitlines()
    assert b'{"stream":"a\\u003cb\\u003e\\u0026c \\u2028\\b\\f\\u0001\x7f"}' in lines
    assert lines[-1].startswith(b'{"errorDetail":{"code":3,"message":"The command ')
    assert lines[2].startswith(b'{"stream":" ---\\u003e ')


async def test_quiet_says_the_id_and_nothing_else(docker: Client, busybox: None) -> None:
    (only,) = await build(docker, "FROM busybox\nRUN echo loud\n", q="1")
    assert only["stream"].startswith("sha256:")


async def test_the_same_again_comes_from_the_cache(docker: Client, busybox: None) -> None:
    first = await build(docker, THREE_STEPS)
    again = await build(docker, THREE_STEPS)
    assert text_of(again).count("Using cache") == 3
    assert [m for m in first if "aux" in m] == [m for m in again if "aux" in m]


async def test_no_cache_takes_every_step_anew(docker: Client, busybox: None) -> None:
    await build(docker, THREE_STEPS)
    assert "Using cache" not in text_of(await build(docker, THREE_STEPS, nocache="1"))


async def test_cache_from_limits_the_cache_to_its_images(docker: Client, busybox: None) -> None:
    await build(docker, THREE_STEPS, t="one")
    from_one = text_of(await build(docker, THREE_STEPS, cachefrom=["one"]))
    from_nothing = text_of(await build(docker, THREE_STEPS, cachefrom=["nosuch"]))
    assert (from_one.count("Using cache"), from_nothing.count("Using cache")) == (3, 0)


async def test_a_loaded_image_serves_as_cache_without_its_parents(
    docker: Client, busybox: None
) -> None:
    await build(docker, THREE_STEPS, t="one")
    saved = (await docker.get("/images/one/get")).body
    await docker.delete("/images/one?force=1")
    await docker.post("/images/load?quiet=1", saved)
    cached = text_of(await build(docker, THREE_STEPS, cachefrom=["one"]))
    assert cached.count("Using cache") == 3


async def test_extra_hosts_reach_run(docker: Client, busybox: None) -> None:
    query = "extrahosts=one%3A1.2.3.4&extrahosts=two%3A5.6.7.8"
    answer = await docker.post(f"/build?{query}", context("FROM busybox\nRUN cat /etc/hosts\n"))
    text = text_of([json.loads(line) for line in answer.body.splitlines()])
    assert "1.2.3.4\tone\n" in text
    assert "5.6.7.8\ttwo\n" in text


@pytest.fixture
async def web_server() -> AsyncIterator[TestServer]:
    app = web.Application()
    dockerfile = "FROM busybox\nRUN echo from afar\n"

    async def archive(_: web.Request) -> web.Response:
        return web.Response(body=context(dockerfile))

    async def text(_: web.Request) -> web.Response:
        return web.Response(text=dockerfile)

    app.router.add_get("/context.tar", archive)
    app.router.add_get("/Dockerfile", text)
    async with TestServer(app) as server:
        yield server


@pytest.mark.parametrize("path", ["/context.tar", "/Dockerfile"])
async def test_a_context_from_a_url(
    docker: Client, busybox: None, web_server: TestServer, path: str
) -> None:
    url = quote(str(web_server.make_url(path)))
    answer = await docker.post(f"/build?remote={url}", b"")
    assert b"from afar" in answer.body


async def test_a_missing_url_is_an_error_before_the_stream(
    docker: Client, web_server: TestServer
) -> None:
    url = str(web_server.make_url("/nope"))
    answer = await docker.post(f"/build?remote={quote(url)}", b"")
    assert answer.message.startswith(
        f"error downloading remote context {url}: failed to GET {url} with status 404 Not Found"
    )


async def test_add_takes_files_from_urls(
    docker: Client, busybox: None, web_server: TestServer
) -> None:
    url = web_server.make_url("/Dockerfile")
    messages = await build(docker, f"FROM busybox\nADD {url} /d/\nRUN stat -c '%a' /d/Dockerfile\n")
    assert "600\n" in text_of(messages)


async def test_a_base_from_a_private_registry_needs_its_login(docker: Client) -> None:
    async with a_registry(authorizer=Basic({"me": "secret"})) as host:
        body = context(f"FROM {host}/library/busybox\nCMD mine\n")
        login = {host: {"username": "me", "password": "secret"}}
        header = base64.urlsafe_b64encode(json.dumps(login).encode()).decode()
        refused = await docker.ask("POST", "/build", body)
        built = await docker.ask("POST", "/build", body, **{"X-Registry-Config": header})
    assert b"no basic auth credentials" in refused.body
    assert b"Successfully built" in built.body


async def test_a_client_that_leaves_ends_its_build(docker: Client, busybox: None) -> None:
    body = context("FROM busybox\nRUN echo begun; sleep 1000\n")
    reply = await docker.session.post(f"{docker.prefix}/build", data=body)
    async for line in reply.content:
        if b"begun" in line:
            break
    events = await docker.session.get(f"{docker.prefix}/events?filters={REMOVALS}")
    reply.close()
    async with asyncio.timeout(10):
        await events.content.readline()
    events.close()
    assert (await docker.get("/containers/json?all=1")).json == []


async def test_the_container_of_a_failed_step_stays(docker: Client, busybox: None) -> None:
    await docker.post("/build", context("FROM busybox\nENV a=b\nRUN exit 3\n"))
    (left,) = (await docker.get("/containers/json?all=1")).json
    assert (left["Command"], left["State"]) == ("/bin/sh -c 'exit 3'", "exited")


async def test_without_rm_the_containers_of_all_steps_stay(docker: Client, busybox: None) -> None:
    await docker.post("/build?rm=0", context("FROM busybox\nENV a=b\nRUN true\n"))
    left = (await docker.get("/containers/json?all=1")).json
    assert [one["State"] for one in left] == ["exited", "created"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("reserved-space", "x", "invalid syntax"),
        ("reserved-space", "1.5", "invalid syntax"),
        ("reserved-space", "99999999999999999999", "value out of range"),
        ("keep-storage", "x", "invalid syntax"),
        ("max-used-space", "x", "invalid syntax"),
        ("min-free-space", "x", "invalid syntax"),
    ],
)
async def test_what_a_prune_leaves_is_a_number(
    docker: Client, name: str, value: str, why: str
) -> None:
    answer = await docker.post(f"/build/prune?{name}={value}")
    expected = f'{name} is in bytes and expects an integer, got {value}: strconv.Atoi: parsing "{value}": {why}'
    assert answer.refusal == (400, expected)


async def test_before_1_48_a_prune_knows_only_keep_storage(docker_1_24: Client) -> None:
    assert (await docker_1_24.post("/build/prune?reserved-space=x")).status == 200
    assert (await docker_1_24.post("/build/prune?keep-storage=x")).status == 400

"""Builds from git repositories, by the machine's git. Texts, statuses and vertexes are those of Engine 28.5.2."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from daemon.engine.build.git.clone import CLONED
from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.conftest import mock as mock
from tests.behaviour.leftovers import held, until_only
from tests.behaviour.test_build import build as classic
from tests.behaviour.test_build import context, text_of
from tests.behaviour.test_build_posted import build, finished, said, traces
from tests.clients.processes import run
from tests.git_repositories import TOKEN, Work, git_server, make_repositories, web_server

pytestmark = pytest.mark.client("git")

LOAD = "[internal] load git source {}"


@pytest.fixture
async def docker(mock: MockDaemon) -> AsyncIterator[Client]:
    client = Client(mock.socket_path)
    await client.post("/images/create?fromImage=busybox&tag=latest")
    yield client
    await client.session.close()


@pytest.fixture
async def app(tmp_path: Path) -> Work:
    return (await make_repositories(tmp_path))[1]


@pytest.fixture
async def git(app: Work) -> AsyncIterator[str]:
    async with git_server(app.bare.parent) as address:
        yield address


@pytest.fixture
async def http(app: Work) -> AsyncIterator[str]:
    async with web_server(app.bare.parent) as address:
        yield address


# --- BuildKit


async def test_a_context_is_fetched_once_for_each_commit(
    docker: Client, git: str, app: Work
) -> None:
    url, vertex = f"{git}/app.git#dev", LOAD.format(f"{git}/app.git#dev")
    first = await build(docker, b"", remote=url, t="one")
    assert b"Initialized empty Git repository in /var/lib/docker/overlay2/" in said(first)
    assert b"-rwxr-xr-x 0 run.sh\n" in said(first), (
        "what .dockerignore leaves out is there all the same"
    )
    assert b"\ndev\n" in said(first)
    second = await build(docker, b"", remote=url, t="one")
    assert cached(second) >= {vertex, "[2/3] COPY . /src"}
    await app.git("checkout", "--quiet", "dev")
    await app.commit("moved", {"file.txt": "moved\n"})
    await app.publish()
    third = await build(docker, b"", remote=url, t="one")
    assert b"\nmoved\n" in said(third)
    assert vertex not in cached(third)


def cached(messages: list[dict[str, Any]]) -> set[str]:
    return {one.name for trace in traces(messages) for one in trace.vertexes if one.cached}


@pytest.mark.parametrize(
    ("wanted", "said_of_it"),
    [
        ("#v1:sub", b"inner\n"),
        ("#va1:sub", b"inner\n"),
        ("#feature/x:sub", b"inner\n"),
        ("#refs/heads/dev:sub", b"inner\n"),
        ("?branch=dev&subdir=sub", b"inner\n"),
        ("", b"\nmain\n"),
        ("#v1", b"\nmain\n"),
        ("?submodules=0", b"\nmain\n"),
    ],
)
async def test_refs_and_folders(docker: Client, git: str, wanted: str, said_of_it: bytes) -> None:
    assert said_of_it in said(await build(docker, b"", remote=f"{git}/app.git{wanted}"))


async def test_a_commit_is_a_ref_whose_submodules_come_along(
    docker: Client, git: str, app: Work
) -> None:
    """Old commits can be had of servers that show only the newest: then all of the branches is fetched."""
    await app.git("checkout", "--quiet", "main")
    old = await app.git("rev-parse", "HEAD")
    await app.commit("newer", {"file.txt": "newer\n"})
    await app.publish()
    files = {"Dockerfile": "FROM busybox\nADD URL /x\nRUN cat /x/file.txt /x/vendored/lib.txt\n"}
    text = files["Dockerfile"].replace("URL", f"{git}/app.git#{old}")
    assert b"main\nlib\n" in said(await build(docker, context(text)))


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ("app.git#nope", 'failed to load cache key: repository does not contain ref nope, output: ""'),
        ("app.git#-x", 'failed to load cache key: invalid git ref "-x"'),
        ("app.git#dev:no", 'invalid subdir /no: failed to lstat "no": statat no: no such file or directory'),
        ("app.git#dev:way", 'invalid subdir /way: git subpath "/way" contains non-directory "way"'),
        ("app.git#dev:file.txt", 'invalid subdir /file.txt: git subpath "/file.txt" contains non-directory "file.txt"'),
        ("app.git?checksum=zz", "failed to load cache key: invalid checksum zz for Git URL, expected hex commit hash"),
        ("empty.git", "failed to load cache key: could not find default branch for repository: {git}/empty.git"),
        ("no.git", "failed to load cache key: error fetching default branch for repository {git}/no.git: git stderr:\n"
                   "fatal: remote error: access denied or repository not exported: /no.git\n: exit status 128"),
        ("lib.git", "open Dockerfile: no such file or directory"),
    ],
)  # fmt: skip
async def test_contexts_that_cannot_be_had(
    docker: Client, git: str, wanted: str, refusal: str
) -> None:
    failed = await build(docker, b"", remote=f"{git}/{wanted}")
    assert failed[-1]["error"] == "failed to read dockerfile: " + refusal.format(git=git)


async def test_a_checksum_is_the_beginning_of_a_commit(docker: Client, git: str, app: Work) -> None:
    dev = await app.git("rev-parse", "dev")
    url = f"{git}/app.git?branch=dev&checksum="
    assert b"\ndev\n" in said(await build(docker, b"", remote=url + dev[:7]))
    failed = await build(docker, b"", remote=f"{url}0000000")
    assert failed[-1]["error"] == (
        "failed to read dockerfile: failed to load cache key: "
        f"expected checksum to match 0000000, got {dev}"
    )


async def test_add_takes_the_files_or_the_repository(docker: Client, git: str, app: Work) -> None:
    dev = await app.git("rev-parse", "dev")
    text = (
        f"FROM busybox\nADD {git}/app.git#dev:sub {git}/lib.git /two/\n"
        f"ADD --keep-git-dir --chown=1:2 {git}/app.git#dev /kept\n"
        "RUN ls /two; cat /kept/.git/HEAD /kept/.git/config; stat -c '%u:%g %n' /kept/run.sh\n"
    )
    told = said(await build(docker, context(text)))
    assert b"Dockerfile\ninner.txt\nlib.txt\n" in told
    assert f"{dev}\n[core]".encode() in told
    assert f"\turl = {git}/app.git\n".encode() in told
    assert b"1:2 /kept/run.sh\n" in told


async def test_what_is_added_is_known_by_its_commit(docker: Client, git: str) -> None:
    """The second build does not even look at the files."""
    text = f"FROM busybox\nADD {git}/app.git#dev /x\n"
    name = f"[2/2] ADD {git}/app.git#dev /x"
    first = await build(docker, context(text))
    assert b"* [new branch]      dev        -> dev" in said(first)
    second = await build(docker, context(text))
    assert name in cached(second)
    assert said(second).endswith(b"\trefs/heads/dev\n")


async def test_git_refuses_an_add_before_anything_is_run(docker: Client, git: str) -> None:
    failed = await build(docker, context(f"FROM busybox\nRUN sleep 600\nADD {git}/app.git#no /x\n"))
    refusal = 'repository does not contain ref no, output: ""'
    assert failed[-1]["error"] == f"failed to load cache key: {refusal}"
    assert finished(failed)[f"[3/3] ADD {git}/app.git#no /x"] == refusal


async def test_a_server_of_files_is_asked_without_depth(docker: Client, http: str) -> None:
    assert b"\ndev\n" in said(await build(docker, b"", remote=f"{http}/app.git#dev"))


async def test_logins_in_addresses_are_not_shown(docker: Client, http: str) -> None:
    host = http.removeprefix("http://")
    url = f"http://u:{TOKEN}@{host}/private/app.git#dev"
    assert b"\ndev\n" in said(await build(docker, b"", remote=url))
    failed = await build(docker, b"", remote=f"http://u:bad@{host}/private/app.git#dev")
    assert failed[-1]["error"] == (
        "failed to read dockerfile: failed to load cache key: "
        f"failed to fetch remote http://xxxxx:xxxxx@{host}/private/app.git: git stderr:\n"
        f"fatal: Authentication failed for '{http}/private/app.git/'\n: exit status 128"
    )


async def test_machines_without_git_say_so(docker: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    failed = await build(docker, b"", remote="git://127.0.0.1:1/x#a")
    refusal = 'exec: "git": executable file not found in $PATH'
    assert failed[-1]["error"] == (
        "failed to read dockerfile: failed to load cache key: "
        f"failed to fetch remote git://127.0.0.1:1/x: git stderr:\n: {refusal}"
    )
    answer = await docker.post("/build?remote=git://127.0.0.1:1/x")
    assert answer.status == 500
    assert answer.message.endswith(f": : {refusal}")


async def test_the_cache_tells_of_repositories_and_prunes_them(
    mock: MockDaemon, docker: Client, git: str
) -> None:
    await build(docker, b"", remote=f"{git}/app.git#dev")
    usage = (await docker.get("/system/df?type=build-cache")).json["BuildCache"]
    kinds = {record["Description"]: record["Type"] for record in usage}
    assert kinds[f"shared git repo for {git}/app.git"] == "regular"
    assert kinds[f"git snapshot for {git}/app.git#dev"] == "source.git.checkout"
    assert os.listdir(os.path.join(mock.daemon.folder, "git"))
    await docker.post("/build/prune?all=1")
    assert not os.listdir(os.path.join(mock.daemon.folder, "git"))
    again = await build(docker, b"", remote=f"{git}/app.git#dev")
    assert b"Initialized empty Git repository" in said(again)


async def test_builds_at_once_share_what_they_fetch(docker: Client, git: str) -> None:
    builds = (build(docker, b"", remote=f"{git}/app.git#dev:sub") for _ in range(6))
    for messages in await asyncio.gather(*builds):
        assert b"inner\n" in said(messages) or "[2/3] COPY . /sub" in cached(messages)


class Silence:
    """A server that never answers, and hears when who has asked is gone."""

    def __init__(self) -> None:
        self.asked, self.left = asyncio.Event(), asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.set()
        while await reader.read(1024):
            pass
        self.left.set()
        writer.close()


async def test_a_build_that_is_cancelled_ends_its_git(mock: MockDaemon, docker: Client) -> None:
    before, silence = held(mock), Silence()
    async with await asyncio.start_server(silence, "127.0.0.1", 0) as server:
        address = f"git://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        asking = asyncio.create_task(docker.post(f"/build?version=2&remote={address}"))
        await silence.asked.wait()
        asking.cancel()
        await silence.left.wait()
    await until_only(mock, before)
    assert not os.listdir(os.path.join(mock.daemon.folder, "git"))


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_daemon_that_ends_takes_its_git_along(version: str) -> None:
    silence = Silence()
    async with await asyncio.start_server(silence, "127.0.0.1", 0) as server:
        address = f"git://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        async with MockDaemon(seed=1) as mock:
            client = Client(mock.socket_path)
            asking = asyncio.create_task(client.post(f"/build?version={version}&remote={address}"))
            await silence.asked.wait()
        await silence.left.wait()
    await asyncio.wait([asking])
    await client.session.close()


# --- the classic builder


@pytest.mark.parametrize(
    ("wanted", "said_of_it"),
    [("#dev", "\ndev\n"), ("#v1:sub", "inner\n"), ("#dev:way", "inner\n"), ("#va1", "\nmain\n")],
)
async def test_dockerd_clones_contexts(
    docker: Client, git: str, wanted: str, said_of_it: str
) -> None:
    messages = await classic(docker, "", remote=f"{git}/app.git{wanted}")
    assert said_of_it in text_of(messages)


async def test_dockerd_knows_what_a_server_of_files_cannot(docker: Client, http: str) -> None:
    assert "\nmain\n" in text_of(await classic(docker, "", remote=f"{http}/app.git#v1"))


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ("app.git", "error fetching: fatal: couldn't find remote ref master\n: exit status 128"),
        ("app.git#nope", "error fetching: fatal: couldn't find remote ref nope\n: exit status 128"),
        ("app.git#-x", "invalid refspec: -x"),
        ("app.git#dev:no", "stat {clone}/no: no such file or directory"),
        ("app.git#dev:file.txt", "error setting git context, not a directory: {clone}/file.txt"),
        ("app.git#dev:../../etc", 'error setting git context, "../../etc" not within git root: '
                                  "evalSymlinksInScope: /var/lib/docker/etc is not in {clone}"),
        ("lib.git#main", "Cannot locate specified Dockerfile: Dockerfile"),
    ],
)  # fmt: skip
async def test_contexts_that_dockerd_cannot_clone(
    docker: Client, git: str, wanted: str, refusal: str
) -> None:
    answer = await docker.post(f"/build?remote={quote(f'{git}/{wanted}')}", b"")
    assert answer.refusal == (500, refusal.format(clone=CLONED))


# --- with a session


@pytest.mark.client("docker", "buildx")
async def test_secrets_log_in(client_env: dict[str, str], http: str, mock: MockDaemon) -> None:
    await run("docker", "pull", "-q", "busybox", DOCKER_HOST=mock.docker_host)
    env = {**client_env, "DOCKER_HOST": mock.docker_host, "RIGHT": TOKEN, "WRONG": "x"}
    url, host = f"{http}/private/app.git#v1:sub", http.removeprefix("http://")
    env["HEADER"] = f"Bearer {TOKEN}"
    for secrets in (
        ["id=GIT_AUTH_TOKEN,env=RIGHT"],
        ["id=GIT_AUTH_HEADER,env=HEADER"],
        ["id=GIT_AUTH_TOKEN,env=WRONG", f"id=GIT_AUTH_TOKEN.{host},env=RIGHT"],
    ):
        options = [f"--secret={secret}" for secret in secrets]
        await run("docker", "build", "-q", *options, url, **env)
    with pytest.raises(AssertionError, match="terminal prompts disabled"):
        await run("docker", "build", "-q", url, **env)


SSH = """#!{python}
import os, socket, subprocess, sys

agent = socket.socket(socket.AF_UNIX)
agent.connect(os.environ["SSH_AUTH_SOCK"])
agent.sendall(b"\\0\\0\\0\\1\\x0b")
print("identities:", agent.makefile("rb").read(9).hex(), file=sys.stderr, flush=True)
sys.exit(subprocess.call(["sh", "-c", sys.argv[-1]]))
"""
"""Asks its agent for identities, and is then on the other side at once."""
NO_IDENTITIES = b"\0\0\0\5\x0c\0\0\0\0"


async def answer_as_agent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        writer.write(NO_IDENTITIES)
    writer.close()


@pytest.mark.client("docker", "buildx")
async def test_ssh_asks_the_agent_of_the_client(
    client_env: dict[str, str],
    mock: MockDaemon,
    app: Work,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ssh, agent = tmp_path / "bin" / "ssh", tmp_path / "agent"
    ssh.parent.mkdir()
    ssh.write_text(SSH.format(python=sys.executable))
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}{os.pathsep}{os.environ['PATH']}")
    env = {**client_env, "DOCKER_HOST": mock.docker_host, "BUILDKIT_PROGRESS": "plain"}
    url = f"ssh://git@host{app.bare}#v1:sub"
    async with await asyncio.start_unix_server(answer_as_agent, agent):
        await run("docker", "pull", "-q", "busybox", **env)
        command = f"docker build --ssh default={agent} '{url}' 2>&1"
        told = await run("sh", "-c", command, **env)
    assert f"identities: {NO_IDENTITIES.hex()}" in told
    assert "inner\n" in told


@pytest.mark.client("docker", "buildx")
async def test_remote_bake_files_are_refused(
    client_env: dict[str, str], mock: MockDaemon, git: str
) -> None:
    """They are asked for by a definition of the client's, which nobody here evaluates."""
    env = {**client_env, "DOCKER_HOST": mock.docker_host}
    with pytest.raises(AssertionError, match=r"experimental feature \S+  is not supported"):
        await run("docker", "buildx", "bake", f"{git}/app.git", **env)

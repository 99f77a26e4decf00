"""docker build tells of a base image that has to be pulled, line by line, as with the real engine."""

import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fake_registry.auth import Authorizer, Basic, Bearer
from fake_registry.store import Store
from mockerd import MockDaemon
from tests.behaviour.registries import a_registry
from tests.clients.processes import run

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
FIGURES = re.compile(r"[0-9.]+k?M?B")


@pytest.fixture
async def env(client_env: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """For clients of a daemon that has no image."""
    async with MockDaemon(seed=1) as mock:
        yield {**client_env, "DOCKER_HOST": mock.docker_host}


async def told(folder: Path, dockerfile: str, env: dict[str, str]) -> list[str]:
    """The last word on each line of the base image's vertex, digests and figures masked."""
    (folder / "Dockerfile").write_text(dockerfile)
    command = f"docker build --progress plain --no-cache {folder} 2>&1"
    out = await run("sh", "-c", command, **env)
    number = next(line.split()[0] for line in out.splitlines() if "FROM" in line)
    lines = [
        line.removeprefix(number + " ") for line in out.splitlines() if line.startswith(number)
    ]
    shown = [FIGURES.sub("N", DIGEST.sub("DIGEST", line)) for line in lines]
    ended = [line for line in shown if not line.startswith(("DIGEST", "extract")) or "done" in line]
    return [re.sub(r" \d+\.\d+s", "", line) for line in ended]


@pytest.mark.client("docker", "buildx")
async def test_an_image_that_is_not_here(env: dict[str, str], tmp_path: Path) -> None:
    busybox = "docker.io/library/busybox:latest@DIGEST"
    assert await told(tmp_path, "FROM busybox\nRUN true\n", env) == [
        f"[1/2] FROM {busybox}",
        f"resolve {busybox} done",
        "DIGEST N / N done",  # the index
        "DIGEST N / N done",  # the manifest
        "DIGEST N / N done",  # the config
        "DIGEST N / N done",  # its layer
        "extracting DIGEST done",
        "DONE",
    ]


@pytest.mark.client("docker", "buildx")
async def test_one_that_a_build_has_pulled_before(env: dict[str, str], tmp_path: Path) -> None:
    await told(tmp_path, "FROM busybox\nRUN true\n", env)
    again = await told(tmp_path, "FROM busybox\nRUN true\n", env)
    assert again == ["[1/2] FROM docker.io/library/busybox:latest@DIGEST", "CACHED"]


@pytest.mark.client("docker", "buildx")
async def test_one_whose_files_are_copied_from(env: dict[str, str], tmp_path: Path) -> None:
    dockerfile = "FROM busybox AS tools\nFROM scratch\nCOPY --from=tools /bin/busybox /b\n"
    lines = await told(tmp_path, dockerfile, env)
    assert lines[0] == "[tools 1/1] FROM docker.io/library/busybox:latest@DIGEST"
    assert lines[-2:] == ["extracting DIGEST done", "DONE"]


@pytest.mark.client("docker", "buildx")
async def test_a_layer_that_the_registry_has_lost(
    client_env: dict[str, str], tmp_path: Path
) -> None:
    """The words and the place are those of Engine 28.5.2."""
    store = Store()
    async with a_registry(store) as host:
        name = f"{host}/lost:1"
        async with MockDaemon(seed=1) as mock:
            env = {**client_env, "DOCKER_HOST": mock.docker_host}
            (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
            await run("docker", "build", "-q", "-t", name, str(tmp_path), **env)
            await run("docker", "push", "-q", name, **env)
        manifest = store.manifest("lost", store.tag("lost", "1") or "")
        assert manifest is not None
        [layer] = json.loads(manifest.data)["layers"]
        store.delete_blob("lost", layer["digest"])
        async with MockDaemon(seed=2) as mock:
            env = {**client_env, "DOCKER_HOST": mock.docker_host}
            (tmp_path / "Dockerfile").write_text(f"FROM {name}\nRUN true\n")
            out = await run("sh", "-c", f"docker build --progress plain {tmp_path} 2>&1; :", **env)
    why = (
        "failed to copy: httpReadSeeker: failed open: could not fetch content descriptor "
        f"{layer['digest']} ({layer['mediaType']}) from remote: not found"
    )
    assert f"   1 | >>> FROM {name}" in out.splitlines()
    assert out.splitlines()[-1] == f"ERROR: failed to build: failed to solve: {why}"


PRIVATE: dict[str, Authorizer] = {
    "basic": Basic({"me": "secret"}),
    "token": Bearer({"me": "secret"}, time.time),
}


@pytest.mark.client("docker", "buildx")
@pytest.mark.parametrize("kind", PRIVATE)
async def test_an_image_for_those_who_are_logged_in(
    env: dict[str, str], tmp_path: Path, kind: str
) -> None:
    """The login is the client's; it is asked for a token if the registry wants one."""
    async with a_registry(authorizer=PRIVATE[kind]) as host:
        await run("docker", "login", "-u", "me", "-p", "secret", host, **env)
        (tmp_path / "Dockerfile").write_text(f"FROM {host}/library/busybox\nRUN echo got it\n")
        command = f"docker build --progress plain {tmp_path} 2>&1"
        out = await run("sh", "-c", command, **env)
    shared = {"basic": "sharing credentials for", "token": "library/busybox:pull token for"}
    assert f"[auth] {shared[kind]} {host}" in out
    assert re.search(r"^#\d+ \S+ got it$", out, re.M)

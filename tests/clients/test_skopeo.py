"""skopeo copies images out of the registry, into it, and back, and finds the same bytes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mockerd import MockDaemon
from tests.behaviour.registries import a_registry
from tests.clients.processes import run

pytestmark = pytest.mark.client("skopeo")
ALPINE = "sha256:ff9c497b5b7c538510b3350bd97b2fc832ad82863881ade902b156f294a4dbb2"
PLAIN = ("--src-tls-verify=false", "--dest-tls-verify=false")


@pytest.fixture
async def registry() -> AsyncIterator[str]:
    async with a_registry() as host:
        yield host


async def skopeo(*words: str) -> str:
    return await run("skopeo", *words)


async def test_inspects_a_sample_image(registry: str) -> None:
    reply = await skopeo(
        "inspect", "--tls-verify=false", f"docker://{registry}/library/alpine:3.10"
    )
    shown = json.loads(reply)
    assert shown["Digest"] == ALPINE
    assert shown["Os"] == "linux"
    assert "3.22" in shown["RepoTags"]


async def test_copies_every_platform_to_another_repository(registry: str) -> None:
    source, target = f"docker://{registry}/library/alpine:3.10", f"docker://{registry}/me/copy:1"
    await skopeo("copy", "--all", *PLAIN, source, target)
    shown = json.loads(await skopeo("inspect", "--tls-verify=false", target))
    assert shown["Digest"] == ALPINE


async def test_goes_to_a_folder_and_back(registry: str, tmp_path: Path) -> None:
    source, target = f"docker://{registry}/library/httpd:alpine", f"docker://{registry}/me/httpd:1"
    layout = f"oci:{tmp_path / 'layout'}:x"
    await skopeo("copy", PLAIN[0], source, layout)
    await skopeo("copy", PLAIN[1], layout, target)
    before = await skopeo("inspect", "--config", "--tls-verify=false", source)
    assert await skopeo("inspect", "--config", "--tls-verify=false", target) == before


async def test_deletes_what_it_pushed(registry: str) -> None:
    source, target = f"docker://{registry}/library/hello-world", f"docker://{registry}/me/gone:1"
    await skopeo("copy", *PLAIN, source, target)
    await skopeo("delete", "--tls-verify=false", target)
    listed = json.loads(
        await skopeo("list-tags", "--tls-verify=false", f"docker://{registry}/me/gone")
    )
    assert listed["Tags"] == []


@pytest.mark.client("docker")
async def test_an_archive_made_by_skopeo_loads(
    registry: str, tmp_path: Path, mockerd: MockDaemon
) -> None:
    archive = tmp_path / "alpine.tar"
    source = f"docker://{registry}/library/alpine:3.10"
    await skopeo("copy", PLAIN[0], source, f"docker-archive:{archive}:me/alpine:1")
    loaded = await run("docker", "load", "-i", str(archive), DOCKER_HOST=mockerd.docker_host)
    assert loaded == "Loaded image: me/alpine:1\n"

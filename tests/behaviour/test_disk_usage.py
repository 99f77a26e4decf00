"""GET /system/df. Asked of Engine 28.5.2."""

import pytest

from tests.behaviour.conftest import Client


async def test_tells_everything(docker: Client) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    await docker.post("/containers/create?name=cc", {"Image": "busybox", "Volumes": {"/v": {}}})
    shown = (await docker.get("/system/df")).json
    assert list(shown) == ["LayersSize", "Images", "Containers", "Volumes", "BuildCache"]
    (image,) = shown["Images"]
    assert image["Containers"] == 1
    assert image["Size"] == shown["LayersSize"] > 0
    (container,) = shown["Containers"]
    assert (container["Names"], container["SizeRootFs"]) == (["/cc"], image["Size"])
    (volume,) = shown["Volumes"]
    assert volume["UsageData"] == {"RefCount": 1, "Size": 0}


async def test_what_was_not_asked_for_is_null(docker: Client) -> None:
    shown = (await docker.get("/system/df?type=container")).json
    assert shown == {"LayersSize": 0, "Images": None, "Containers": [], "Volumes": None, "BuildCache": None}  # fmt: skip


@pytest.mark.parametrize("query", ["type=foo", "type=container&type=foo"])
async def test_an_unknown_type_is_refused(docker: Client, query: str) -> None:
    answer = await docker.get(f"/system/df?{query}")
    assert answer.refusal == (400, "unknown object type: foo")


async def test_older_versions_get_everything_and_images_of_old(docker: Client) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    shown = (await docker.get("/v1.41/system/df?type=container")).json
    (image,) = shown["Images"]
    assert image["VirtualSize"] == image["Size"]
    assert image["RepoTags"] == ["busybox:latest"]

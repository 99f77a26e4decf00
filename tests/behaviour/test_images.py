"""docker images and docker image inspect. Asked of Engine 28.5.2, which pulled the same images."""

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.test_pull import pull

ALPINE_ID = "sha256:3d02c116854c41ccf04998e58d9d6fdd7e0bc373fdeb91271d6790e242d9bf4f"
ALPINE_DIGEST = "sha256:ff9c497b5b7c538510b3350bd97b2fc832ad82863881ade902b156f294a4dbb2"
ALPINE_LAYER = "sha256:e18da1d462d1a1d951d0dbb9fe425f2fe620c0e7dd051fed7d1e853b8025173a"


@pytest.fixture
async def alpine(docker: Client) -> str:
    await pull(docker, "alpine", "3.10")
    return ALPINE_ID


async def listed(docker: Client, query: str = "", **filters: list[str]) -> list[str]:
    """The tags of a list, image by image."""
    answer = await docker.get(f"/images/json{query}", **filters)
    assert answer.status == 200, answer.body
    return [(image["RepoTags"] or ["<none>"])[0] for image in answer.json]


async def test_lists_what_the_engine_lists(docker: Client, alpine: str) -> None:
    assert (await docker.get("/images/json")).json == [
        {
            "Containers": 0,
            "Created": 1618428005,
            "Id": alpine,
            "Labels": None,
            "ParentId": "",
            "RepoDigests": [f"alpine@{ALPINE_DIGEST}"],
            "RepoTags": ["alpine:3.10"],
            "SharedSize": -1,
            "Size": 9289,
        }
    ]


async def test_older_versions_list_older_fields(mock: MockDaemon, alpine: str) -> None:
    client = Client(mock.socket_path, "1.42")
    try:
        (image,) = (await client.get("/images/json")).json
    finally:
        await client.session.close()
    assert image["Containers"] == -1
    assert image["VirtualSize"] == image["Size"] == 9289


async def test_older_versions_have_null_for_no_digests(
    docker: Client, docker_1_24: Client, alpine: str
) -> None:
    await docker.post(f"/images/{alpine}/tag?repo=other")
    await docker.delete("/images/alpine:3.10")
    assert (await docker.get("/images/json")).json[0]["RepoDigests"] == []
    (image,) = (await docker_1_24.get("/images/json")).json
    assert (image["RepoTags"], image["RepoDigests"]) == (["other:latest"], None)


async def test_inspects_what_the_engine_inspects(docker: Client, alpine: str) -> None:
    shown = (await docker.get("/images/alpine:3.10/json")).json
    driver = shown.pop("GraphDriver")
    assert driver["Name"] == "overlay2"
    assert sorted(driver["Data"]) == ["MergedDir", "UpperDir", "WorkDir"]
    assert shown == {
        "Id": alpine,
        "RepoTags": ["alpine:3.10"],
        "RepoDigests": [f"alpine@{ALPINE_DIGEST}"],
        "Parent": "",
        "Comment": "buildkit.dockerfile.v0",
        "Created": "2021-04-14T19:20:05Z",
        "DockerVersion": "",
        "Author": "",
        "Architecture": "amd64",
        "Os": "linux",
        "Size": 9289,
        "RootFS": {"Type": "layers", "Layers": [ALPINE_LAYER]},
        "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"},
        "Config": {
            "Cmd": ["/bin/sh"],
            "Entrypoint": None,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Labels": None,
            "OnBuild": None,
            "User": "",
            "Volumes": None,
            "WorkingDir": "/",
        },
    }


async def test_older_versions_inspect_a_whole_container_config(
    docker_1_24: Client, alpine: str
) -> None:
    shown = (await docker_1_24.get("/images/alpine:3.10/json")).json
    assert shown["VirtualSize"] == shown["Size"]
    assert shown["Config"]["AttachStdin"] is False
    assert shown["Config"]["Hostname"] == ""


@pytest.mark.parametrize(
    "name", ["alpine:3.10", ALPINE_ID, ALPINE_ID[7:], ALPINE_ID[7:19], f"alpine@{ALPINE_DIGEST}"]
)
async def test_is_found_by_every_name(docker: Client, alpine: str, name: str) -> None:
    assert (await docker.get(f"/images/{name}/json")).json["Id"] == alpine


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("nosuch", (404, "No such image: nosuch:latest")),
        ("0000", (404, "No such image: 0000:latest")),
        ("sha256:00", (404, "No such image: sha256:00")),
        ("0" * 64, (404, f"No such image: sha256:{'0' * 64}")),
        ("BAD", (400, "invalid reference format: repository name (library/BAD) must be lowercase")),
    ],
)
async def test_refuses(docker: Client, name: str, refusal: tuple[int, str]) -> None:
    assert (await docker.get(f"/images/{name}/json")).refusal == refusal


async def test_manifests_and_platform_exclude_each_other(docker: Client, alpine: str) -> None:
    platform = "%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22amd64%22%7D"
    answer = await docker.get(f"/images/alpine:3.10/json?manifests=1&platform={platform}")
    assert answer.refusal == (
        400,
        "conflicting options: manifests and platform options cannot both be set",
    )
    assert (await docker.get(f"/images/alpine:3.10/json?platform={platform}")).status == 200


async def test_another_platform_is_not_found(docker: Client, alpine: str) -> None:
    platform = "%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22arm64%22%7D"
    assert (await docker.get(f"/images/alpine:3.10/json?platform={platform}")).refusal == (
        404,
        "image with reference alpine:3.10 was found but its platform (linux/amd64) "
        "does not match the specified platform (linux/arm64)",
    )


async def test_filters_narrow_the_list(docker: Client, alpine: str) -> None:
    await pull(docker, "alpine", "3.12")
    await pull(docker, "busybox", "1.36")
    assert await listed(docker) == ["busybox:1.36", "alpine:3.12", "alpine:3.10"]
    assert await listed(docker, reference=["alpine"]) == ["alpine:3.12", "alpine:3.10"]
    assert await listed(docker, reference=["*:3.1?"]) == ["alpine:3.12", "alpine:3.10"]
    assert await listed(docker, reference=["busy*:[12].3*"]) == ["busybox:1.36"]
    assert await listed(docker, before=["alpine:3.12"]) == ["alpine:3.10"]
    assert await listed(docker, since=["alpine:3.12"]) == ["busybox:1.36"]
    assert await listed(docker, until=["2022-01-01"]) == ["alpine:3.10"]
    assert await listed(docker, dangling=["true"]) == []
    assert await listed(docker, label=["a=b"]) == []


async def test_the_name_filter_of_old_still_works_for_old_clients(
    docker: Client, docker_1_24: Client, alpine: str
) -> None:
    await pull(docker, "busybox", "1.36")
    assert await listed(docker_1_24, "?filter=alpine") == ["alpine:3.10"]
    assert len(await listed(docker, "?filter=alpine")) == 2


@pytest.mark.parametrize(
    ("filters", "refusal"),
    [
        ({"nosuch": ["x"]}, (400, "invalid filter 'nosuch'")),
        ({"before": ["nosuch"]}, (404, "No such image: nosuch:latest")),
        (
            {"dangling": ["maybe"]},
            (400, "invalid filter 'dangling=[maybe]'"),
        ),
        ({"until": ["soon"]}, (500, 'failed to parse value as time or duration: "soon"')),
    ],
)  # fmt: skip
async def test_refuses_filters(
    docker: Client, filters: dict[str, list[str]], refusal: tuple[int, str]
) -> None:
    assert (await docker.get("/images/json", **filters)).refusal == refusal


async def test_shared_sizes_are_counted_when_asked_for(docker: Client) -> None:
    await pull(docker, "alpine", "3.22")
    await pull(docker, "httpd", "alpine")
    images = {i["RepoTags"][0]: i for i in (await docker.get("/images/json?shared-size=1")).json}
    assert images["alpine:3.22"]["SharedSize"] == images["alpine:3.22"]["Size"]
    assert images["httpd:alpine"]["SharedSize"] == images["alpine:3.22"]["Size"]
    assert images["httpd:alpine"]["Size"] > images["httpd:alpine"]["SharedSize"]

"""docker volume create, ls, inspect, rm and prune. Asked of Engine 28.5.2."""

from typing import Any

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client

INVALID = (
    'includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are '
    "allowed. If you intended to pass a host directory, use absolute path"
)


@pytest.mark.parametrize(
    ("request_body", "refusal"),
    [
        ({"Name": "a"}, (400, "create a: volume name is too short, names should be at least two alphanumeric characters")),
        ({"Name": "a b"}, (400, f'create a b: "a b" {INVALID}')),
        ({"Name": "/ab"}, (400, f'create /ab: "/ab" {INVALID}')),
        ({"Name": "v1", "Driver": "nosuch"}, (404, 'create v1: error looking up volume plugin nosuch: plugin "nosuch" not found')),
        ({"Name": "v1", "DriverOpts": {"foo": "bar"}}, (400, 'create v1: invalid option: "foo"')),
        ({"Name": "v1", "DriverOpts": {"type": "tmpfs"}}, (400, 'create v1: missing required option: "device"')),
        ({"Name": "v1", "DriverOpts": {"device": "x"}}, (400, 'create v1: missing required option: "type"')),
        ({"Name": "v1", "DriverOpts": {"size": "1m"}}, (400, "create v1: quota size requested but no quota support")),
    ],
)  # fmt: skip
async def test_refuses(docker: Client, request_body: Any, refusal: tuple[int, str]) -> None:
    assert (await docker.post("/volumes/create", request_body)).refusal == refusal
    assert (await docker.get("/volumes")).json == {"Volumes": [], "Warnings": None}


async def test_makes_a_volume_once(docker: Client) -> None:
    first = await docker.post("/volumes/create", {"Name": "v1", "Labels": {"a": "b"}})
    assert first.status == 201
    assert first.json.pop("CreatedAt").endswith("Z")
    shown = {
        "Driver": "local",
        "Labels": {"a": "b"},
        "Mountpoint": "/var/lib/docker/volumes/v1/_data",
        "Name": "v1",
        "Options": None,
        "Scope": "local",
    }
    assert {k: v for k, v in first.json.items() if k != "CreatedAt"} == shown
    again = await docker.post("/volumes/create", {"Name": "v1", "DriverOpts": {"foo": "bar"}})
    assert (again.status, again.json) == (201, first.json)


async def test_without_a_name_it_is_anonymous(docker: Client) -> None:
    made = (await docker.post("/volumes/create")).json
    assert len(made["Name"]) == 64
    assert made["Labels"] == {"com.docker.volume.anonymous": ""}


async def test_filters(docker: Client) -> None:
    await docker.post("/volumes/create", {"Name": "v1", "Labels": {"a": "b"}})
    await docker.post("/volumes/create", {"Name": "v2"})

    async def names(**filters: list[str]) -> list[str]:
        return [v["Name"] for v in (await docker.get("/volumes", **filters)).json["Volumes"]]

    assert await names(name=["v"]) == ["v1", "v2"]
    assert await names(label=["a=b"]) == ["v1"]
    assert await names(label=["a=c"]) == []
    assert await names(dangling=["false"]) == []
    assert await names(driver=["x"]) == []
    bad = await docker.get("/volumes", dangling=["x"])
    assert bad.refusal == (400, "invalid filter 'dangling=[x]'")


async def test_inspect_and_remove(docker: Client) -> None:
    await docker.post("/volumes/create", {"Name": "v1"})
    assert (await docker.get("/volumes/v1")).json["Name"] == "v1"
    assert (await docker.delete("/volumes/v1")).status == 204
    assert (await docker.get("/volumes/v1")).refusal == (404, "get v1: no such volume")
    assert (await docker.delete("/volumes/v1")).refusal == (404, "get v1: no such volume")
    assert (await docker.delete("/volumes/v1?force=1")).status == 204


async def test_a_volume_in_use_stays(mock: MockDaemon, docker: Client) -> None:
    await docker.post("/volumes/create", {"Name": "v1"})
    mock.daemon.volumes.users = lambda name: ["abc"] if name == "v1" else []
    refused = await docker.delete("/volumes/v1?force=1")
    assert refused.refusal == (409, "remove v1: volume is in use - [abc]")


async def test_prune_takes_anonymous_ones_and_all_of_them_when_told(
    docker: Client, docker_1_24: Client
) -> None:
    async def make() -> str:
        await docker.post("/volumes/create", {"Name": "named"})
        return (await docker.post("/volumes/create")).json["Name"]

    anonymous = await make()
    answer = await docker.post("/volumes/prune")
    assert answer.json == {"VolumesDeleted": [anonymous], "SpaceReclaimed": 0}
    anonymous = await make()
    answer = await docker.post('/volumes/prune?filters={"all":["1"]}')
    assert answer.json["VolumesDeleted"] == ["named", anonymous]
    anonymous = await make()
    assert (await docker_1_24.post("/volumes/prune")).json["VolumesDeleted"] == ["named", anonymous]
    assert (await docker.post("/volumes/prune")).json["VolumesDeleted"] == []

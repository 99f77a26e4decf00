"""What older API versions ask for and get, where it is not the newest's. Asked of Engine 28.5.2, version by version."""

from typing import Any

import pytest

from tests.behaviour.conftest import Client


@pytest.fixture
async def image(docker: Client) -> str:
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    return "busybox"


async def made(docker: Client, version: str, **body: Any) -> dict[str, Any]:
    """What inspect shows of a container that was created in `version`."""
    answer = await docker.post(f"/v{version}/containers/create", {"Image": "busybox", **body})
    assert answer.status == 201, answer.body
    return (await docker.get(f"/containers/{answer.json['Id']}/json")).json


@pytest.mark.parametrize(
    ("version", "field", "asked", "shown"),
    [
        ("1.24", "AutoRemove", True, False),
        ("1.25", "AutoRemove", True, True),
        ("1.39", "IpcMode", "", "shareable"),
        ("1.40", "IpcMode", "", "private"),
        ("1.41", "KernelMemory", 67108864, 67108864),
        ("1.42", "KernelMemory", 67108864, None),
        ("1.41", "ConsoleSize", [3, 4], [0, 0]),
        ("1.42", "ConsoleSize", [3, 4], [3, 4]),
        ("1.42", "Annotations", {"a": "b"}, None),
        ("1.43", "Annotations", {"a": "b"}, {"a": "b"}),
    ],
)
async def test_the_host_config_by_version(
    docker: Client, image: str, version: str, field: str, asked: Any, shown: Any
) -> None:
    container = await made(docker, version, HostConfig={field: asked})
    assert container["HostConfig"].get(field) == shown


@pytest.mark.parametrize(
    ("version", "options"),
    [
        ("1.39", {"ReadOnlyNonRecursive": True}),
        ("1.41", {"NonRecursive": True, "ReadOnlyNonRecursive": True}),
        ("1.43", {"NonRecursive": True, "CreateMountpoint": True, "ReadOnlyNonRecursive": True}),
        ("1.44", {"NonRecursive": True, "CreateMountpoint": True}),
    ],
)
async def test_the_options_of_binds_by_version(
    docker: Client, image: str, version: str, options: dict[str, bool]
) -> None:
    asked = {"NonRecursive": True, "CreateMountpoint": True}
    mount = {"Type": "bind", "Source": "/etc", "Target": "/e", "BindOptions": asked}
    container = await made(docker, version, HostConfig={"Mounts": [mount]})
    assert container["HostConfig"]["Mounts"][0]["BindOptions"] == options


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.41", 'invalid mount config for type "bind": field VolumeOptions must not be specified'),
        ("1.42", 'VolumeOptions must not be specified on mount type "bind"'),
    ],
)
async def test_options_of_another_type_by_version(
    docker: Client, image: str, version: str, text: str
) -> None:
    mount = {"Type": "bind", "Source": "/etc", "Target": "/e", "VolumeOptions": {}}
    body = {"Image": "busybox", "HostConfig": {"Mounts": [mount]}}
    answer = await docker.post(f"/v{version}/containers/create", body)
    assert answer.refusal == (400, text)


@pytest.mark.parametrize(("version", "warned"), [("1.43", False), ("1.44", True)])
async def test_the_containers_mac_address_becomes_the_endpoints(
    docker: Client, image: str, version: str, warned: bool
) -> None:
    body = {"Image": "busybox", "MacAddress": "02:42:0a:00:00:09"}
    answer = await docker.post(f"/v{version}/containers/create", body)
    assert bool(answer.json["Warnings"]) is warned
    shown = (await docker.get(f"/containers/{answer.json['Id']}/json")).json
    assert shown["NetworkSettings"]["Networks"]["bridge"]["MacAddress"] == "02:42:0a:00:00:09"


async def test_older_versions_create_with_one_network(docker: Client, image: str) -> None:
    body = {"Image": "busybox", "NetworkingConfig": {"EndpointsConfig": {"a": {}, "b": {}}}}
    answer = await docker.post("/v1.43/containers/create", body)
    text = "Container cannot be created with multiple network endpoints: a, b"
    assert answer.refusal == (400, text)
    assert (await docker.post("/v1.44/containers/create", body)).status == 201


async def test_older_versions_ignore_the_platform(docker: Client, image: str) -> None:
    path = "/containers/create?platform=linux/s390x"
    assert (await docker.post(f"/v1.40{path}", {"Image": "busybox"})).status == 201
    assert (await docker.post(f"/v1.41{path}", {"Image": "busybox"})).status == 404


async def test_older_versions_wait_without_a_condition(docker: Client, image: str) -> None:
    name = (await made(docker, "1.51"))["Id"]
    old = await docker.post(f"/v1.29/containers/{name}/wait?condition=nonsense")
    assert old.json == {"StatusCode": 0}
    new = await docker.post(f"/v1.30/containers/{name}/wait?condition=nonsense")
    assert new.refusal == (400, 'invalid condition: "nonsense"')


async def test_lists_of_networks_once_told_their_containers(docker: Client, image: str) -> None:
    name = (await made(docker, "1.51", Cmd=["sleep", "100"]))["Id"]
    await docker.post(f"/containers/{name}/start")

    async def listed(version: str) -> list[str]:
        networks = (await docker.get(f"/v{version}/networks")).json
        return [key for network in networks for key in network["Containers"]]

    assert await listed("1.27") == [name]
    assert await listed("1.28") == []


async def test_the_newest_version_changes_nothing() -> None:
    from api_schema.changes import ALL_CHANGES, NEWEST, translation

    assert all(change.applies_to(NEWEST) for change in ALL_CHANGES)
    assert translation(NEWEST).group(frozenset({"Info", "ImageInspect"})) == 0


def test_changes_are_listed_newest_first() -> None:
    from api_schema.changes import ALL_CHANGES

    since = [change.since for change in ALL_CHANGES[:-1]]
    assert since == sorted(since, reverse=True)

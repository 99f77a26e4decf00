"""docker commit. Configs and histories as Engine 28.5.2 writes them."""

import json

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.test_import import filesystem
from tests.behaviour.test_pull import pull
from tests.behaviour.test_save import unpacked

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.fixture
async def container(docker: Client) -> str:
    await pull(docker, "alpine", "3.10")
    body = {
        "Image": "alpine:3.10",
        "Cmd": ["sleep", "9"],
        "Env": ["A=b"],
        "Labels": {"k": "v"},
        "WorkingDir": "/tmp",
    }
    created = await docker.post("/containers/create?name=c1", body)
    assert created.status == 201, created.body
    return str(created.json["Id"])


async def commit(docker: Client, query: str = "", body: dict | None = None) -> dict:
    answer = await docker.post(f"/commit?container=c1{query}", body if body is not None else {})
    assert answer.status == 201, answer.body
    return (await docker.get(f"/images/{answer.json['Id']}/json")).json


async def raw_config(docker: Client, image_id: str) -> dict:
    files = unpacked((await docker.get(f"/images/{image_id}/get")).body)
    return json.loads(files[f"blobs/{image_id.replace(':', '/')}"])


async def put_file(docker: Client) -> None:
    answer = await docker.ask(
        "PUT",
        "/containers/c1/archive?path=/",
        filesystem(),
        **{"Content-Type": "application/x-tar"},
    )
    assert answer.status == 200, answer.body


async def test_an_unchanged_container_adds_no_layer(docker: Client, container: str) -> None:
    alpine = (await docker.get("/images/alpine:3.10/json")).json
    shown = await commit(docker, "&repo=c&tag=1&comment=msg&author=me")
    assert shown["Parent"] == alpine["Id"]
    assert shown["RootFS"] == alpine["RootFS"]
    assert (shown["Author"], shown["Comment"]) == ("me", "msg")
    (step, *older) = (await docker.get("/images/c:1/history")).json
    assert (step["CreatedBy"], step["Comment"], step["Size"]) == ("sleep 9", "msg", 0)
    assert older[0]["Id"] == alpine["Id"], "the parent is here, so its step has an id"


async def test_what_was_written_becomes_a_layer(docker: Client, container: str) -> None:
    await put_file(docker)
    shown = await commit(docker)
    assert len(shown["RootFS"]["Layers"]) == 2
    assert shown["Size"] == 9289 + 5
    history = (await docker.get(f"/images/{shown['Id']}/history")).json
    assert history[0]["Size"] == 5


async def test_the_containers_config_is_the_images(docker: Client, container: str) -> None:
    assert (await commit(docker))["Config"] == {
        "Cmd": ["sleep", "9"],
        "Entrypoint": None,
        "Env": ["A=b", PATH],
        "Labels": {"k": "v"},
        "OnBuild": None,
        "User": "",
        "Volumes": None,
        "WorkingDir": "/tmp",
    }


async def test_changes_alter_it(docker: Client, container: str) -> None:
    changes = "&changes=ENV+Z%3D1&changes=CMD+%5B%22cat%22%5D&changes=EXPOSE+80&changes=USER+nobody"
    config = (await commit(docker, changes))["Config"]
    assert config["Env"] == ["A=b", PATH, "Z=1"]
    assert config["Cmd"] == ["cat"]
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert config["User"] == "nobody"


async def test_a_config_in_the_body_is_completed_by_the_containers(
    docker: Client, container: str
) -> None:
    config = (await commit(docker, body={"Cmd": ["true"], "Env": ["B=c"]}))["Config"]
    assert config["Cmd"] == ["true"]
    assert config["Env"] == ["B=c", "A=b", PATH]
    assert config["WorkingDir"] == "/tmp"


async def test_the_document_is_written_as_the_engine_writes_it(
    docker: Client, container: str
) -> None:
    shown = await commit(docker, "&comment=msg")
    document = await raw_config(docker, shown["Id"])
    assert list(document) == [
        "architecture", "config", "container", "container_config", "created", "docker_version",
        "history", "os", "rootfs",
    ]  # fmt: skip
    assert document["container"] == container
    assert list(document["config"])[:4] == ["Hostname", "Domainname", "User", "AttachStdin"]
    assert document["config"]["Hostname"] == container[:12]
    assert document["history"][-1] == {
        "created": document["created"],
        "created_by": "sleep 9",
        "comment": "msg",
        "empty_layer": True,
    }


async def test_the_parent_stays_while_it_has_children(docker: Client, container: str) -> None:
    shown = await commit(docker, "&repo=c&tag=1")
    await docker.delete("/containers/c1")
    refused = await docker.delete(f"/images/{shown['Parent']}?force=1")
    short = shown["Parent"][7:19]
    assert refused.refusal == (
        409,
        f"conflict: unable to delete {short} (cannot be forced) - image has dependent child images",
    )
    assert {"Deleted": shown["Id"]} in (await docker.delete("/images/c:1")).json


async def test_events_tell_of_the_image_and_the_container(
    mock: MockDaemon, docker: Client, container: str
) -> None:
    with mock.daemon.events.listen((seen := []).append):
        shown = await commit(docker, "&repo=c&tag=1&comment=msg")
    assert [(e.type, e.action) for e in seen] == [
        ("image", "create"),
        ("image", "tag"),
        ("container", "commit"),
    ]
    attributes = seen[-1].attributes
    assert (attributes["imageID"], attributes["imageRef"]) == (shown["Id"], "c:1")


async def test_the_container_is_paused_until_its_image_is_there(
    mock: MockDaemon, docker: Client, container: str
) -> None:
    await docker.post("/containers/c1/start")
    with mock.daemon.events.listen((seen := []).append):
        await commit(docker)
    assert [e.action for e in seen] == ["pause", "create", "commit", "unpause"]


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("container=nosuch", (404, "No such container: nosuch")),
        ("container=c1&changes=RUN+x", (400, "RUN is not a valid change command")),
        (
            "container=c1&repo=BAD",
            (400, "invalid reference format: repository name (library/BAD) must be lowercase"),
        ),
    ],
)
async def test_refuses(
    docker: Client, container: str, query: str, refusal: tuple[int, str]
) -> None:
    assert (await docker.post(f"/commit?{query}", {})).refusal == refusal


async def test_a_container_that_outlives_its_image_is_not_committed(
    docker: Client, container: str
) -> None:
    id = (await docker.get("/images/alpine:3.10/json")).json["Id"]
    await docker.delete("/images/alpine:3.10?force=1")
    place = f"/var/lib/docker/image/overlay2/imagedb/content/sha256/{id.removeprefix('sha256:')}"
    assert (await docker.post(f"/commit?container={container}", {})).refusal == (
        404,
        f"failed to get digest {id}: open {place}: no such file or directory",
    )

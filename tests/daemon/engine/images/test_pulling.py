"""A pull tells, step by step, what dockerd tells, and ends with the image and its names."""

import asyncio

import pytest

from api_schema.oci import Digest
from daemon.engine.images.service import parse_reference
from daemon.errors import Forbidden, InvalidParameter, NotFound

from .conftest import NOBODY


def statuses(messages: list[dict], id: str) -> list[str]:
    """The steps of one layer, bars left out."""
    return [m["status"] for m in messages if m.get("id") == id and "progress" not in m]


async def test_tells_the_steps_of_a_layer(images) -> None:
    messages = await images.pulled("alpine:3.10")
    assert messages[0] == {"status": "Pulling from library/alpine", "id": "3.10"}
    layer = messages[1]["id"]
    assert statuses(messages, layer) == [
        "Pulling fs layer",
        "Verifying Checksum",
        "Download complete",
        "Pull complete",
    ]
    assert messages[-2]["status"].startswith("Digest: sha256:")
    assert messages[-1] == {"status": "Status: Downloaded newer image for alpine:3.10"}


async def test_a_second_pull_finds_everything_up_to_date(images) -> None:
    first = await images.pulled("alpine:3.10")
    second = await images.pulled("alpine:3.10")
    assert second == [
        {"status": "Pulling from library/alpine", "id": "3.10"},
        first[-2],
        {"status": "Status: Image is up to date for alpine:3.10"},
    ]


async def test_shared_layers_are_not_pulled_again(images) -> None:
    await images.pulled("debian:trixie-slim")
    messages = await images.pulled("httpd:2.4")
    present = [m for m in messages if m["status"] == "Already exists"]
    assert len(present) == 1
    assert set(statuses(messages, present[0]["id"])) == {"Already exists"}


async def test_more_than_three_layers_wait_for_their_turn(images) -> None:
    messages = await images.pulled("httpd:alpine")
    waiting = [m["id"] for m in messages if m["status"] == "Waiting"]
    started = [m["id"] for m in messages if m["status"] == "Pulling fs layer"]
    assert waiting == started[3:]
    completed = [m["id"] for m in messages if m["status"] == "Pull complete"]
    assert completed == started, "layers are registered from the bottom up"


async def test_the_digest_becomes_a_name(images) -> None:
    messages = await images.pulled("alpine:3.10")
    digest = messages[-2]["status"].removeprefix("Digest: ")
    image = images.resolve("alpine:3.10")
    assert images.repo_tags(image) == ["alpine:3.10"]
    assert images.repo_digests(image) == [f"alpine@{digest}"]
    assert images.resolve(f"alpine@{digest}") is image


async def test_by_digest_there_is_no_tag(images) -> None:
    digest = (await images.pulled("alpine:3.10"))[-2]["status"].removeprefix("Digest: ")
    images.remove("alpine:3.10")
    messages = await images.pulled(f"alpine@{digest}")
    assert messages[0]["id"] == f"docker.io/library/alpine@{digest}"
    image = images.resolve(f"alpine@{digest}")
    assert images.repo_tags(image) == []


async def test_every_tag_is_pulled_for_a_bare_name(images) -> None:
    messages = await images.pulled("hello-world")
    assert [m["id"] for m in messages if m["status"].startswith("Pulling from")] == [
        "latest",
        "linux",
    ]
    assert messages[-1]["status"] == "Status: Downloaded newer image for hello-world"


async def test_the_image_id_is_the_digest_of_its_config(images) -> None:
    image = await images.image("busybox:1.36")
    assert Digest.of(image.raw) == image.id
    for diff_id in image.diff_ids:
        assert Digest.of(images.layer_store.tar_bytes(diff_id)) == diff_id


async def test_a_platform_is_chosen_from_the_index(images) -> None:
    from daemon.engine.images import platforms

    await images.pulled("alpine:3.10", platforms.parse("linux/arm64"))
    assert images.resolve("alpine:3.10").config.architecture == "arm64"
    with pytest.raises(InvalidParameter) as caught:
        await images.pulled("alpine:3.12", platforms.parse("linux/s390x"))
    assert str(caught.value) == (
        "no matching manifest for linux/s390x in the manifest list entries"
    )


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (
            "nosuch:1",
            NotFound,
            "pull access denied for nosuch, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied",
        ),
        (
            "alpine:nosuch",
            NotFound,
            "manifest for alpine:nosuch not found: manifest unknown: manifest unknown",
        ),
        ("scratch", Forbidden, "'scratch' is a reserved name"),
    ],
)
async def test_refusals_are_dockers(images, name: str, kind: type, message: str) -> None:
    with pytest.raises(kind) as caught:
        await images.pulled(name)
    assert str(caught.value) == message


async def test_whoever_stops_listening_stops_the_pull(images) -> None:
    messages = images.pull(parse_reference("httpd:2.4"), None, NOBODY)
    await anext(messages)
    await messages.aclose()
    assert not len(images._tasks)
    assert len(images.store) == 0


async def test_pulls_at_the_same_time_agree(images) -> None:
    await asyncio.gather(*(images.pulled("httpd:2.4") for _ in range(5)))
    assert len(images.store) == 1


async def test_an_event_tells_of_the_pull(images) -> None:
    await images.pulled("alpine:3.10")
    assert images.told.events[-1] == ("pull", "alpine:3.10", {"name": "alpine"})

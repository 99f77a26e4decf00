"""docker rmi and docker image prune: Docker's conflict rules, in its words."""

from dataclasses import dataclass

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.test_images import ALPINE_DIGEST, ALPINE_ID, ALPINE_LAYER
from tests.behaviour.test_pull import pull

SHORT = ALPINE_ID[7:19]
CONTAINER = "c" * 64


@pytest.fixture
async def alpine(docker: Client) -> str:
    await pull(docker, "alpine", "3.10")
    return ALPINE_ID


@dataclass
class User:
    """Stands for a container, where only its use of an image matters."""

    id: str
    image_id: str
    is_running: bool
    diff_ids: tuple[str, ...] = (ALPINE_LAYER,)


def use(mock: MockDaemon, *, running: bool) -> None:
    mock.daemon.images.users = lambda: [User(CONTAINER, ALPINE_ID, running)]


async def test_the_last_name_takes_the_image_along(docker: Client, alpine: str) -> None:
    answer = await docker.delete("/images/alpine:3.10")
    assert (answer.status, answer.json) == (
        200,
        [
            {"Untagged": "alpine:3.10"},
            {"Untagged": f"alpine@{ALPINE_DIGEST}"},
            {"Deleted": ALPINE_ID},
            {"Deleted": ALPINE_LAYER},
        ],
    )
    assert (await docker.get("/images/json?all=1")).json == []


async def test_one_of_several_names_goes_alone(docker: Client, alpine: str) -> None:
    await docker.post("/images/alpine:3.10/tag?repo=other&tag=1")
    assert (await docker.delete("/images/other:1")).json == [{"Untagged": "other:1"}]
    assert (await docker.get("/images/alpine:3.10/json")).status == 200


async def test_by_id_several_repositories_are_a_conflict(docker: Client, alpine: str) -> None:
    await docker.post("/images/alpine:3.10/tag?repo=other")
    assert (await docker.delete(f"/images/{SHORT}")).refusal == (
        409,
        f"conflict: unable to delete {SHORT} (must be forced) - image is referenced in multiple repositories",
    )
    forced = await docker.delete(f"/images/{SHORT}?force=1")
    assert {"Untagged": "other:latest"} in forced.json
    assert {"Deleted": ALPINE_ID} in forced.json


@pytest.mark.parametrize("running", [True, False])
async def test_a_used_name_must_be_forced(
    mock: MockDaemon, docker: Client, alpine: str, running: bool
) -> None:
    use(mock, running=running)
    assert (await docker.delete("/images/alpine:3.10")).refusal == (
        409,
        'conflict: unable to remove repository reference "alpine:3.10" (must force) - container '
        f"{CONTAINER[:12]} is using its referenced image {SHORT}",
    )


async def test_an_image_in_a_running_container_stays_whatever_is_forced(
    mock: MockDaemon, docker: Client, alpine: str
) -> None:
    use(mock, running=True)
    refusal = (
        409,
        f"conflict: unable to delete {SHORT} (cannot be forced) - image is being used by running container "
        f"{CONTAINER[:12]}",
    )
    assert (await docker.delete(f"/images/{SHORT}")).refusal == refusal
    assert (await docker.delete(f"/images/{SHORT}?force=1")).refusal == refusal


async def test_an_image_in_a_stopped_container_must_be_forced(
    mock: MockDaemon, docker: Client, alpine: str
) -> None:
    use(mock, running=False)
    assert (await docker.delete(f"/images/{SHORT}")).refusal == (
        409,
        f"conflict: unable to delete {SHORT} (must be forced) - image is being used by stopped container "
        f"{CONTAINER[:12]}",
    )
    assert (await docker.delete(f"/images/{SHORT}?force=1")).json == [
        {"Untagged": "alpine:3.10"},
        {"Untagged": f"alpine@{ALPINE_DIGEST}"},
        {"Deleted": ALPINE_ID},
    ], "the layer stays for the container"


async def test_forcing_the_name_of_a_running_containers_image_only_untags(
    mock: MockDaemon, docker: Client, alpine: str
) -> None:
    use(mock, running=True)
    answer = await docker.delete("/images/alpine:3.10?force=1")
    assert answer.json == [
        {"Untagged": "alpine:3.10"},
        {"Untagged": f"alpine@{ALPINE_DIGEST}"},
    ]
    assert (await docker.get(f"/images/{ALPINE_ID}/json")).status == 200


async def test_an_unknown_image_is_not_found(docker: Client) -> None:
    assert (await docker.delete("/images/nosuch")).refusal == (404, "No such image: nosuch:latest")


async def test_prune_takes_only_what_has_no_name(docker: Client, alpine: str) -> None:
    nothing = await docker.post("/images/prune")
    assert nothing.json == {"ImagesDeleted": None, "SpaceReclaimed": 0}
    all_unused = await docker.post("/images/prune?filters=%7B%22dangling%22%3A%5B%22false%22%5D%7D")
    assert all_unused.json["SpaceReclaimed"] == 9289
    assert {"Deleted": ALPINE_ID} in all_unused.json["ImagesDeleted"]


async def test_prune_of_all_spares_what_is_used(
    mock: MockDaemon, docker: Client, alpine: str
) -> None:
    use(mock, running=False)
    report = await docker.post("/images/prune?filters=%7B%22dangling%22%3A%5B%22false%22%5D%7D")
    assert report.json["SpaceReclaimed"] == 0
    assert (await docker.get("/images/alpine:3.10/json")).status == 200


async def test_events_tell_of_untag_and_delete(
    mock: MockDaemon, docker: Client, alpine: str
) -> None:
    with mock.daemon.events.listen((seen := []).append):
        await docker.delete("/images/alpine:3.10")
    assert [event.action for event in seen] == ["untag", "delete"]

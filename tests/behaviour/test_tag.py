"""docker tag."""

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.test_pull import pull


@pytest.fixture
async def alpine(docker: Client) -> None:
    await pull(docker, "alpine", "3.10")


async def test_adds_a_name_and_remembers_when(docker: Client, alpine: None) -> None:
    answer = await docker.post("/images/alpine:3.10/tag?repo=me/app&tag=v1")
    assert (answer.status, answer.body) == (201, b"")
    shown = (await docker.get("/images/me/app:v1/json")).json
    assert shown["RepoTags"] == ["alpine:3.10", "me/app:v1"]
    assert not shown["Metadata"]["LastTagTime"].startswith("0001")


async def test_moves_a_name_that_another_image_has(docker: Client, alpine: None) -> None:
    await pull(docker, "busybox", "1.36")
    await docker.post("/images/alpine:3.10/tag?repo=busybox&tag=1.36")
    shown = (await docker.get("/images/busybox:1.36/json")).json
    assert "alpine:3.10" in shown["RepoTags"]


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("repo=BAD", (400, "invalid reference format: repository name (library/BAD) must be lowercase")),
        ("repo=a&tag=b@d", (400, "invalid tag format")),
        (f"repo=a@sha256:{'a' * 64}", (400, "cannot import digest reference")),
        ("repo=sha256", (400, "refusing to create an ambiguous tag using digest algorithm as name")),
    ],
)  # fmt: skip
async def test_refuses(docker: Client, alpine: None, query: str, refusal: tuple[int, str]) -> None:
    assert (await docker.post(f"/images/alpine:3.10/tag?{query}")).refusal == refusal


async def test_an_unknown_image_is_not_found(docker: Client) -> None:
    answer = await docker.post("/images/nosuch/tag?repo=a")
    assert answer.refusal == (404, "No such image: nosuch:latest")


async def test_an_event_names_the_tag(mock: MockDaemon, docker: Client, alpine: None) -> None:
    with mock.daemon.events.listen((seen := []).append):
        await docker.post("/images/alpine:3.10/tag?repo=a")
    assert [(e.action, e.attributes) for e in seen] == [("tag", {"name": "a:latest"})]

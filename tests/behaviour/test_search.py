"""docker search, answered by the sample images in the form of Docker Hub."""

import pytest

from tests.behaviour.conftest import Client
from tests.behaviour.registries import a_registry


async def test_finds_by_name_the_popular_first(docker: Client) -> None:
    found = (await docker.get("/images/search?term=httpd")).json
    assert found == [
        {
            "star_count": 4900,
            "is_official": True,
            "name": "httpd",
            "is_automated": False,
            "description": "The Apache HTTP Server Project",
        }
    ]


async def test_a_limit_cuts(docker: Client) -> None:
    found = (await docker.get("/images/search?term=a&limit=3")).json
    assert len(found) == 3
    stars = [entry["star_count"] for entry in found]
    assert stars == sorted(stars, reverse=True)


async def test_filters_narrow(docker: Client) -> None:
    official = (await docker.get("/images/search", **{"is-official": ["false"]})).json
    assert {entry["name"] for entry in official} >= {"testcontainers/ryuk"}
    assert all(not entry["is_official"] for entry in official)
    starred = (await docker.get("/images/search", stars=["15000"])).json
    assert starred
    assert all(entry["star_count"] >= 15000 for entry in starred)
    assert (await docker.get("/images/search", **{"is-automated": ["true"]})).json == []


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("term=a&limit=101", (400, "limit 101 is outside the range of [1, 100]")),
        ("term=a&limit=x", (400, 'invalid limit specified: strconv.Atoi: parsing "x": invalid syntax')),
        (
            "term=https://a/b",
            (400, "invalid repository name: repository name (https://a/b) should not have a scheme"),
        ),
    ],
)  # fmt: skip
async def test_refuses(docker: Client, query: str, refusal: tuple[int, str]) -> None:
    assert (await docker.get(f"/images/search?{query}")).refusal == refusal


async def test_another_registry_is_searched(docker: Client) -> None:
    async with a_registry() as host:
        found = (await docker.get(f"/images/search?term={host}/httpd")).json
    assert [entry["name"] for entry in found] == ["httpd"]


async def test_a_limit_below_zero_is_refused_with_nothing(docker: Client) -> None:
    answer = await docker.get("/images/search?term=a&limit=-1")
    assert (answer.status, answer.body) == (200, b"")


async def test_a_registry_has_to_answer_first(docker: Client) -> None:
    refused = "dial tcp 127.0.0.1:1: connect: connection refused"
    assert (await docker.get("/images/search?term=127.0.0.1:1/x&limit=500")).refusal == (
        400,
        'invalid registry endpoint "http://127.0.0.1:1/v1/". '
        f'HTTPS attempt: Get "https://127.0.0.1:1/v1/_ping": {refused}. '
        f'HTTP attempt: Get "http://127.0.0.1:1/v1/_ping": {refused}',
    )

"""What holds for the whole registry: versions, names, methods, policies."""

import pytest

from fake_registry.limits import RateLimit

from .pushing import error_code, push_image


async def test_says_which_api_it_speaks(client) -> None:
    reply = await client.get("/v2/")
    assert reply.status == 200
    assert reply.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


@pytest.mark.parametrize("name", ["UPPER", "a..b", "a//b", "-a"])
async def test_an_impossible_name_is_invalid(client, name: str) -> None:
    reply = await client.get(f"/v2/{name}/tags/list")
    assert (reply.status, await error_code(reply)) == (400, "NAME_INVALID")


async def test_a_known_path_with_another_method_is_unsupported(client) -> None:
    reply = await client.post("/v2/a/tags/list")
    assert (reply.status, await error_code(reply)) == (405, "UNSUPPORTED")


async def test_an_unknown_path_is_not_found(client) -> None:
    assert (await client.get("/v3/")).status == 404


async def test_a_read_only_registry_takes_nothing(start) -> None:
    client = await start(read_only=True)
    reply = await client.post("/v2/a/blobs/uploads/")
    assert (reply.status, await error_code(reply)) == (405, "UNSUPPORTED")


async def test_the_rate_limit_counts_manifests_as_docker_hub_does(start) -> None:
    now = [0.0]
    client = await start(rate_limit=RateLimit(2, lambda: now[0]))
    await push_image(client, "a", "v1")
    path = "/v2/a/manifests/v1"
    head = await client.head(path)
    assert head.headers["RateLimit-Remaining"] == "2;w=21600", "a HEAD is free"
    assert (await client.get(path)).headers["RateLimit-Remaining"] == "1;w=21600"
    assert (await client.get(path)).status == 200
    refused = await client.get(path)
    assert (refused.status, await error_code(refused)) == (429, "TOOMANYREQUESTS")
    assert refused.headers["RateLimit-Limit"] == "2;w=21600"
    now[0] = 21601.0
    assert (await client.get(path)).status == 200


async def test_its_root_says_that_it_is_alive(client) -> None:
    answer = await client.get("/")
    assert (answer.status, await answer.read()) == (200, b"")

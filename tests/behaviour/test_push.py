"""docker push and docker manifest, to a registry of this host and to the daemon's own Docker Hub."""

from typing import Any
from urllib.parse import quote

import pytest

from fake_registry.auth import Basic, Bearer
from tests.behaviour.conftest import Client
from tests.behaviour.registries import a_registry
from tests.behaviour.test_pull import USERS, lines, login, pull

# What Engine 28.5.2 pushed for the same image, whose layers came from the same registry.
REAL_DIGEST = "sha256:f9ed681c30792579ccad7b0739b23cc2b986f7b3b51afd0b86dceb1e3c67ff17"


async def push(docker: Client, name: str, tag: str = "", **headers: str) -> list[dict[str, Any]]:
    answer = await docker.ask("POST", f"/images/{name}/push?tag={tag}", **headers)
    return lines(answer)


async def tagged(docker: Client, source: str, target: str) -> None:
    name, _, tag = source.partition(":")
    await pull(docker, name, tag or "latest")
    repo, _, tag = target.rpartition(":")
    answer = await docker.post(f"/images/{source}/tag?repo={repo}&tag={tag}")
    assert answer.status == 201


async def test_pushes_what_the_registry_lacks_and_nothing_twice(docker: Client) -> None:
    async with a_registry() as host:
        await tagged(docker, "hello-world", f"{host}/me/app:v1")
        first = await push(docker, f"{host}/me/app", "v1")
        layer = first[1]["id"]
        assert first[0] == {"status": f"The push refers to repository [{host}/me/app]"}
        assert first[1] == {"status": "Preparing", "progressDetail": {}, "id": layer}
        assert {"status": "Pushed", "progressDetail": {}, "id": layer} in first
        aux = first[-1]["aux"]
        assert first[-2] == {
            "status": f"v1: digest: {aux['Digest']} size: {aux['Size']}",
        }
        second = await push(docker, f"{host}/me/app", "v1")
        assert {"status": "Layer already exists", "progressDetail": {}, "id": layer} in second
        assert second[-1] == first[-1]


async def test_layers_are_mounted_from_where_they_came(docker: Client) -> None:
    async with a_registry() as host:
        await pull(docker, f"{host}/library/httpd", "alpine")
        await docker.post(f"/images/{host}/library/httpd:alpine/tag?repo={host}/me/x&tag=v1")
        messages = await push(docker, f"{host}/me/x", "v1")
        assert [m.get("status") for m in messages].count("Mounted from library/httpd") == 5
        assert messages[-1]["aux"]["Digest"] == REAL_DIGEST


async def test_what_was_pushed_comes_back(docker: Client) -> None:
    async with a_registry() as host:
        await tagged(docker, "hello-world", f"{host}/me/app:v1")
        digest = (await push(docker, f"{host}/me/app", "v1"))[-1]["aux"]["Digest"]
        before = (await docker.get(f"/images/{host}/me/app:v1/json")).json
        assert f"{host}/me/app@{digest}" in before["RepoDigests"]
        for image in (await docker.get("/images/json")).json:
            await docker.delete(f"/images/{image['Id']}?force=1")
        await pull(docker, f"{host}/me/app", "v1")
        after = (await docker.get(f"/images/{host}/me/app:v1/json")).json
        assert after["Id"] == before["Id"]
        described = (await docker.get(f"/distribution/{host}/me/app:v1/json")).json
        assert described["Descriptor"]["digest"] == digest
        assert described["Platforms"] == [{"architecture": "amd64", "os": "linux"}]


async def test_all_tags_go_when_none_is_named(docker: Client) -> None:
    async with a_registry() as host:
        await tagged(docker, "hello-world", f"{host}/me/app:v1")
        await tagged(docker, "alpine:3.10", f"{host}/me/app:v2")
        messages = await push(docker, f"{host}/me/app")
        assert [m["aux"]["Tag"] for m in messages if "aux" in m] == ["v1", "v2"]


@pytest.mark.parametrize(
    ("name", "tag", "text"),
    [
        ("nosuch", "v1", "An image does not exist locally with the tag: nosuch"),
        ("hello-world", "v1", "tag does not exist: hello-world:v1"),
    ],
)
async def test_an_image_that_is_not_here_is_an_error_in_band(
    docker: Client, name: str, tag: str, text: str
) -> None:
    await pull(docker, "hello-world")
    messages = await push(docker, name, tag)
    assert messages[-1] == {"errorDetail": {"message": text}, "error": text}


async def test_an_image_for_another_platform_is_not_pushed(docker: Client) -> None:
    async with a_registry() as host:
        await tagged(docker, "hello-world", f"{host}/me/app:v1")
        arm = quote('{"os":"linux","architecture":"arm64"}')
        assert (await docker.post(f"/images/{host}/me/app/push?tag=v1&platform={arm}")).refusal == (
            404,
            f"image with reference {host}/me/app:v1 was found but its platform (linux/amd64) "
            "does not match the specified platform (linux/arm64)",
        )


async def test_docker_hub_wants_a_login_and_keeps_its_own_names(docker: Client) -> None:
    await tagged(docker, "hello-world", "me/app:v1")
    denied = "denied: requested access to the resource is denied"
    assert (await push(docker, "me/app", "v1"))[-1]["error"] == denied
    assert "aux" in (await push(docker, "me/app", "v1", **login("me", "x")))[-1]
    assert (await push(docker, "hello-world", "latest", **login("me", "x")))[-1]["error"] == denied


async def test_refusals_come_in_band(docker: Client) -> None:
    async with a_registry(authorizer=Basic(USERS)) as host:
        await tagged(docker, "hello-world", f"{host}/me/app:v1")
        messages = await push(docker, f"{host}/me/app", "v1")
        assert messages[-1]["error"] == "no basic auth credentials"
        assert "aux" in (await push(docker, f"{host}/me/app", "v1", **login("u", "secret")))[-1]


async def test_a_token_is_fetched_for_pushing(docker: Client) -> None:
    async with a_registry(authorizer=Bearer(USERS, lambda: 0.0)) as host:
        await tagged(docker, "hello-world", f"{host}/me/app:v1")
        wrong = await push(docker, f"{host}/me/app", "v1", **login("u", "wrong"))
        assert wrong[-1]["error"] == "unauthorized: incorrect username or password"
        assert "aux" in (await push(docker, f"{host}/me/app", "v1", **login("u", "secret")))[-1]


async def test_a_read_only_registry_takes_nothing(docker: Client) -> None:
    async with a_registry(read_only=True) as host:
        await tagged(docker, "hello-world", f"{host}/me/app:v1")
        messages = await push(docker, f"{host}/me/app", "v1")
        assert messages[-1]["error"] == "unsupported: the registry is read-only"


async def test_describes_a_remote_image(docker: Client) -> None:
    described = (await docker.get("/distribution/alpine:3.22/json")).json
    assert described == {
        "Descriptor": {
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": "sha256:2752e458bd6bb084eda6a2d9b48a856dff335ba7973e8cc7817a992a3b480475",
            "size": 670,
        },
        "Platforms": [
            {"architecture": "amd64", "os": "linux"},
            {"architecture": "arm64", "os": "linux", "variant": "v8"},
        ],
    }
    assert (await docker.get("/distribution/BAD/json")).refusal == (
        400,
        "invalid reference format: repository name (library/BAD) must be lowercase",
    )
    assert (await docker.get("/distribution/alpine:nosuch/json")).refusal == (
        404,
        "manifest unknown: manifest unknown",
    )

"""docker pull. Texts and steps as Engine 28.5.2 gives them for the same registry."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from fake_registry.auth import Basic, Bearer
from fake_registry.limits import RateLimit
from mockerd import MockDaemon
from tests.behaviour.conftest import Answer, Client
from tests.behaviour.registries import a_registry

USERS = {"u": "secret"}
LIMIT = (
    "toomanyrequests: You have reached your pull rate limit. You may increase the limit by "
    "authenticating and upgrading: https://www.docker.com/increase-rate-limit"
)


def login(user: str, password: str) -> dict[str, str]:
    document = json.dumps({"username": user, "password": password}).encode()
    return {"X-Registry-Auth": base64.urlsafe_b64encode(document).decode()}


def lines(answer: Answer) -> list[dict]:
    assert answer.status == 200, answer.body
    assert answer.body.endswith(b"\r\n")
    return [json.loads(line) for line in answer.body.split(b"\r\n") if line]


async def pull(docker: Client, name: str, tag: str = "latest", more: str = "", **headers: str):
    path = f"/images/create?fromImage={name}&tag={tag}{more}"
    return await docker.ask("POST", path, **headers)


async def test_tells_what_docker_tells(docker: Client) -> None:
    answer = await pull(docker, "hello-world")
    assert answer.headers["Content-Type"] == "application/json"
    messages = lines(answer)
    assert messages[0] == {"status": "Pulling from library/hello-world", "id": "latest"}
    assert messages[1]["status"] == "Pulling fs layer"
    assert messages[1]["progressDetail"] == {}
    assert messages[-1] == {"status": "Status: Downloaded newer image for hello-world:latest"}
    bars = [m for m in messages if m["status"] == "Downloading"]
    assert bars[-1]["progressDetail"] == {"current": 10263, "total": 10263}
    assert bars[-1]["progress"] == (
        "[==================================================>]  10.26kB/10.26kB"
    )


async def test_a_digest_is_told_by_the_whole_name(docker: Client) -> None:
    await pull(docker, "hello-world")
    (by_digest,) = (await docker.get("/images/hello-world/json")).json["RepoDigests"]
    first, *_, last = lines(await pull(docker, by_digest, ""))
    assert first["id"] == f"docker.io/library/{by_digest}"
    assert last == {"status": f"Status: Image is up to date for {by_digest}"}


async def test_members_come_in_gos_order(docker: Client) -> None:
    answer = await pull(docker, "hello-world")
    assert answer.body.startswith(
        b'{"status":"Pulling from library/hello-world","id":"latest"}\r\n'
    )


@pytest.mark.parametrize(
    ("name", "tag", "refusal"),
    [
        (
            "nosuch",
            "latest",
            (
                404,
                "pull access denied for nosuch, repository does not exist or may require 'docker login': "
                "denied: requested access to the resource is denied",
            ),
        ),
        (
            "alpine",
            "nosuch",
            (404, "manifest for alpine:nosuch not found: manifest unknown: manifest unknown"),
        ),
        (
            "BAD",
            "latest",
            (400, "invalid reference format: repository name (library/BAD) must be lowercase"),
        ),
        ("alpine", "b@d", (400, "invalid tag format")),
        ("scratch", "latest", (403, "'scratch' is a reserved name")),
        (
            "127.0.0.1:1/none",
            "1",
            (
                500,
                'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
            ),
        ),
    ],
)
async def test_refuses(docker: Client, name: str, tag: str, refusal: tuple[int, str]) -> None:
    assert (await pull(docker, name, tag)).refusal == refusal


async def test_a_name_unknown_to_another_registry_is_not_denied(docker: Client) -> None:
    async with a_registry() as host:
        assert (await pull(docker, f"{host}/library/nosuch")).refusal == (
            404,
            f"manifest for {host}/library/nosuch:latest not found: manifest unknown: manifest unknown",
        )


async def test_a_missing_platform_is_told_after_the_first_line(docker: Client) -> None:
    messages = lines(await pull(docker, "alpine", "3.10", "&platform=linux/s390x"))
    text = "no matching manifest for linux/s390x in the manifest list entries"
    assert messages == [
        {"status": "Pulling from library/alpine", "id": "3.10"},
        {"errorDetail": {"message": text}, "error": text},
    ]
    assert (await docker.get("/images/json")).json == []


async def test_an_unreadable_platform_is_refused(docker: Client) -> None:
    answer = await pull(docker, "alpine", "3.10", "&platform=nosuch")
    assert answer.refusal == (
        400,
        '"nosuch": unknown operating system or architecture: invalid argument',
    )


async def test_basic_credentials_are_used(docker: Client) -> None:
    async with a_registry(authorizer=Basic(USERS)) as host:
        name = f"{host}/library/hello-world"
        assert (await pull(docker, name)).refusal == (
            500,
            f'Head "http://{host}/v2/library/hello-world/manifests/latest": no basic auth credentials',
        )
        refused = await pull(docker, name, **login("u", "wrong"))
        assert refused.refusal == (401, "unauthorized: authentication required")
        assert lines(await pull(docker, name, **login("u", "secret")))


async def test_bearer_tokens_are_fetched(docker: Client) -> None:
    async with a_registry(authorizer=Bearer(USERS, lambda: 0.0)) as host:
        name = f"{host}/library/hello-world"
        assert (await pull(docker, name)).refusal == (
            404,
            f"pull access denied for {name}, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied",
        )
        assert (await pull(docker, name, **login("u", "wrong"))).refusal == (
            401,
            f'Head "http://{host}/v2/library/hello-world/manifests/latest": unauthorized: '
            "incorrect username or password",
        )
        assert lines(await pull(docker, name, **login("u", "secret")))


async def test_the_rate_limit_is_a_status_before_the_first_line(docker: Client) -> None:
    async with a_registry(rate_limit=RateLimit(1, lambda: 0.0)) as host:
        assert lines(await pull(docker, f"{host}/library/hello-world"))
        assert (await pull(docker, f"{host}/library/alpine")).refusal == (429, LIMIT)


async def test_a_mirror_is_asked_first_and_the_hub_for_what_it_lacks() -> None:
    async with a_registry() as host:
        async with MockDaemon(registry_mirror=f"http://{host}") as mock:
            client = Client(mock.socket_path)
            try:
                assert lines(await pull(client, "alpine", "3.10"))
                assert (await pull(client, "nosuch")).status == 404
            finally:
                await client.session.close()


async def test_tells_of_it_in_an_event(docker: Client, mock: MockDaemon) -> None:
    await pull(docker, "alpine", "3.10")
    event = mock.daemon.events.remembered(0, None, filters=_no_filters())[-1]
    assert (event.type, event.action, event.id) == ("image", "pull", "alpine:3.10")
    assert event.attributes == {"name": "alpine"}


def _no_filters():
    from daemon.filters import Filters

    return Filters()


async def one_pull(name: str, tag: str = "latest", **options: Any) -> Answer:
    """By a daemon of its own, started with these options."""
    async with MockDaemon(**options) as mock:
        client = Client(mock.socket_path)
        try:
            return await pull(client, name, tag)
        finally:
            await client.session.close()


async def test_an_undeclared_name_can_be_made_up() -> None:
    messages = lines(await one_pull("some/name", "v9", unknown_images="synthesize"))
    assert messages[-1]["status"] == "Status: Downloaded newer image for some/name:v9"


async def test_a_folder_adds_images(tmp_path: Path) -> None:
    declared = tmp_path / "me" / "tool.toml"
    declared.parent.mkdir()
    declared.write_text(
        """
        description = "Mine"
        [[image]]
        tags = ["latest"]
        created = "2025-01-01T00:00:00Z"
        [[recipe.main]]
        from = "alpine:3.22"
        [[recipe.main]]
        created_by = "COPY tool /usr/bin/ # buildkit"
        scripts = { "/usr/bin/tool" = "#!/bin/sh\\necho tool\\n" }
        config.Cmd = ["tool"]
        """
    )
    messages = lines(await one_pull("me/tool", images=[str(tmp_path)]))
    assert messages[-1]["status"] == "Status: Downloaded newer image for me/tool:latest"


async def test_a_rate_makes_bars(mock: MockDaemon) -> None:
    messages = lines(await one_pull("alpine", "3.10", pull_rate=1_000_000))
    bars = [m for m in messages if m["status"] == "Downloading"]
    assert len(bars) > 1
    currents = [bar["progressDetail"]["current"] for bar in bars]
    assert currents == sorted(currents)


async def test_a_client_that_goes_away_ends_its_pull() -> None:
    async with MockDaemon(pull_rate=20_000) as mock:
        client = Client(mock.socket_path)
        url = f"{client.prefix}/images/create?fromImage=alpine&tag=3.10"
        reply = await client.session.post(url)
        await reply.content.readline()
        (task,) = [t for t in asyncio.all_tasks() if t.get_name() == "pull alpine:3.10"]
        reply.close()
        await client.session.close()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled()
        assert len(mock.daemon.images.store) == 0


async def test_an_image_that_is_the_base_of_one_that_is_here_needs_no_download(
    docker: Client,
) -> None:
    await docker.ask("POST", "/images/create?fromImage=httpd&tag=alpine")
    answer = await docker.ask("POST", "/images/create?fromImage=alpine&tag=3.22")
    assert b"Already exists" in answer.body
    assert b"Downloaded newer image for alpine:3.22" in answer.body

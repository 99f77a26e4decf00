"""Basic and Bearer, with the challenges that docker and oras answer."""

import base64
import re

from fake_registry.auth import Basic, Bearer

from .pushing import error_code

USERS = {"u": "secret"}


def basic(user: str, password: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


async def test_basic_wants_a_known_user(start) -> None:
    client = await start(authorizer=Basic(USERS))
    reply = await client.get("/v2/")
    assert (reply.status, await error_code(reply)) == (401, "UNAUTHORIZED")
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="Registry Realm"'
    assert (await client.get("/v2/", headers=basic("u", "wrong"))).status == 401
    assert (await client.get("/v2/", headers=basic("u", "secret"))).status == 200


async def token_for(client, challenge: str, headers: dict[str, str]) -> str:
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    query = {key: fields[key] for key in ("service", "scope") if key in fields}
    reply = await client.get("/token", params=query, headers=headers)
    assert reply.status == 200, await reply.text()
    return (await reply.json())["token"]


async def test_bearer_grants_what_the_realm_signed(start) -> None:
    client = await start(authorizer=Bearer(USERS, lambda: 0.0))
    path = "/v2/a/blobs/uploads/"
    challenge = (await client.post(path)).headers["WWW-Authenticate"]
    assert 'scope="repository:a:pull,push"' in challenge
    token = await token_for(client, challenge, basic("u", "secret"))
    granted = {"Authorization": f"Bearer {token}"}
    assert (await client.post(path, headers=granted)).status == 202
    elsewhere = await client.post("/v2/b/blobs/uploads/", headers=granted)
    assert 'error="insufficient_scope"' in elsewhere.headers["WWW-Authenticate"]


async def test_a_token_ends(start) -> None:
    now = [0.0]
    client = await start(authorizer=Bearer(USERS, lambda: now[0]))
    challenge = (await client.get("/v2/")).headers["WWW-Authenticate"]
    granted = {
        "Authorization": f"Bearer {await token_for(client, challenge, basic('u', 'secret'))}"
    }
    assert (await client.get("/v2/", headers=granted)).status == 200
    now[0] = 301.0
    reply = await client.get("/v2/", headers=granted)
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]


async def test_anybody_may_pull_where_it_is_so_said(start) -> None:
    client = await start(authorizer=Bearer(USERS, lambda: 0.0, anonymous_pull=True))
    for path, method, expected in (
        ("/v2/a/manifests/v1", "GET", 404),
        ("/v2/a/blobs/uploads/", "POST", 401),
    ):
        challenge = (await client.request(method, path)).headers["WWW-Authenticate"]
        token = await token_for(client, challenge, {})
        reply = await client.request(method, path, headers={"Authorization": f"Bearer {token}"})
        assert reply.status == expected


async def test_the_realm_refuses_a_wrong_password(start) -> None:
    client = await start(authorizer=Bearer(USERS, lambda: 0.0))
    reply = await client.get("/token?service=registry", headers=basic("u", "wrong"))
    assert (reply.status, await error_code(reply)) == (401, "UNAUTHORIZED")


async def test_a_forged_token_is_no_token(start) -> None:
    client = await start(authorizer=Bearer(USERS, lambda: 0.0))
    reply = await client.get("/v2/", headers={"Authorization": "Bearer e30=.00"})
    assert reply.status == 401

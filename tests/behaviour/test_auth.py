"""POST /auth, whose body is read without dockerd's usual checks. Asked of Engine 28.5.2."""

import json

import pytest

from fake_registry.auth import Basic
from tests.behaviour.conftest import Client
from tests.behaviour.registries import a_registry
from tests.behaviour.test_pull import USERS

REFUSED = 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "EOF"),
        (b"[]", "json: cannot unmarshal array into Go value of type registry.AuthConfig"),
        (b'{"username":5}', "json: cannot unmarshal number into Go struct field .username of type string"),
        (b'{"serveraddress":"127.0.0.1:1"}', REFUSED),
        (b'{"serveraddress":"http://127.0.0.1:1/v1/"}', REFUSED),
    ],
)  # fmt: skip
async def test_refuses(docker: Client, body: bytes, text: str) -> None:
    answer = await docker.ask("POST", "/auth", body, **{"Content-Type": "text/plain"})
    assert answer.refusal == (500, text)


async def test_an_address_that_is_none_is_the_clients_fault(docker: Client) -> None:
    answer = await docker.ask("POST", "/auth", json.dumps({"serveraddress": "x y"}).encode())
    assert answer.refusal == (
        400,
        'unable to parse server address: parse "https://x y": invalid character " " in host name',
    )


async def test_a_login_keeps_its_token(docker: Client) -> None:
    async with a_registry(authorizer=Basic(USERS)) as host:
        asked = {"username": "u", "password": "secret", "serveraddress": f"http://{host}/v2/"}
        body = json.dumps(asked | {"identitytoken": "kept"}).encode()
        answer = await docker.ask("POST", "/auth", body)
    assert answer.json == {"IdentityToken": "kept", "Status": "Login Succeeded"}

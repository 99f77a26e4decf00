"""POST /auth, whose body is read without dockerd's usual checks. Asked of Engine 28.5.2."""

import pytest

from tests.behaviour.conftest import Client

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

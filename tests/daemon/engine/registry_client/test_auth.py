"""X-Registry-Auth in all the forms that clients send."""

import base64
import json

import pytest

from daemon.engine.registry_client.auth import Challenge, RegistryAuth


def header(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()


def test_reads_a_login() -> None:
    auth = RegistryAuth.from_header(header({"username": "u", "password": "p?>"}))
    assert auth == RegistryAuth("u", "p?>")
    assert auth.basic == "Basic " + base64.b64encode(b"u:p?>").decode()


def test_padding_may_be_missing() -> None:
    assert RegistryAuth.from_header(header({"username": "u"}).rstrip("=")).username == "u"


def test_user_and_password_in_one_are_not_looked_at() -> None:
    both = base64.b64encode(b"u:p").decode()
    assert RegistryAuth.from_header(header({"auth": both})) == RegistryAuth()


def test_tokens_are_kept() -> None:
    auth = RegistryAuth.from_header(header({"identitytoken": "i", "registrytoken": "r"}))
    assert (auth.identity_token, auth.registry_token, auth.basic) == ("i", "r", None)


@pytest.mark.parametrize("text", ["", "e30=", "###", "bnVsbA==", "W10="])
def test_anything_else_is_no_login(text: str) -> None:
    assert RegistryAuth.from_header(text) == RegistryAuth()


def test_reads_a_challenge() -> None:
    text = 'Bearer realm="https://auth/token",service="registry",scope="repository:a:pull"'
    expected = Challenge("bearer", "https://auth/token", "registry", "repository:a:pull")
    assert Challenge.parse(text) == expected
    assert Challenge.parse('Negotiate x="y"') is None

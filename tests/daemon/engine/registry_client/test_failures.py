"""A registry's refusals, as docker/distribution's client words them."""

import json

import pytest

from daemon.engine.registry_client.failures import RegistryRefusal, refusal

JSON = "application/json"


def body(code: str, message: str = "", detail: object = None) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message, "detail": detail}]}).encode()


@pytest.mark.parametrize(
    ("status", "content_type", "data", "text"),
    [
        (404, JSON, body("MANIFEST_UNKNOWN", "manifest unknown", {"Tag": "x"}), "manifest unknown: manifest unknown"),
        (404, JSON, body("MANIFEST_UNKNOWN", "manifest unknown"), "manifest unknown"),
        (404, JSON, body("MANIFEST_UNKNOWN", "not today"), "manifest unknown: not today"),
        (403, "text/plain", b"go away", "denied: go away"),
        (429, "text/plain", b"slow down", "toomanyrequests: slow down"),
        (418, "text/plain", b"teapot", "unknown: teapot"),
        (403, JSON, b'{"details": "no plan"}', "denied: no plan"),
        (401, JSON, b"{}", "unauthorized: authentication required"),
        (500, JSON, b"{}", "received unexpected HTTP status: 500 Internal Server Error"),
    ],
)  # fmt: skip
def test_says(status: int, content_type: str, data: bytes, text: str) -> None:
    assert str(refusal(status, content_type, "", data)) == text


def test_a_bearer_challenge_tells_more_than_its_status() -> None:
    challenge = 'Bearer realm="x",error="insufficient_scope"'
    failure = refusal(401, JSON, challenge, body("UNAUTHORIZED", "authentication required", []))
    assert isinstance(failure, RegistryRefusal)
    assert failure.code == "DENIED"
    assert str(failure) == "denied: requested access to the resource is denied"
    assert failure.joined == (
        "errors:\ndenied: requested access to the resource is denied\n"
        "unauthorized: authentication required\n"
    )


def test_an_html_page_is_quoted() -> None:
    failure = refusal(400, JSON, "", b"<html>")
    assert str(failure).startswith("error parsing HTTP 400 response body: ")


@pytest.mark.parametrize(
    ("code", "again"), [("DENIED", False), ("TOOMANYREQUESTS", False), ("BLOB_UNKNOWN", True)]
)
def test_some_refusals_are_final(code: str, again: bool) -> None:
    assert RegistryRefusal(code, "").retry is again


@pytest.mark.parametrize(
    ("status", "data", "again"),
    [
        (403, body("DENIED", "not you"), False),
        (403, body("DENIED", "requested access to the resource is denied"), True),
        (401, body("UNAUTHORIZED", "authentication required", "for here"), False),
        (404, body("BLOB_UNKNOWN", "gone"), True),
        (400, b"<html>", False),
        (500, b"", True),
    ],
)
def test_what_may_succeed_a_moment_later(status: int, data: bytes, again: bool) -> None:
    """As dockerd sees it, which does not recognize an error that says nothing of its own."""
    assert refusal(status, JSON, "", data).retry is again

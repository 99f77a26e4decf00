"""Bodies that are refused before anybody looks at what they ask for: each row as Engine 28.5.2 answered it."""

import json
from pathlib import Path

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client

ROWS = json.loads(Path(__file__).with_name("refused_bodies.json").read_text())


@pytest.mark.parametrize(
    ("path", "body", "content_type", "status", "message"),
    ROWS,
    ids=[f"{path} {body} {content_type}"[:70] for path, body, content_type, *_ in ROWS],
)
async def test_is_refused_in_the_same_words(
    mock: MockDaemon,
    docker: Client,
    path: str,
    body: str,
    content_type: str,
    status: int,
    message: str,
) -> None:
    headers = {"Content-Type": content_type}
    answer = await docker.ask("POST", path, body.encode(), **headers)
    assert answer.refusal == (status, message)

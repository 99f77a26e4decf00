"""A registry's worst days, staged: what a pull or a push says before its first line, and what after it."""

import pytest

from daemon.faults import Fault, FaultPoint
from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.test_pull import LIMIT, lines, login, pull
from tests.behaviour.test_push import push, tagged

DENIED = "denied: requested access to the resource is denied"


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        (
            Fault(FaultPoint.PULL_DENIED),
            (404, f"pull access denied for alpine, repository does not exist or may require 'docker login': {DENIED}"),
        ),
        (
            Fault(FaultPoint.PULL_NOT_FOUND),
            (404, "manifest for alpine:3.10 not found: manifest unknown: manifest unknown"),
        ),
        (Fault(FaultPoint.PULL_RATE_LIMITED), (429, LIMIT)),
        (
            Fault(FaultPoint.REGISTRY_UNREACHABLE),
            (
                500,
                'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: i/o timeout',
            ),
        ),
        (
            Fault(FaultPoint.REGISTRY_ERROR, status=503, message="Service Unavailable"),
            (500, "received unexpected HTTP status: 503 Service Unavailable"),
        ),
    ],
)  # fmt: skip
async def test_before_the_first_line_it_is_a_status(
    mock: MockDaemon, docker: Client, fault: Fault, refusal: tuple[int, str]
) -> None:
    mock.daemon.faults.arm(fault)
    assert (await pull(docker, "alpine", "3.10")).refusal == refusal
    assert (await docker.get("/images/json")).json == []


async def test_a_download_that_breaks_off_is_told_in_band(mock: MockDaemon, docker: Client) -> None:
    mock.daemon.faults.arm(Fault(FaultPoint.PULL_INTERRUPTED, after_bytes=100_000))
    messages = lines(await pull(docker, "alpine", "3.10"))
    assert messages[-1] == {
        "errorDetail": {"message": "unexpected EOF"},
        "error": "unexpected EOF",
    }
    assert any(m["status"] == "Downloading" for m in messages[:-1])
    assert (await docker.get("/images/json?all=1")).json == []


async def test_the_third_layer_may_be_the_broken_one(mock: MockDaemon, docker: Client) -> None:
    plain = lines(await pull(docker, "httpd", "alpine"))
    layers = (await docker.get("/images/httpd:alpine/json")).json["RootFS"]["Layers"]
    third = [m["id"] for m in plain if m["status"] == "Pulling fs layer"][2]
    await docker.delete("/images/httpd:alpine")
    mock.daemon.faults.arm(Fault(FaultPoint.PULL_INTERRUPTED, where={"digest": f"sha256:{third}*"}))
    messages = lines(await pull(docker, "httpd", "alpine"))
    assert messages[-1]["error"] == "unexpected EOF"
    assert (await docker.get("/images/json?all=1")).json == []
    assert not any(layer in mock.daemon.layers for layer in layers), "what came before is let go"


async def test_bytes_that_are_not_the_digests_are_refused(mock: MockDaemon, docker: Client) -> None:
    mock.daemon.faults.arm(Fault(FaultPoint.REGISTRY_CORRUPT_BLOB))
    messages = lines(await pull(docker, "alpine", "3.10"))
    assert messages[-1]["error"].startswith(
        "filesystem layer verification failed for digest sha256:"
    )
    assert (await docker.get("/images/json?all=1")).json == []


async def test_a_fault_strikes_where_it_is_armed_for(mock: MockDaemon, docker: Client) -> None:
    mock.daemon.faults.arm(
        Fault(FaultPoint.PULL_DENIED, where={"image": "library/alpine"}, count=1)
    )
    assert lines(await pull(docker, "hello-world"))
    assert (await pull(docker, "alpine", "3.10")).status == 404
    assert lines(await pull(docker, "alpine", "3.10")), "it was armed for one strike"


async def test_a_push_can_be_denied(mock: MockDaemon, docker: Client) -> None:
    await tagged(docker, "hello-world", "me/app:v1")
    mock.daemon.faults.arm(Fault(FaultPoint.PUSH_DENIED))
    messages = await push(docker, "me/app", "v1", **login("me", "x"))
    assert messages[-1] == {"errorDetail": {"message": DENIED}, "error": DENIED}

"""Where names lead, and who may be spoken to without TLS."""

import pytest

from daemon.engine.registry_client.endpoints import HUB, is_insecure, pull_endpoints, push_endpoints


def urls(endpoints) -> list[str]:
    return [endpoint.url for endpoint in endpoints]


@pytest.mark.parametrize(
    ("domain", "insecure"),
    [
        ("127.0.0.1:5000", True),
        ("127.1.2.3", True),
        ("localhost", True),
        ("localhost:5000", True),
        ("[::1]:5000", True),
        ("example.com", False),
        ("10.0.0.1:5000", False),
    ],
)
def test_loopback_is_always_insecure(domain: str, insecure: bool) -> None:
    assert is_insecure(domain, ()) is insecure


@pytest.mark.parametrize("entry", ["reg.test:5000", "reg.test"])
def test_others_are_when_they_are_named(entry: str) -> None:
    assert is_insecure("reg.test:5000", [entry])
    assert not is_insecure("other.test:5000", [entry])


def test_a_network_covers_its_addresses() -> None:
    assert is_insecure("10.1.2.3:5000", ["10.0.0.0/8"])
    assert not is_insecure("11.1.2.3:5000", ["10.0.0.0/8"])


def test_https_comes_before_http() -> None:
    assert urls(pull_endpoints("localhost:5000", None, ())) == [
        "https://localhost:5000",
        "http://localhost:5000",
    ]
    assert urls(pull_endpoints("example.com", None, ())) == ["https://example.com"]


def test_a_mirror_serves_docker_hubs_names_for_pulls_alone() -> None:
    mirrored = pull_endpoints("docker.io", "http://mirror.test:5000/", ())
    assert urls(mirrored) == ["http://mirror.test:5000", "https://registry-1.docker.io"]
    assert mirrored[0].mirror
    assert push_endpoints("docker.io", ()) == [HUB]
    assert urls(pull_endpoints("example.com", "http://mirror.test", ())) == ["https://example.com"]

"""Where names lead, and who may be spoken to without TLS."""

from pathlib import Path

import pytest

from daemon.engine.registries import InsecureRegistries, Registries
from daemon.engine.registry_client.endpoints import HUB, Endpoints
from daemon.engine.registry_client.trust import name_fault

ADDRESSES = {
    "localhost": ["::1", "127.0.0.1"],
    "box": ["127.0.0.1"],
    "reg.test": ["10.1.2.3", "fe80::1%eth0"],
}


async def resolve(host: str) -> list[str]:
    return ADDRESSES.get(host, [])


def endpoints(*insecure: str, mirror: str | None = None) -> Endpoints:
    registries = Registries(
        lambda: "", mirror=mirror, insecure=InsecureRegistries.of(insecure), certs=Path("/nowhere")
    )
    return Endpoints(registries, lambda: 0, resolve)


def urls(found) -> list[str]:
    return [endpoint.url for endpoint in found]


@pytest.mark.parametrize(
    ("domain", "insecure"),
    [
        ("127.0.0.1:5000", True),
        ("127.1.2.3", True),
        ("localhost", True),
        ("localhost:5000", True),
        ("box:5000", True),
        ("[::1]:5000", True),
        ("example.com", False),
        ("reg.test:5000", False),
        ("10.0.0.1:5000", False),
    ],
)
async def test_what_is_on_this_host_is_always_insecure(domain: str, insecure: bool) -> None:
    assert await endpoints().is_insecure(domain) is insecure


@pytest.mark.parametrize(
    ("entry", "insecure"),
    [
        ("reg.test:5000", True),
        ("http://reg.test:5000", True),
        ("reg.test", False),
        ("10.0.0.0/8", True),
        ("11.0.0.0/8", False),
    ],
)
async def test_others_are_by_host_and_port_or_network(entry: str, insecure: bool) -> None:
    assert await endpoints(entry).is_insecure("reg.test:5000") is insecure
    assert not await endpoints(entry).is_insecure("other.test:5000")


async def test_https_comes_before_http() -> None:
    assert urls(await endpoints().for_pull("localhost:5000")) == [
        "https://localhost:5000",
        "http://localhost:5000",
    ]
    assert urls(await endpoints().for_pull("example.com")) == ["https://example.com"]


async def test_a_mirror_serves_docker_hubs_names_for_pulls_alone() -> None:
    found = endpoints(mirror="http://mirror.test:5000/")
    mirrored = await found.for_pull("docker.io")
    assert urls(mirrored) == ["http://mirror.test:5000", "https://registry-1.docker.io"]
    assert mirrored[0].mirror
    assert await found.for_push("docker.io") == [HUB]
    assert urls(await found.for_pull("example.com")) == ["https://example.com"]


async def test_a_mirror_on_this_host_may_have_any_certificate() -> None:
    (mirror, _) = await endpoints(mirror="https://127.0.0.1:5000").for_pull("docker.io")
    assert mirror.tls is False


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        ("a.test", ""),
        ("A.test", ""),
        ("x.b.test", ""),
        ("b.test", "x509: certificate is valid for a.test, *.b.test, not b.test"),
        ("x.y.b.test", "x509: certificate is valid for a.test, *.b.test, not x.y.b.test"),
        ("10.0.0.1", ""),
        ("10.0.0.2", "x509: certificate is valid for 10.0.0.1, not 10.0.0.2"),
    ],
)
def test_a_certificate_is_for_the_names_in_it(host: str, fault: str) -> None:
    names = (("DNS", "a.test"), ("DNS", "*.b.test"), ("IP Address", "10.0.0.1"))
    assert name_fault({"subjectAltName": names}, host) == fault

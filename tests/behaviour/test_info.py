"""GET /_ping, /version and /info, and what older versions see of them. Asked of Engine 28.5.2."""

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client


async def test_ping(docker: Client) -> None:
    answer = await docker.get("/_ping")
    assert (answer.status, answer.body) == (200, b"OK")
    expected = {
        "Api-Version": "1.51",
        "Builder-Version": "2",
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Content-Type": "text/plain; charset=utf-8",
        "Docker-Experimental": "false",
        "Ostype": "linux",
        "Pragma": "no-cache",
        "Swarm": "inactive",
    }
    assert expected.items() <= answer.headers.items()


async def test_head_ping_has_no_length(docker: Client) -> None:
    answer = await docker.ask("HEAD", "/v1.24/_ping")
    assert (answer.status, answer.headers["Content-Length"]) == (200, "0")


async def test_version(docker: Client) -> None:
    shown = (await docker.get("/version")).json
    assert list(shown) == [
        "Platform", "Components", "Version", "ApiVersion", "MinAPIVersion", "GitCommit", "GoVersion",
        "Os", "Arch", "KernelVersion", "BuildTime",
    ]  # fmt: skip
    assert [c["Name"] for c in shown["Components"]] == ["Engine", "containerd", "runc", "docker-init"]  # fmt: skip
    assert shown["Components"][0]["Details"]["MinAPIVersion"] == "1.24"


async def test_info_counts_and_names(docker: Client) -> None:
    shown = (await docker.get("/info")).json
    assert (shown["Containers"], shown["Images"]) == (0, 0)
    assert shown["Swarm"]["LocalNodeState"] == "inactive"
    assert shown["Driver"] == "overlay2"
    assert list(shown)[:4] == ["ID", "Containers", "ContainersRunning", "ContainersPaused"]


@pytest.mark.parametrize(
    ("version", "has", "lacks"),
    [
        ("1.51", ["FirewallBackend", "Containerd"], ["BridgeNfIptables", "KernelMemory"]),
        ("1.49", ["FirewallBackend", "BridgeNfIptables"], ["KernelMemory"]),
        ("1.48", ["Containerd"], ["FirewallBackend"]),
        ("1.45", ["BridgeNfIptables"], ["Containerd"]),
        ("1.41", ["KernelMemory"], ["Containerd"]),
    ],
)
async def test_info_by_version(
    docker: Client, version: str, has: list[str], lacks: list[str]
) -> None:
    shown = (await docker.get(f"/v{version}/info")).json
    assert set(has) <= shown.keys()
    assert not set(lacks) & shown.keys()


async def test_nested_parts_of_info_change_too(docker: Client) -> None:
    old, new = (await docker.get("/v1.43/info")).json, (await docker.get("/v1.51/info")).json
    assert "status" not in old["Runtimes"]["runc"]
    assert "status" in new["Runtimes"]["runc"]
    assert old["RuncCommit"]["Expected"] == new["RuncCommit"]["ID"]
    assert "AllowNondistributableArtifactsCIDRs" in old["RegistryConfig"]
    assert list(old) == sorted(old)


async def test_the_oldest_version_sees_security_options_by_name(docker_1_24: Client) -> None:
    assert (await docker_1_24.get("/info")).json["SecurityOptions"] == ["seccomp"]


async def test_info_tells_registries_from_networks_of_them() -> None:
    async with MockDaemon(insecure_registries=["reg.test:5000", "10.0.0.0/8"]) as mock:
        client = Client(mock.socket_path)
        shown = (await client.get("/info")).json["RegistryConfig"]
        await client.session.close()
    assert shown["InsecureRegistryCIDRs"] == ["10.0.0.0/8", "::1/128", "127.0.0.0/8"]
    assert sorted(shown["IndexConfigs"]) == ["docker.io", "reg.test:5000"]
    assert shown["IndexConfigs"]["reg.test:5000"]["Secure"] is False


async def test_two_daemons_in_one_process_are_two(mock: MockDaemon, docker: Client) -> None:
    async with MockDaemon(seed=2) as other:
        assert other.docker_host != mock.docker_host
        assert other.daemon.system.id != (await docker.get("/info")).json["ID"]


def test_a_seed_decides_what_is_drawn() -> None:
    assert MockDaemon(seed=7).daemon.system.id == MockDaemon(seed=7).daemon.system.id


def test_the_pytest_fixtures_serve_blocking_clients(docker_host: str) -> None:
    import docker

    client = docker.DockerClient(base_url=docker_host)
    assert client.ping()
    client.close()

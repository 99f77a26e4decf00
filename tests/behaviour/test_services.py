"""Servers that people run as containers, used from outside through their published ports."""

import asyncio
import time
from collections.abc import Callable, Iterator

import docker
import pytest
import redis
from docker.models.containers import Container

from mockerd import MockDaemon
from tests.ports import free_port


@pytest.fixture
def client(mockerd: MockDaemon) -> Iterator[docker.DockerClient]:
    with_closing = docker.DockerClient(mockerd.docker_host)
    yield with_closing
    with_closing.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came true"


def run(client: docker.DockerClient, image: str, ready: str, **options: object) -> Container:
    """Start it and wait until its log says that it is ready."""
    container = client.containers.run(image, detach=True, publish_all_ports=True, **options)
    until(lambda: ready in container.logs().decode())
    container.reload()
    return container


def port(container: Container, inner: int) -> int:
    return int(container.ports[f"{inner}/tcp"][0]["HostPort"])


def test_a_redis_client_stores_and_reads_through_the_published_port(
    client: docker.DockerClient,
) -> None:
    container = run(client, "redis", "Ready to accept connections")
    with redis.Redis(port=port(container, 6379)) as store:
        assert store.set("key", "value")
        assert store.get("key") == b"value"
        assert store.incr("count") == 1
        assert [store.lpush("list", n) for n in range(3)] == [1, 2, 3]
    assert container.exec_run("redis-cli get key").output == b"value\n"


def test_ryuk_reaps_what_carries_the_label_once_its_client_has_gone(
    client: docker.DockerClient,
) -> None:
    socket = {"/var/run/docker.sock": {"bind": "/var/run/docker.sock", "mode": "rw"}}
    ryuk = run(
        client,
        "testcontainers/ryuk:0.8.1",
        "Started!",
        ports={"8080/tcp": None},
        volumes=socket,
        environment={"RYUK_RECONNECTION_TIMEOUT": "100ms"},
    )
    client.containers.run("busybox", "top", detach=True, labels={"session": "1"}, name="victim")
    client.containers.run("busybox", "top", detach=True, labels={"session": "2"}, name="bystander")
    client.networks.create("victims", labels={"session": "1"})

    async def talk() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port(ryuk, 8080))
        writer.write(b"label=session%3D1\n")
        answer = await reader.readline()
        writer.close()
        return answer

    assert asyncio.run(talk()) == b"ACK\n"
    assert ryuk.wait()["StatusCode"] == 0
    assert b"Removed 1 container(s), 1 network(s)" in ryuk.logs()
    assert {c.name for c in client.containers.list()} == {"bystander"}


def test_a_registry_keeps_what_is_pushed_to_it(client: docker.DockerClient) -> None:
    # A port of one's own choice: an ephemeral one changes with each start.
    container = run(client, "registry:2", "listening on [::]:5000", ports={"5000/tcp": free_port()})
    name = f"localhost:{port(container, 5000)}/mine"
    image = client.images.pull("busybox:latest")
    image.tag(name, "v1")
    assert "digest: sha256:" in client.images.push(name, "v1")
    client.images.remove(f"{name}:v1")
    container.restart(timeout=1)
    until(lambda: container.logs().decode().count("listening on") == 2)
    assert client.images.pull(name, "v1").id == image.id


@pytest.mark.parametrize(
    ("image", "environment", "ready", "ping", "alive"),
    [
        (
            "postgres",
            {"POSTGRES_PASSWORD": "x"},
            "database system is ready",
            "pg_isready",
            b"accepting",
        ),
        (
            "mysql",
            {"MYSQL_ROOT_PASSWORD": "x"},
            "ready for connections",
            "mysqladmin ping",
            b"alive",
        ),
        (
            "mariadb",
            {"MARIADB_ROOT_PASSWORD": "x"},
            "ready for connections",
            "mariadb-admin ping",
            b"alive",
        ),
    ],
)
def test_databases_say_twice_that_they_are_ready_and_answer_their_ping(
    client: docker.DockerClient,
    image: str,
    environment: dict[str, str],
    ready: str,
    ping: str,
    alive: bytes,
) -> None:
    container = client.containers.run(image, detach=True, environment=environment)
    until(lambda: container.logs().decode().count(ready) == 2)
    code, output = container.exec_run(ping)
    assert code == 0
    assert alive in output

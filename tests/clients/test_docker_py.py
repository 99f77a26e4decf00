"""docker-py as scripts use it: run, streams, exec, files, networks, volumes, images, errors, events."""

import gc
import io
import tarfile
from collections.abc import Iterator

import docker
import pytest
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound

# docker-py leaves the connections of streams to the collector; they are collected here, not in another test.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
def client(docker_host: str) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(docker_host)
    yield client
    client.close()
    gc.collect()


@pytest.fixture
def box(client: docker.DockerClient) -> docker.models.containers.Container:
    """A container that stays."""
    return client.containers.run("busybox", "top", name="box", detach=True)


async def test_output_comes_back_and_a_failure_raises(client: docker.DockerClient) -> None:
    assert client.ping()
    assert client.containers.run("busybox", ["echo", "hello"], remove=True) == b"hello\n"
    assert client.containers.run("busybox", "echo $X", environment={"X": "1"}) == b"$X\n"
    with pytest.raises(ContainerError) as failed:
        client.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 3"], remove=True)
    assert (failed.value.exit_status, failed.value.stderr) == (3, b"why\n")
    assert [c.attrs["State"]["ExitCode"] for c in client.containers.list(all=True)] == [0]


async def test_a_life(client: docker.DockerClient, box: docker.models.containers.Container) -> None:
    assert client.containers.list() == [box]
    box.pause()
    box.reload()
    assert box.status == "paused"
    box.unpause()
    box.rename("other")
    box.stop(timeout=0)
    assert box.wait()["StatusCode"] in (137, 143)
    box.start()
    box.kill()
    assert box.wait()["StatusCode"] == 137
    box.remove()
    with pytest.raises(NotFound, match="No such container: other"):
        client.containers.get("other")


async def test_commands_beside_it(box: docker.models.containers.Container) -> None:
    code, (out, err) = box.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"], demux=True)
    assert (code, out, err) == (4, b"out\n", b"err\n")
    assert box.exec_run("pwd", workdir="/tmp", user="nobody").output == b"/tmp\n"
    chunks = box.exec_run(["sh", "-c", "echo 1; echo 2"], stream=True).output
    assert b"".join(chunks) == b"1\n2\n"
    processes = box.top()
    assert "top" in processes["Processes"][0][processes["Titles"].index("CMD")]
    assert box.stats(stream=False)["pids_stats"]["current"] == 1


async def test_typing_into_a_socket(client: docker.DockerClient) -> None:
    client.images.pull("busybox", tag="latest")
    container = client.containers.create("busybox", "cat", stdin_open=True)
    socket = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    container.start()
    socket._sock.sendall(b"typed\n")
    header = socket.read(8)
    assert header == b"\x01\0\0\0\0\0\0\x06"
    assert socket.read(6) == b"typed\n"
    raw, response = socket._sock, socket._response
    response.close()  # from which the socket came, and which docker-py leaves open
    raw.close()
    assert container.wait()["StatusCode"] == 0


async def test_the_log_is_followed_to_its_end(client: docker.DockerClient) -> None:
    container = client.containers.run(
        "busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; done"], detach=True
    )
    assert b"".join(container.logs(stream=True, follow=True)) == b"1\n2\n3\n"
    assert container.logs(tail=1) == b"3\n"


async def test_files_go_in_and_out(box: docker.models.containers.Container) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("note")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"abc"))
    assert box.put_archive("/tmp", packed.getvalue())
    chunks, stat = box.get_archive("/tmp/note")
    assert (stat["name"], stat["size"]) == ("note", 3)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        assert (found := archive.extractfile("note"))
        assert found.read() == b"abc"
    assert {"Path": "/tmp/note", "Kind": 1} in box.diff()


async def test_networks_and_volumes(client: docker.DockerClient) -> None:
    network = client.networks.create("net", driver="bridge", labels={"a": "b"})
    client.containers.run("busybox", "top", name="peer", network="net", detach=True)
    reply = client.containers.run("busybox", "ping -c 1 peer", network="net", remove=True)
    assert b"1 packets received" in reply
    assert client.networks.list(filters={"label": "a=b"}) == [network]
    with pytest.raises(APIError, match="has active endpoints"):
        network.remove()
    volume = client.volumes.create("vol")
    mounts = {"vol": {"bind": "/data", "mode": "rw"}}
    client.containers.run("busybox", ["sh", "-c", "echo kept > /data/f"], volumes=mounts, remove=True)  # fmt: skip
    assert client.containers.run("busybox", "cat /data/f", volumes=mounts, remove=True) == b"kept\n"
    volume.remove()
    assert client.volumes.list() == []


async def test_images(client: docker.DockerClient) -> None:
    image = client.images.pull("alpine", tag="3.17")
    assert image.tags == ["alpine:3.17"]
    assert image.tag("mine", tag="1")
    saved = b"".join(client.images.get("mine:1").save(named="mine:1"))
    client.images.remove("mine:1")
    client.images.remove("alpine:3.17")
    with pytest.raises(ImageNotFound):
        client.images.get("mine:1")
    assert client.images.load(saved)[0].tags == ["mine:1"]
    with pytest.raises(ImageNotFound, match="pull access denied"):
        client.images.pull("no-such-image")


async def test_events(client: docker.DockerClient) -> None:
    events = client.events(decode=True, filters={"type": "container"})
    client.containers.run("busybox", "true", remove=True)
    seen = [next(events)["Action"] for _ in range(4)]
    events.close()
    assert seen == ["create", "start", "die", "destroy"]

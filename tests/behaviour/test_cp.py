"""HEAD, GET and PUT /containers/{name}/archive, export and changes, as on Engine 28.5.2."""

import base64
import io
import json
import tarfile
from typing import Any

import pytest

from tests.behaviour.boxes import Boxes
from tests.behaviour.conftest import Answer


def tar(*members: tuple[str, bytes | None]) -> bytes:
    """Files, and folders (None)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.mode = 0o755 if data is None else 0o644
            info.size = len(data or b"")
            archive.addfile(info, io.BytesIO(data or b""))
    return out.getvalue()


def listed(answer: Answer) -> dict[str, bytes | None]:
    """Every member; None for what is no file."""
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
        return {member.name: _content(archive, member) for member in archive}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    opened = archive.extractfile(member) if member.isreg() else None
    return opened.read() if opened else None


async def put(boxes: Boxes, query: str, data: bytes) -> Answer:
    path = f"/containers/box/archive?{query}"
    return await boxes.docker.ask("PUT", path, data, **{"Content-Type": "application/x-tar"})


async def test_a_file_and_what_it_is(boxes: Boxes) -> None:
    await boxes.create("true")
    answer = await boxes.docker.get("/containers/box/archive?path=/etc/passwd")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-tar")
    [(name, data)] = listed(answer).items()
    assert name == "passwd"
    assert data is not None
    assert data.startswith(b"root:")
    stat = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
    assert (stat["name"], stat["size"], stat["mode"], stat["linkTarget"]) == (
        "passwd",
        len(data),
        0o644,
        "",
    )
    head = await boxes.docker.ask("HEAD", "/containers/box/archive?path=/etc/passwd")
    assert (
        head.headers["X-Docker-Container-Path-Stat"]
        == answer.headers["X-Docker-Container-Path-Stat"]
    )


async def test_what_a_file_is_is_escaped_for_html(boxes: Boxes) -> None:
    await boxes.create("true")
    await put(boxes, "path=/", tar(("a<&>", b"")))
    answer = await boxes.docker.ask("HEAD", "/containers/box/archive?path=/a%3C%26%3E")
    stat = base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"])
    assert stat.startswith(b'{"name":"a\\u003c\\u0026\\u003e",')


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("", 400, "bad parameter: pathcannot be empty"),
        ("/nosuch", 404, "Could not find the file /nosuch in container box"),
        ("/etc/passwd/x", 500, "lstat /etc/passwd/x: not a directory"),
        ("/etc/passwd/", 500, "lstat /etc/passwd/: not a directory"),
        ("/proc/1", 404, "Could not find the file /proc/1 in container box"),
    ],
)
async def test_what_is_not_there(boxes: Boxes, path: str, status: int, text: str) -> None:
    await boxes.run("top")
    answer = await boxes.docker.get(f"/containers/box/archive?path={path}")
    assert answer.refusal == (status, text)
    assert (await boxes.docker.ask("HEAD", f"/containers/box/archive?path={path}")).status == status


async def stat_of(boxes: Boxes, method: str, path: str) -> Any:
    answer = await boxes.docker.ask(method, f"/containers/box/archive?path={path}")
    assert answer.status == 200
    return json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))


@pytest.mark.parametrize(
    ("path", "looked_at", "packed"),
    [
        ("/etc/..", "..", "/"),
        ("/usr/bin/..", "..", "usr"),
        ("/etc/.", ".", "."),
        ("/etc/", "etc", "etc"),
    ],
)
async def test_the_name_of_a_folder(boxes: Boxes, path: str, looked_at: str, packed: str) -> None:
    """A mere look leaves it as it was written."""
    await boxes.create("true")
    assert (await stat_of(boxes, "HEAD", path))["name"] == looked_at
    assert (await stat_of(boxes, "GET", path))["name"] == packed


async def test_a_link_that_goes_round(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "ln -s loop /loop; ln -s nosuch /bad; echo ready; exec top")
    await box.until_output("ready")
    answer = await boxes.docker.get("/containers/box/archive?path=/loop")
    assert answer.refusal == (500, "evalSymlinksInScope: too many links in /loop")
    assert (await stat_of(boxes, "HEAD", "/bad"))["linkTarget"] == "/nosuch"


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        ("", (1234, 77)),
        ("root", (0, 0)),
        ("33", (33, 33)),
        (":5", (0, 5)),
        ("1000:1000", (1000, 1000)),
    ],
)
async def test_copies_belong_to_the_containers_user_if_that_is_asked_for(
    boxes: Boxes, user: str, owner: tuple[int, int]
) -> None:
    await boxes.create("true", User=user)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("f")
        info.uid, info.gid = 1234, 77
        archive.addfile(info)
    assert (await put(boxes, "path=/tmp&copyUIDGID=1", out.getvalue())).status == 200
    answer = await boxes.docker.get("/containers/box/archive?path=/tmp/f")
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
        [member] = archive.getmembers()
    assert (member.uid, member.gid) == owner


@pytest.mark.parametrize(
    ("user", "text"),
    [
        ("nosuch", 'failed to look up user "nosuch" in container: no matching entries in passwd file'),
        ("root:nosuch", 'failed to look up group "nosuch" in container: no matching entries in group file'),
    ],
)  # fmt: skip
async def test_copies_for_a_user_that_is_not_there(boxes: Boxes, user: str, text: str) -> None:
    await boxes.create("true", User=user)
    answer = await put(boxes, "path=/tmp&copyUIDGID=1", tar(("f", b"x")))
    assert answer.refusal == (400, text)


async def test_in_and_out_of_a_container_that_never_ran(boxes: Boxes) -> None:
    await boxes.create("true")
    assert (await put(boxes, "path=/tmp", tar(("d", None), ("d/f", b"x")))).status == 200
    answer = await boxes.docker.get("/containers/box/archive?path=/tmp/d")
    assert listed(answer) == {"d": None, "d/f": b"x"}


async def test_into_a_running_container(boxes: Boxes) -> None:
    box = await boxes.run("top")
    await put(boxes, "path=/tmp", tar(("f", b"hello\n")))
    assert await box.exec("cat", "/tmp/f") == (0, "hello\n")


async def test_into_a_volume(boxes: Boxes) -> None:
    await boxes.create("true", HostConfig={"Binds": ["vol:/v"]})
    await put(boxes, "path=/v", tar(("f", b"kept\n")))
    other = await boxes.finished("cat", "/w/f", name="other", HostConfig={"Binds": ["vol:/w"]})
    assert await other.output() == "kept\n"


@pytest.mark.parametrize(
    ("query", "data", "status", "text"),
    [
        ("", b"", 400, "bad parameter: pathcannot be empty"),
        ("path=/nosuch", tar(("a", b"x")), 404, "Could not find the file /nosuch in container box"),
        ("path=/etc/passwd", tar(("a", b"x")), 400, "extraction point is not a directory"),
        ("path=/tmp", b"garbage" * 200, 500, "archive/tar: invalid tar header"),
        ("path=/tmp", tar(("../../b", b"x")), 500, 'invalid entry name "../../b"'),
        ("path=/&noOverwriteDirNonDir=1", tar(("etc", b"x")), 500, 'cannot overwrite directory "etc" with non-directory "/"'),
        ("path=/&noOverwriteDirNonDir=1", tar(("etc/passwd", None)), 500, 'cannot overwrite non-directory "etc/passwd" with directory "/"'),
    ],
)  # fmt: skip
async def test_what_cannot_be_unpacked(
    boxes: Boxes, query: str, data: bytes, status: int, text: str
) -> None:
    await boxes.create("true")
    answer = await put(boxes, query, data)
    assert answer.refusal == (status, text)


async def test_changes(boxes: Boxes) -> None:
    box = await boxes.create("sh", "-c", "echo x > /new; rm /etc/group; echo y >> /etc/passwd")
    assert (await boxes.docker.get("/containers/box/changes")).json is None
    await box.start()
    await box.wait()
    found = {
        (c["Path"], c["Kind"]) for c in (await boxes.docker.get("/containers/box/changes")).json
    }
    assert found == {("/new", 1), ("/etc", 0), ("/etc/group", 2), ("/etc/passwd", 0)}


async def test_an_export_is_everything(boxes: Boxes) -> None:
    await boxes.finished("sh", "-c", "echo x > /new")
    answer = await boxes.docker.get("/containers/box/export")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    members = listed(answer)
    assert members["new"] == b"x\n"
    assert {"bin/busybox", "etc/passwd", ".dockerenv"} <= members.keys()

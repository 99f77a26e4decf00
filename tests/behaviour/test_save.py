"""docker save and docker load. The tar is Engine 28.5.2's, byte for byte but for one folder's time."""

import gzip
import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import zstandard

from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.test_images import ALPINE_ID, ALPINE_LAYER
from tests.behaviour.test_pull import lines, pull

# sha256 of each document that Engine 28.5.2 wrote for images it had pulled from the same registry, with the names in the order given (its own
# order is random).
REAL = {
    "index.json": "5168f4c4a04f91eb575c13c5407d83c474e5b05bbcb71bcf7553afd06691ee97",
    "manifest.json": "5571fef4b1073d08287342fe9a8d8a3c57e5355d27a7d381c3cad30304e70cba",
    "oci-layout": "0cdedc0869d60bb59e3dde736f996025e70318180587e049cfa22f80d67aa8e5",
    "repositories": "e2d7aa26056c100d4349f93463f4c9c03174b017a3311aebb66be16686c6166c",
}


def unpacked(tar: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isreg()}


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture
async def saved(docker: Client) -> bytes:
    """An alpine under two names, and an httpd on another alpine."""
    await pull(docker, "alpine", "3.10")
    await pull(docker, "httpd", "alpine")
    await docker.post("/images/alpine:3.10/tag?repo=images-a&tag=1")
    await docker.post("/images/alpine:3.10/tag?repo=images-b&tag=1")
    await docker.post("/images/httpd:alpine/tag?repo=images-c&tag=1")
    answer = await docker.get("/images/get?names=images-a:1&names=images-b&names=images-c:1")
    assert answer.headers["Content-Type"] == "application/x-tar"
    return answer.body


async def load(docker: Client, tar: bytes, query: str = "") -> list[dict]:
    answer = await docker.ask(
        "POST", f"/images/load{query}", tar, **{"Content-Type": "application/x-tar"}
    )
    return lines(answer)


async def test_writes_the_real_engines_documents(saved: bytes) -> None:
    files = unpacked(saved)
    found = {name: hashlib.sha256(files[name]).hexdigest() for name in REAL}
    assert found == REAL


async def test_every_blob_has_the_name_of_its_digest(saved: bytes) -> None:
    blobs = {n: d for n, d in unpacked(saved).items() if n.startswith("blobs/")}
    assert len(blobs) == 16
    for name, data in blobs.items():
        assert name == f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"
    assert f"blobs/{ALPINE_LAYER.replace(':', '/')}" in blobs


async def test_what_was_saved_loads_elsewhere_with_the_same_id(saved: bytes) -> None:
    async with MockDaemon() as other:
        client = Client(other.socket_path)
        try:
            assert await load(client, saved) == [
                {"stream": "Loaded image: images-a:1\n"},
                {"stream": "Loaded image: images-b:1\n"},
                {"stream": "Loaded image: images-c:1\n"},
            ]
            assert (await client.get("/images/images-a:1/json")).json["Id"] == ALPINE_ID
        finally:
            await client.session.close()


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress])
async def test_loads_however_it_is_packed(
    docker: Client, saved: bytes, pack: Callable[[bytes], bytes]
) -> None:
    await docker.delete("/images/images-c:1")
    assert {"stream": "Loaded image: images-c:1\n"} in await load(docker, pack(saved))


async def test_an_image_without_a_name_loads_by_its_id(docker: Client) -> None:
    await pull(docker, "alpine", "3.10")
    tar = (await docker.get(f"/images/{ALPINE_ID}/get")).body
    assert json.loads(unpacked(tar)["manifest.json"])[0]["RepoTags"] is None
    assert "repositories" not in unpacked(tar)
    await docker.delete("/images/alpine:3.10")
    assert await load(docker, tar) == [{"stream": f"Loaded image ID: {ALPINE_ID}\n"}]


def layered(**changed: Any) -> bytes:
    """A `docker save` of one image of one layer, but for the members that are changed."""
    layer = packed({"a": bytes(30_000)})
    config = {"os": "linux", "architecture": "amd64", "config": {}}
    config["rootfs"] = {"diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}
    item = {"Config": "config.json", "RepoTags": ["me:1"], "Layers": ["layer.tar"]}
    manifest = changed.pop("manifest", [item | changed])
    files = {"layer.tar": layer, "config.json": json.dumps(config).encode()}
    raw = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    return packed({**files, "manifest.json": raw})


async def test_progress_is_shown_unless_it_is_to_be_quiet(docker: Client) -> None:
    messages = await load(docker, layered(), "?quiet=0")
    assert [m["progressDetail"] for m in messages[:-1]] == [
        {"current": 32768, "total": 40960},
        {"current": 40960, "total": 40960},
        {"current": 40960, "total": 40960},
    ]
    assert messages[0]["status"] == "Loading layer"
    assert await load(docker, layered(), "?quiet=1") == [{"stream": "Loaded image: me:1\n"}]


UNPACKED = "/var/lib/docker/tmp/docker-import-1402861507"
NO_FILE = "no such file or directory"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"manifest": b"null"}, "invalid manifest, manifest cannot be null (but can be [])"),
        ({"manifest": b"x"}, "invalid character 'x' looking for beginning of value"),
        ({"manifest": {}}, "json: cannot unmarshal object into Go value of type []tarexport.manifestItem"),
        ({"Config": "manifest.json"}, "json: cannot unmarshal array into Go value of type image.Image"),
        ({"Config": "nope"}, f"open {UNPACKED}/nope: {NO_FILE}"),
        ({"Config": "/etc/passwd"}, f"open {UNPACKED}/etc/passwd: {NO_FILE}"),
        ({"Config": "../../etc/passwd"}, f"evalSymlinksInScope: /var/lib/docker/etc/passwd is not in {UNPACKED}"),
        ({"Layers": ["nope"]}, f"open {UNPACKED}/nope: {NO_FILE}"),
        ({"Layers": []}, "invalid manifest, layers length mismatch: expected 0, got 1"),
        ({"RepoTags": ["BAD:1"]}, "invalid reference format: repository name (library/BAD) must be lowercase"),
        ({"RepoTags": ["me"]}, 'invalid tag "me"'),
    ],
)  # fmt: skip
async def test_load_refuses(docker: Client, changed: dict[str, Any], text: str) -> None:
    assert await load(docker, layered(**changed)) == [
        {"errorDetail": {"message": text}, "error": text}
    ]


async def test_a_name_that_leads_out_of_the_archive_is_refused(docker: Client) -> None:
    (message,) = await load(docker, packed({"../x": b"x", "manifest.json": b"[]"}))
    assert message["error"] == 'invalid entry name "../x"'


async def test_nothing_to_load_is_told_by_an_empty_message(docker: Client) -> None:
    assert await load(docker, layered(manifest=[])) == [{}]


AMD64 = {"os": "linux", "architecture": "amd64"}


@pytest.mark.parametrize("other", [{"architecture": "arm64"}, {"variant": "v2"}, {"os": "plan9"}])
async def test_an_image_for_another_platform_is_passed_over(
    docker: Client, other: dict[str, str]
) -> None:
    platform = quote(json.dumps(AMD64 | other))
    assert await load(docker, layered(), f"?platform={platform}") == [{}]
    assert await load(docker, layered(), f"?platform={quote(json.dumps(AMD64))}") == [
        {"stream": "Loaded image: me:1\n"}
    ]


async def test_the_last_image_decides_whether_ids_are_told(docker: Client) -> None:
    item = {"Config": "config.json", "Layers": ["layer.tar"]}
    named, unnamed = item | {"RepoTags": ["me:1"]}, item | {"RepoTags": None}
    id = hashlib.sha256(unpacked(layered())["config.json"]).hexdigest()
    line = {"stream": "Loaded image: me:1\n"}
    assert await load(docker, layered(manifest=[named, unnamed])) == [
        line,
        {"stream": f"Loaded image ID: sha256:{id}\n" * 2},
    ]
    assert await load(docker, layered(manifest=[unnamed, named])) == [line]


async def test_an_oci_layout_without_dockers_manifest_loads(docker: Client) -> None:
    await pull(docker, "alpine", "3.10")
    files = unpacked((await docker.get("/images/alpine:3.10/get")).body)
    await docker.delete("/images/alpine:3.10")
    del files["manifest.json"], files["repositories"]
    assert await load(docker, packed(files)) == [{"stream": "Loaded image: alpine:3.10\n"}]


@pytest.mark.parametrize(
    ("names", "refusal"),
    [
        ("nosuch", (404, "No such image: nosuch")),
        ("nosuch:1", (404, "reference does not exist")),
        ("BAD", (500, "invalid reference format: repository name (library/BAD) must be lowercase")),
    ],
)
async def test_save_refuses(docker: Client, names: str, refusal: tuple[int, str]) -> None:
    assert (await docker.get(f"/images/get?names={names}")).refusal == refusal


async def test_no_names_give_an_empty_archive(docker: Client) -> None:
    files = unpacked((await docker.get("/images/get")).body)
    assert files["manifest.json"] == b"null\n"
    assert b'"manifests":null' in files["index.json"]


async def test_a_truncated_tar_is_an_error_in_band_and_leaves_nothing(
    docker: Client, saved: bytes
) -> None:
    await docker.delete("/images/httpd:alpine")
    (message,) = await load(docker, saved[:100_000])
    assert message == {"errorDetail": {"message": "unexpected EOF"}, "error": "unexpected EOF"}


async def test_what_is_no_tar_is_an_error_in_band(docker: Client) -> None:
    (message,) = await load(docker, b"x" * 1024)
    assert message["error"] == "archive/tar: invalid tar header"


async def test_a_tar_without_a_manifest_is_told_what_it_lacks(docker: Client) -> None:
    (message,) = await load(docker, packed({"hello": b"x"}))
    assert message["error"].endswith("/repositories: no such file or directory")


async def test_a_layer_with_other_bytes_is_refused(docker: Client) -> None:
    await pull(docker, "hello-world")
    files = unpacked((await docker.get("/images/hello-world/get")).body)
    await docker.delete("/images/hello-world")
    layer = json.loads(files["manifest.json"])[0]["Layers"][0]
    files[layer] = bytes(1024)
    (message,) = await load(docker, packed(files))
    assert message["error"].startswith('invalid diffID for layer 0: expected "sha256:')
    assert (await docker.get("/images/json?all=1")).json == []


async def test_links_that_leave_the_archive_lead_nowhere(docker: Client) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        manifest = tarfile.TarInfo("manifest.json")
        manifest.type, manifest.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(manifest)
    (message,) = await load(docker, out.getvalue())
    assert message["error"].endswith("no such file or directory")

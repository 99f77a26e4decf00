"""What a pull says of images that are not what they claim to be. Texts of Engine 28.5.2 for the same registry."""

import gzip
import io
import lzma
import tarfile

import pytest
import zstandard

from api_schema.oci import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Digest, encode
from fake_registry.store import Store, StoredManifest
from tests.behaviour.conftest import Client
from tests.behaviour.registries import a_registry
from tests.behaviour.test_pull import lines, pull


def tar(name: str, data: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def holding(layer: bytes, inner: bytes, *, config: bytes | None = None) -> Store:
    """A store with `me/app:v1`, whose one blob is `layer` and whose config says that `inner` is in it."""
    store = Store()
    written = config or encode(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [Digest.of(inner)]},
        }
    )
    for blob in (written, layer):
        store.put_blob("me/app", Digest.of(blob), blob)
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": Digest.of(written), "size": len(written)},
            "layers": [
                {"mediaType": OCI_LAYER_GZIP, "digest": Digest.of(layer), "size": len(layer)}
            ],
        }
    )
    stored = StoredManifest(OCI_MANIFEST, Digest.of(manifest), manifest)
    store.put_manifest("me/app", stored, "v1")
    return store


@pytest.mark.parametrize(
    ("layer", "inner", "text"),
    [
        (b"\x1f\x8bgarbage-garbage", tar("a"), "failed to register layer: unexpected EOF"),
        (gzip.compress(b"hello" * 300, mtime=0), b"hello" * 300, "failed to register layer: archive/tar: invalid tar header"),
        (gzip.compress(tar("b"), mtime=0), tar("a"), "layers from manifest don't match image configuration"),
        (tar("../../x"), tar("../../x"), 'failed to register layer: invalid entry name "../../x"'),
    ],
)  # fmt: skip
async def test_refuses_and_keeps_nothing(
    docker: Client, layer: bytes, inner: bytes, text: str
) -> None:
    async with a_registry(holding(layer, inner)) as host:
        messages = lines(await pull(docker, f"{host}/me/app", "v1"))
    assert messages[-1]["error"] == text
    assert (await docker.get("/images/json?all=1")).json == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstandard.compress])
async def test_takes_a_layer_however_it_is_packed(docker: Client, pack) -> None:
    async with a_registry(holding(pack(tar("a")), tar("a"))) as host:
        assert "error" not in lines(await pull(docker, f"{host}/me/app", "v1"))[-1]
        assert (await docker.get(f"/images/{host}/me/app:v1/json")).json["Size"] == 1


async def test_a_config_with_too_few_layers_is_refused(docker: Client) -> None:
    config = encode({"os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
    async with a_registry(holding(tar("a"), tar("a"), config=config)) as host:
        messages = lines(await pull(docker, f"{host}/me/app", "v1"))
    assert messages[-1]["error"] == "layers from manifest don't match image configuration"


async def test_a_config_that_is_none_is_refused(docker: Client) -> None:
    async with a_registry(holding(tar("a"), tar("a"), config=b"[]")) as host:
        messages = lines(await pull(docker, f"{host}/me/app", "v1"))
    assert "error" in messages[-1]
    assert (await docker.get("/images/json?all=1")).json == []


async def test_a_huge_manifest_is_refused_before_it_is_read_whole(docker: Client) -> None:
    store = Store()
    data = b" " * (5 << 20)
    store.put_manifest("me/app", StoredManifest(OCI_MANIFEST, Digest.of(data), data), "v1")
    async with a_registry(store) as host:
        answer = await pull(docker, f"{host}/me/app", "v1")
    assert answer.refusal == (500, "rejecting manifest: size exceeds limit")

"""What tests push: blobs, and an image of one config and one layer."""

from typing import Any

from aiohttp.test_utils import TestClient

from api_schema.oci import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Digest, encode


async def push_blob(client: TestClient, name: str, data: bytes) -> str:
    digest = Digest.of(data)
    reply = await client.post(f"/v2/{name}/blobs/uploads/?digest={digest}", data=data)
    assert reply.status == 201, await reply.text()
    return digest


def image_manifest(config: bytes, layer: bytes, **more: Any) -> bytes:
    return encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": OCI_CONFIG,
                "digest": Digest.of(config),
                "size": len(config),
            },
            "layers": [{"mediaType": OCI_LAYER, "digest": Digest.of(layer), "size": len(layer)}],
            **more,
        }
    )


async def push_manifest(
    client: TestClient, name: str, target: str, data: bytes, media_type: str = OCI_MANIFEST
):
    return await client.put(
        f"/v2/{name}/manifests/{target}", data=data, headers={"Content-Type": media_type}
    )


async def push_image(client: TestClient, name: str, tag: str, layer: bytes = b"layer") -> str:
    """Returns the manifest's digest."""
    await push_blob(client, name, b"{}")
    await push_blob(client, name, layer)
    manifest = image_manifest(b"{}", layer)
    reply = await push_manifest(client, name, tag, manifest)
    assert reply.status == 201, await reply.text()
    return Digest.of(manifest)


async def error_code(reply) -> str:
    return (await reply.json())["errors"][0]["code"]

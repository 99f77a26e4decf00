"""Manifests, tags, referrers and the catalog follow the OCI Distribution Specification."""

import io

from api_schema.oci import OCI_INDEX, OCI_MANIFEST, Digest, encode

from .pushing import error_code, image_manifest, push_blob, push_image, push_manifest


async def test_a_pushed_image_is_found_by_tag_and_digest(client) -> None:
    digest = await push_image(client, "team/app", "v1")
    for target in ("v1", digest):
        reply = await client.get(f"/v2/team/app/manifests/{target}")
        assert reply.headers["Docker-Content-Digest"] == digest
        assert reply.content_type == OCI_MANIFEST
        assert Digest.of(await reply.read()) == digest
        head = await client.head(f"/v2/team/app/manifests/{target}")
        assert head.headers["Content-Length"] == reply.headers["Content-Length"]


async def test_a_manifest_whose_blobs_are_missing_is_refused(client) -> None:
    reply = await push_manifest(client, "a", "v1", image_manifest(b"{}", b"layer"))
    assert (reply.status, await error_code(reply)) == (400, "MANIFEST_BLOB_UNKNOWN")


async def test_an_unreadable_manifest_is_refused(client) -> None:
    for data in (b"{", b"{}", b'{"schemaVersion":1,"config":{},"layers":[]}'):
        reply = await push_manifest(client, "a", "v1", data)
        assert (reply.status, await error_code(reply)) == (400, "MANIFEST_INVALID")


async def test_a_huge_manifest_is_refused_before_it_is_kept(client) -> None:
    reply = await push_manifest(client, "a", "v1", io.BytesIO(b" " * (5 << 20)))
    assert reply.status == 413


async def test_a_digest_must_be_the_manifests(client) -> None:
    await push_image(client, "a", "v1")
    reply = await push_manifest(client, "a", Digest.of(b"other"), image_manifest(b"{}", b"layer"))
    assert (reply.status, await error_code(reply)) == (400, "DIGEST_INVALID")


async def test_unknown_tags_and_names_are_refused_as_by_dockers_registry(client) -> None:
    await push_image(client, "a", "v1")
    assert await error_code(await client.get("/v2/a/manifests/v2")) == "MANIFEST_UNKNOWN"
    assert await error_code(await client.get("/v2/b/manifests/v1")) == "MANIFEST_UNKNOWN"
    assert await error_code(await client.get("/v2/b/tags/list")) == "NAME_UNKNOWN"


async def test_a_hub_hides_names_that_do_not_exist(start) -> None:
    client = await start(unknown_name="DENIED")
    reply = await client.get("/v2/b/manifests/v1")
    assert (reply.status, await error_code(reply)) == (403, "DENIED")


async def test_tags_come_in_pages(client) -> None:
    for tag in ("c", "a", "b", "d"):
        await push_image(client, "x", tag)
    assert (await (await client.get("/v2/x/tags/list")).json())["tags"] == ["a", "b", "c", "d"]
    first = await client.get("/v2/x/tags/list?n=3")
    assert (await first.json())["tags"] == ["a", "b", "c"]
    assert first.headers["Link"] == '</v2/x/tags/list?last=c&n=3>; rel="next"'
    second = await client.get("/v2/x/tags/list?last=c&n=3")
    assert (await second.json())["tags"] == ["d"]
    assert "Link" not in second.headers
    assert await error_code(await client.get("/v2/x/tags/list?n=x")) == "PAGINATION_NUMBER_INVALID"


async def test_the_catalog_lists_repositories(client) -> None:
    await push_image(client, "b/c", "1")
    await push_image(client, "a", "1")
    assert await (await client.get("/v2/_catalog")).json() == {"repositories": ["a", "b/c"]}


async def test_deleting_a_tag_leaves_the_manifest_and_deleting_the_manifest_takes_tags_along(
    client,
) -> None:
    digest = await push_image(client, "a", "v1")
    await push_image(client, "a", "v2")
    assert (await client.delete("/v2/a/manifests/v1")).status == 202
    assert (await client.get(f"/v2/a/manifests/{digest}")).status == 200
    assert (await client.delete(f"/v2/a/manifests/{digest}")).status == 202
    assert (await client.get("/v2/a/manifests/v2")).status == 404
    reply = await client.delete(f"/v2/a/manifests/{digest}")
    assert await error_code(reply) == "MANIFEST_UNKNOWN"


async def test_referrers_are_found_by_subject_and_filtered(client) -> None:
    subject = await push_image(client, "a", "v1")
    await push_blob(client, "a", b"sbom")
    artifact = image_manifest(
        b"{}",
        b"sbom",
        artifactType="application/sbom",
        subject={"mediaType": OCI_MANIFEST, "digest": subject, "size": 1},
        annotations={"k": "v"},
    )
    pushed = await push_manifest(client, "a", Digest.of(artifact), artifact)
    assert pushed.headers["OCI-Subject"] == subject
    listed = await (await client.get(f"/v2/a/referrers/{subject}")).json()
    assert listed["mediaType"] == OCI_INDEX
    assert listed["manifests"] == [
        {
            "mediaType": OCI_MANIFEST,
            "digest": Digest.of(artifact),
            "size": len(artifact),
            "artifactType": "application/sbom",
            "annotations": {"k": "v"},
        }
    ]
    filtered = await client.get(f"/v2/a/referrers/{subject}?artifactType=other")
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
    assert (await filtered.json())["manifests"] == []


async def test_an_index_needs_its_manifests(client) -> None:
    digest = await push_image(client, "a", "v1")

    def index(child: str) -> bytes:
        entry = {"mediaType": OCI_MANIFEST, "digest": child, "size": 2}
        return encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})

    assert (await push_manifest(client, "a", "all", index(digest), OCI_INDEX)).status == 201
    reply = await push_manifest(client, "a", "all", index(Digest.of(b"")), OCI_INDEX)
    assert await error_code(reply) == "MANIFEST_BLOB_UNKNOWN"

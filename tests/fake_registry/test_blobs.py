"""Blobs are pushed in every way that the specification knows, and come back whole or in part."""

import pytest

from api_schema.oci import Digest

from .pushing import error_code, push_blob

DATA = bytes(range(256)) * 40
DIGEST = Digest.of(DATA)
UPLOADS = "/v2/a/blobs/uploads/"


async def test_a_monolithic_post_stores_the_blob(client) -> None:
    await push_blob(client, "a", DATA)
    reply = await client.get(f"/v2/a/blobs/{DIGEST}")
    assert await reply.read() == DATA
    assert reply.headers["Docker-Content-Digest"] == DIGEST


async def test_chunks_are_resumed_where_they_ended(client) -> None:
    started = await client.post(UPLOADS)
    assert started.status == 202
    location = started.headers["Location"]
    first = await client.patch(
        location, data=DATA[:100], headers={"Content-Range": "0-99", "Content-Length": "100"}
    )
    assert (first.status, first.headers["Range"]) == (202, "0-99")
    status = await client.get(location)
    assert (status.status, status.headers["Range"]) == (204, "0-99")
    wrong = await client.patch(location, data=b"x", headers={"Content-Range": "500-500"})
    assert (wrong.status, wrong.headers["Range"]) == (416, "0-99")
    await client.patch(location, data=DATA[100:200], headers={"Content-Range": "100-199"})
    done = await client.put(f"{location}?digest={DIGEST}", data=DATA[200:])
    assert (done.status, done.headers["Location"]) == (201, f"/v2/a/blobs/{DIGEST}")
    assert await (await client.get(f"/v2/a/blobs/{DIGEST}")).read() == DATA


async def test_wrong_bytes_are_refused_and_not_kept(client) -> None:
    reply = await client.post(f"{UPLOADS}?digest={DIGEST}", data=b"other")
    assert (reply.status, await error_code(reply)) == (400, "DIGEST_INVALID")
    assert (await client.head(f"/v2/a/blobs/{DIGEST}")).status == 404


async def test_a_cancelled_upload_is_gone(client) -> None:
    location = (await client.post(UPLOADS)).headers["Location"]
    assert (await client.delete(location)).status == 204
    reply = await client.get(location)
    assert (reply.status, await error_code(reply)) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_a_mount_shares_what_another_repository_has(client) -> None:
    await push_blob(client, "a", DATA)
    mounted = await client.post(f"/v2/b/blobs/uploads/?mount={DIGEST}&from=a")
    assert (mounted.status, mounted.headers["Location"]) == (201, f"/v2/b/blobs/{DIGEST}")
    assert (await client.head(f"/v2/b/blobs/{DIGEST}")).status == 200
    assert (await client.head(f"/v2/c/blobs/{DIGEST}")).status == 404, (
        "blobs belong to repositories"
    )


async def test_a_mount_of_something_unknown_starts_an_upload(client) -> None:
    reply = await client.post(f"/v2/b/blobs/uploads/?mount={DIGEST}&from=a")
    assert reply.status == 202
    assert "Location" in reply.headers


@pytest.mark.parametrize(
    ("wanted", "first", "end"),
    [("bytes=0-9", 0, 10), ("bytes=10000-", 10000, 10240), ("bytes=-40", 10200, 10240)],
)
async def test_a_range_is_partial_content(client, wanted: str, first: int, end: int) -> None:
    await push_blob(client, "a", DATA)
    reply = await client.get(f"/v2/a/blobs/{DIGEST}", headers={"Range": wanted})
    assert reply.status == 206
    assert reply.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(DATA)}"
    assert await reply.read() == DATA[first:end]


async def test_a_range_beyond_the_end_is_refused(client) -> None:
    await push_blob(client, "a", DATA)
    reply = await client.get(f"/v2/a/blobs/{DIGEST}", headers={"Range": "bytes=20000-"})
    assert (reply.status, await error_code(reply)) == (416, "RANGE_INVALID")


async def test_head_tells_the_size_without_a_body(client) -> None:
    await push_blob(client, "a", DATA)
    reply = await client.head(f"/v2/a/blobs/{DIGEST}")
    assert (reply.status, reply.headers["Content-Length"]) == (200, str(len(DATA)))


async def test_a_deleted_blob_is_unknown(client) -> None:
    await push_blob(client, "a", DATA)
    assert (await client.delete(f"/v2/a/blobs/{DIGEST}")).status == 202
    reply = await client.get(f"/v2/a/blobs/{DIGEST}")
    assert (reply.status, await error_code(reply)) == (404, "BLOB_UNKNOWN")


async def test_something_that_is_no_digest_is_told_so(client) -> None:
    reply = await client.get("/v2/a/blobs/sha256:12")
    assert (reply.status, await error_code(reply)) == (400, "DIGEST_INVALID")

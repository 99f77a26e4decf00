"""Manifests by tag or digest, tags with pagination, referrers, the catalog."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError

from api_schema.oci import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    OCI_INDEX,
    Digest,
    Index,
    Manifest,
    encode,
    is_digest,
)
from fake_registry.blobs import digest_of
from fake_registry.errors import RegistryError
from fake_registry.registry import Call
from fake_registry.store import READ_SIZE, StoredManifest

MANIFEST_BYTES_MAX = 4 << 20


async def get_manifest(call: Call) -> web.StreamResponse:
    _check_limit(call)
    manifest = _find(call)
    headers = _count_pull(call, manifest)
    headers |= {
        "Content-Type": manifest.media_type,
        "Docker-Content-Digest": manifest.digest,
        "Etag": f'"{manifest.digest}"',
    }
    return web.Response(body=manifest.data, headers=headers)


def _check_limit(call: Call) -> None:
    limit = call.registry.rate_limit
    if limit is not None and call.request.method == "GET":
        limit.check(_source(call))


def _count_pull(call: Call, manifest: StoredManifest) -> dict[str, str]:
    """An image counts, the index that led to it does not: Docker Hub counts one pull for each architecture."""
    limit = call.registry.rate_limit
    if limit is None:
        return {}
    if call.request.method == "GET" and manifest.media_type not in INDEX_TYPES:
        limit.take(_source(call))
    return limit.headers(_source(call))


def _source(call: Call) -> str:
    return call.request.remote or "127.0.0.1"


def _find(call: Call) -> StoredManifest:
    store, name, target = call.store, call.name, call.target
    digest = digest_of(target) if ":" in target else store.tag(name, target)
    manifest = store.manifest(name, digest) if digest else None
    if manifest is not None:
        return manifest
    # Docker's own registry does not tell a missing repository from a missing tag here; a hub that hides names does.
    if call.registry.unknown_name == "DENIED" and not store.has_repository(name):
        raise RegistryError("DENIED", detail={"name": name})
    raise RegistryError("MANIFEST_UNKNOWN", detail={"Tag": target})


async def put_manifest(call: Call) -> web.StreamResponse:
    data = await _read_bounded(call.request)
    media_type = call.request.content_type
    document, subject = _parsed(media_type, data)
    algorithm = Digest.parse(call.target).algorithm if is_digest(call.target) else "sha256"
    digest = Digest.of(data, algorithm)
    tag = None if ":" in call.target else call.target
    if tag is None and call.target != digest:
        raise RegistryError("DIGEST_INVALID")
    _check_references(call, document)
    call.store.put_manifest(call.name, StoredManifest(media_type, digest, data), tag)
    headers = {
        "Location": call.path(f"manifests/{digest}"),
        "Docker-Content-Digest": digest,
    }
    if subject:
        headers["OCI-Subject"] = subject
    return web.Response(status=201, headers=headers)


async def _read_bounded(request: web.Request) -> bytes:
    data = bytearray()
    async for chunk in request.content.iter_chunked(READ_SIZE):
        data += chunk
        if len(data) > MANIFEST_BYTES_MAX:
            raise RegistryError("MANIFEST_INVALID", message="manifest too large", status=413)
    return bytes(data)


def _parsed(media_type: str, data: bytes) -> tuple[Manifest | Index, str]:
    """The document and its subject's digest."""
    if media_type not in MANIFEST_TYPES | INDEX_TYPES:
        raise RegistryError("MANIFEST_INVALID", detail=f"unknown media type {media_type!r}")
    model = Index if media_type in INDEX_TYPES else Manifest
    try:
        document = model.model_validate_json(data)
    except ValidationError as refused:
        raise RegistryError("MANIFEST_INVALID", detail=str(refused.errors()[0]["msg"])) from refused
    if document.schema_version != 2:
        raise RegistryError("MANIFEST_INVALID", detail="schemaVersion must be 2")
    if document.media_type and document.media_type != media_type:
        raise RegistryError("MANIFEST_INVALID", detail="mediaType and Content-Type differ")
    return document, document.subject.digest if document.subject else ""


def _check_references(call: Call, document: Manifest | Index) -> None:
    """An image must be complete; foreign layers (with urls) live elsewhere."""
    for digest in _missing(call, document):
        raise RegistryError("MANIFEST_BLOB_UNKNOWN", detail={"digest": digest})


def _missing(call: Call, document: Manifest | Index) -> Iterator[str]:
    if isinstance(document, Index):
        for child in document.manifests:
            if call.store.manifest(call.name, child.digest) is None:
                yield child.digest
        return
    for blob in (document.config, *document.layers):
        if not blob.urls and call.store.blob_size(call.name, blob.digest) is None:
            yield blob.digest


async def delete_manifest(call: Call) -> web.StreamResponse:
    if ":" in call.target:
        call.store.delete_manifest(call.name, digest_of(call.target))
    else:
        call.store.delete_tag(call.name, call.target)
    return web.Response(status=202)


async def list_tags(call: Call) -> web.StreamResponse:
    if not call.store.has_repository(call.name):
        raise RegistryError(call.registry.unknown_name, detail={"name": call.name})
    tags, headers = _page(call, call.store.tags(call.name), call.path("tags/list"))
    return web.Response(
        body=encode({"name": call.name, "tags": tags}),
        content_type="application/json",
        headers=headers,
    )


async def list_repositories(call: Call) -> web.StreamResponse:
    names, headers = _page(call, call.store.repositories(), "/v2/_catalog")
    return web.Response(
        body=encode({"repositories": names}), content_type="application/json", headers=headers
    )


def _page(call: Call, items: list[str], path: str) -> tuple[list[str], dict[str, str]]:
    """At most `n` items after `last`, and a Link header while there are more."""
    query = call.request.query
    if "last" in query:
        items = [item for item in items if item > query["last"]]
    if "n" not in query:
        return items, {}
    if not query["n"].isdigit():
        raise RegistryError("PAGINATION_NUMBER_INVALID", detail={"n": query["n"]})
    count = int(query["n"])
    page = items[:count]
    if not page or len(items) <= count:
        return page, {}
    following = urlencode({"last": page[-1], "n": count})
    return page, {"Link": f'<{path}?{following}>; rel="next"'}


async def list_referrers(call: Call) -> web.StreamResponse:
    digest = digest_of(call.target)
    found = call.store.referrers(call.name, digest)
    headers = {"Content-Type": OCI_INDEX}
    wanted = call.request.query.get("artifactType")
    if wanted:
        found = [item for item in found if item.get("artifactType") == wanted]
        headers["OCI-Filters-Applied"] = "artifactType"
    index: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
    return web.Response(body=json.dumps(index).encode(), headers=headers)

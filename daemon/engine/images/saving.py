"""`docker save`: images as a tar that is both Docker's archive and an OCI layout, as Engine 28 writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from api_schema.oci import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Digest, Reference, encode
from daemon.engine.images.image import Image
from daemon.engine.images.legacy import v1_configs
from daemon.engine.images.store import ImageStore
from daemon.fs.tarread import FOLDER, REGULAR, SECOND, Entry
from daemon.fs.tarwrite import END, header, padding

CHUNK = 1 << 18
BLOBS = "blobs/sha256"


@dataclass(slots=True)
class Export:
    """One image and the tags that it is saved under."""

    image: Image
    references: list[Reference] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    """A member to be written: small bytes, or a layer that is streamed."""

    size: int
    mtime: int
    data: bytes = b""
    diff_id: str = ""


class Saving:
    def __init__(self, images: ImageStore, exports: list[Export], now: int) -> None:
        self._images = images
        self._exports = exports
        self._now = now // SECOND
        self._blobs: dict[str, _File] = {}
        self._manifest: list[dict[str, Any]] = []
        self._index: list[dict[str, Any]] = []
        self._repositories: dict[str, dict[str, str]] = {}

    def chunks(self) -> Iterator[bytes]:
        """The tar, without ever holding a whole layer."""
        for export in self._exports:
            self._add(export)
        if self._exports:
            newest = max(_created(export.image) for export in self._exports)
            yield _header("blobs/", 0, newest, is_folder=True)
            yield _header(f"{BLOBS}/", 0, self._now, is_folder=True)
        for digest, file in sorted(self._blobs.items()):
            yield from self._member(f"{BLOBS}/{digest.partition(':')[2]}", file)
        for name, data in self._documents():
            yield from self._member(name, _File(len(data), 0, data))
        yield END

    def _add(self, export: Export) -> None:
        image, created = export.image, _created(export.image)
        for diff_id in image.diff_ids:
            size = self._images.layers.get(diff_id).tar_size
            self._blobs[diff_id] = _File(size, created, diff_id=diff_id)
        for config in (*v1_configs(image), image.raw):
            self._blobs[Digest.of(config)] = _File(len(config), created, config)
        self._add_to_index(export)
        sources = {d: self._source(d) for d in image.diff_ids}
        item: dict[str, Any] = {
            "Config": _path(image.id),
            "RepoTags": [r.familiar for r in export.references] or None,
            "Layers": [_path(diff_id) for diff_id in image.diff_ids],
        }
        if self._is_exported(image.parent):
            item["Parent"] = image.parent
        self._manifest.append(item | {"LayerSources": dict(sorted(sources.items()))})

    def _is_exported(self, image_id: str) -> bool:
        return any(export.image.id == image_id for export in self._exports)

    def _add_to_index(self, export: Export) -> None:
        manifest = self._oci_manifest(export.image)
        digest = Digest.of(manifest)
        self._blobs[digest] = _File(len(manifest), 0, manifest)
        descriptor = {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(manifest)}
        top = export.image.diff_ids[-1].partition(":")[2]
        for reference in export.references:
            annotations = {
                "io.containerd.image.name": str(reference),
                "org.opencontainers.image.ref.name": reference.tag,
            }
            self._index.append(descriptor | {"annotations": annotations})
            self._repositories.setdefault(reference.familiar_name, {})[reference.tag] = top
        # As dockerd does: an image without a name is listed only while nothing else is.
        if not self._index:
            self._index.append(descriptor)

    def _oci_manifest(self, image: Image) -> bytes:
        return encode(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": {"mediaType": OCI_CONFIG, "digest": image.id, "size": len(image.raw)},
                "layers": [
                    {
                        "mediaType": OCI_LAYER,
                        "digest": diff_id,
                        "size": self._images.layers.get(diff_id).tar_size,
                    }
                    for diff_id in image.diff_ids
                ],
            }
        )

    def _source(self, diff_id: str) -> dict[str, Any]:
        size = self._images.layers.get(diff_id).tar_size
        return {"mediaType": OCI_LAYER, "size": size, "digest": diff_id}

    def _documents(self) -> Iterator[tuple[str, bytes]]:
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self._index or None}
        yield "index.json", encode(index)
        yield "manifest.json", encode(self._manifest or None) + b"\n"
        yield "oci-layout", b'{"imageLayoutVersion": "1.0.0"}'
        if self._repositories:
            by_name = {n: dict(sorted(t.items())) for n, t in sorted(self._repositories.items())}
            yield "repositories", encode(by_name) + b"\n"

    def _member(self, name: str, file: _File) -> Iterator[bytes]:
        yield _header(name, file.size, file.mtime)
        if file.diff_id:
            with self._images.layers.open_tar(file.diff_id) as layer:
                while chunk := layer.read(CHUNK):
                    yield chunk
        else:
            yield file.data
        yield padding(file.size)


def _created(image: Image) -> int:
    """dockerd gives no file a time outside of what 64 bits of nanoseconds can say since 1970."""
    created = image.created or 0
    return created // SECOND if 0 <= created < 1 << 63 else 0


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _header(name: str, size: int, mtime: int, *, is_folder: bool = False) -> bytes:
    kind, mode = (FOLDER, 0o755) if is_folder else (REGULAR, 0o644)
    return header(Entry(name, kind, mode, 0, 0, size, mtime * SECOND, "", 0, 0, 0))

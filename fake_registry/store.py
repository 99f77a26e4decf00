"""What a registry holds: repositories of blobs, manifests and tags, kept as files and addressed by digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from api_schema.oci import Digest
from fake_registry.errors import RegistryError
from fake_registry.files import Files, MemoryFiles

READ_SIZE = 1 << 16


@dataclass(frozen=True, slots=True)
class StoredManifest:
    media_type: str
    digest: str
    data: bytes


@dataclass(frozen=True, slots=True)
class About:
    """What a search shows of a repository."""

    description: str = ""
    stars: int = 0


class Store:
    """Blobs are shared between repositories but visible only where they were pushed or mounted."""

    def __init__(self, files: Files | None = None) -> None:
        self.files = files or MemoryFiles()

    # repositories

    def repositories(self) -> list[str]:
        """Names, sorted, of what has a manifest."""
        names = set()
        for path in self.files.walk("repositories/"):
            name, found, _ = path.removeprefix("repositories/").partition("/_manifests/")
            if found:
                names.add(name)
        return sorted(names)

    def has_repository(self, name: str) -> bool:
        """Also once all its manifests are deleted again, while it has a blob."""
        return any(True for _ in self.files.walk(f"repositories/{name}/_"))

    def about(self, name: str) -> About:
        return About()

    # blobs

    def blob_size(self, name: str, digest: str) -> int | None:
        """None unless the repository has it."""
        if self.files.size(_link(name, digest)) is None:
            return None
        return self.files.size(_blob(digest))

    def open_blob(self, digest: str) -> BinaryIO:
        return self.files.open(_blob(digest))

    def read_blob(self, digest: str) -> bytes:
        with self.open_blob(digest) as file:
            return file.read()

    def put_blob(self, name: str, digest: str, data: bytes) -> None:
        self.files.write(_blob(digest), data)
        self.files.write(_link(name, digest), b"")

    def mount_blob(self, name: str, digest: str, source: str) -> bool:
        """Make another repository's blob visible here; False if there is none."""
        if self.blob_size(source, digest) is None:
            return False
        self.files.write(_link(name, digest), b"")
        return True

    def delete_blob(self, name: str, digest: str) -> None:
        """Raises BLOB_UNKNOWN. The bytes go once no repository links them."""
        if self.blob_size(name, digest) is None:
            raise RegistryError("BLOB_UNKNOWN", detail=digest)
        self.files.delete(_link(name, digest))
        suffix = "/_blobs/" + digest.replace(":", "/")
        if not any(path.endswith(suffix) for path in self.files.walk("repositories/")):
            self.files.delete(_blob(digest))

    # uploads

    def start_upload(self, upload: str) -> None:
        self.files.write(_upload(upload), b"")

    def upload_size(self, upload: str) -> int:
        """Raises BLOB_UPLOAD_UNKNOWN."""
        size = self.files.size(_upload(upload))
        if size is None:
            raise RegistryError("BLOB_UPLOAD_UNKNOWN")
        return size

    def append_upload(self, upload: str, data: bytes) -> None:
        self.files.append(_upload(upload), data)

    def cancel_upload(self, upload: str) -> None:
        self.files.delete(_upload(upload))

    def finish_upload(self, name: str, upload: str, digest: Digest) -> None:
        """Raises DIGEST_INVALID, and keeps nothing, when the bytes are other ones."""
        if self._hash_upload(upload, digest.algorithm) != digest.hex:
            self.cancel_upload(upload)
            raise RegistryError("DIGEST_INVALID")
        self.files.move(_upload(upload), _blob(digest))
        self.files.write(_link(name, digest), b"")

    def _hash_upload(self, upload: str, algorithm: str) -> str:
        digester = hashlib.new(algorithm)
        with self.files.open(_upload(upload)) as file:
            while chunk := file.read(READ_SIZE):
                digester.update(chunk)
        return digester.hexdigest()

    # manifests and tags

    def manifest(self, name: str, digest: str) -> StoredManifest | None:
        path = _manifest(name, digest)
        if self.files.size(path) is None:
            return None
        return StoredManifest(self._text(path), digest, self.read_blob(digest))

    def put_manifest(self, name: str, manifest: StoredManifest, tag: str | None = None) -> None:
        self.files.write(_blob(manifest.digest), manifest.data)
        self.files.write(_manifest(name, manifest.digest), manifest.media_type.encode())
        if tag is not None:
            self.files.write(_tag(name, tag), manifest.digest.encode())

    def delete_manifest(self, name: str, digest: str) -> None:
        """The tags that point to it go with it. Raises MANIFEST_UNKNOWN."""
        if self.files.size(_manifest(name, digest)) is None:
            raise RegistryError("MANIFEST_UNKNOWN", detail={"Digest": digest})
        self.files.delete(_manifest(name, digest))
        for tag in self.tags(name):
            if self.tag(name, tag) == digest:
                self.files.delete(_tag(name, tag))

    def tags(self, name: str) -> list[str]:
        prefix = f"repositories/{name}/_tags/"
        return sorted(path.removeprefix(prefix) for path in self.files.walk(prefix))

    def tag(self, name: str, tag: str) -> str | None:
        """The digest that the tag points to."""
        path = _tag(name, tag)
        return None if self.files.size(path) is None else self._text(path)

    def delete_tag(self, name: str, tag: str) -> None:
        """Raises MANIFEST_UNKNOWN."""
        if self.tag(name, tag) is None:
            raise RegistryError("MANIFEST_UNKNOWN", detail={"Tag": tag})
        self.files.delete(_tag(name, tag))

    def referrers(self, name: str, digest: str) -> list[dict[str, Any]]:
        """Descriptors of the manifests whose subject is `digest`."""
        return [
            descriptor
            for manifest in self._manifests(name)
            if (descriptor := _referrer(manifest, digest)) is not None
        ]

    def _manifests(self, name: str) -> Iterable[StoredManifest]:
        prefix = f"repositories/{name}/_manifests/"
        for path in sorted(self.files.walk(prefix)):
            found = self.manifest(name, path.removeprefix(prefix).replace("/", ":", 1))
            if found is not None:
                yield found

    def _text(self, path: str) -> str:
        with self.files.open(path) as file:
            return file.read().decode()


def _referrer(manifest: StoredManifest, subject: str) -> dict[str, Any] | None:
    document = json.loads(manifest.data)
    if (document.get("subject") or {}).get("digest") != subject:
        return None
    config_type = (document.get("config") or {}).get("mediaType")
    descriptor = {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.data),
        "artifactType": document.get("artifactType") or config_type,
        "annotations": document.get("annotations"),
    }
    return {key: value for key, value in descriptor.items() if value}


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _link(name: str, digest: str) -> str:
    return f"repositories/{name}/_blobs/" + digest.replace(":", "/")


def _manifest(name: str, digest: str) -> str:
    return f"repositories/{name}/_manifests/" + digest.replace(":", "/")


def _tag(name: str, tag: str) -> str:
    return f"repositories/{name}/_tags/{tag}"


def _upload(upload: str) -> str:
    return f"uploads/{upload}"

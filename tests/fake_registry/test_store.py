"""A folder keeps what memory keeps, and keeps it for the next registry."""

from pathlib import Path

import pytest

from api_schema.oci import Digest
from fake_registry.errors import RegistryError
from fake_registry.files import FolderFiles, MemoryFiles
from fake_registry.store import Store, StoredManifest

BLOB = b"blob"
DIGEST = Digest.of(BLOB)
MANIFEST = StoredManifest("type/x", Digest.of(b"{}"), b"{}")


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path: Path) -> Store:
    return Store(MemoryFiles() if request.param == "memory" else FolderFiles(tmp_path))


def test_keeps_blobs_manifests_and_tags(store: Store) -> None:
    store.put_blob("a/b", DIGEST, BLOB)
    store.put_manifest("a/b", MANIFEST, "v1")
    assert store.blob_size("a/b", DIGEST) == 4
    assert store.read_blob(DIGEST) == BLOB
    assert store.repositories() == ["a/b"]
    assert store.has_repository("a/b")
    assert not store.has_repository("a")
    assert store.tags("a/b") == ["v1"]
    assert store.manifest("a/b", MANIFEST.digest) == MANIFEST


def test_an_upload_becomes_a_blob(store: Store) -> None:
    store.start_upload("u")
    store.append_upload("u", b"bl")
    store.append_upload("u", b"ob")
    assert store.upload_size("u") == 4
    store.finish_upload("a", "u", DIGEST)
    assert store.read_blob(DIGEST) == BLOB
    with pytest.raises(RegistryError, match="upload unknown"):
        store.upload_size("u")


def test_the_bytes_go_with_the_last_link(store: Store) -> None:
    store.put_blob("a", DIGEST, BLOB)
    assert store.mount_blob("b", DIGEST, "a")
    store.delete_blob("a", DIGEST)
    assert store.blob_size("b", DIGEST) == 4
    store.delete_blob("b", DIGEST)
    assert store.files.size("blobs/" + DIGEST.replace(":", "/")) is None


def test_a_folder_outlives_its_registry(tmp_path: Path) -> None:
    Store(FolderFiles(tmp_path)).put_manifest("a", MANIFEST, "v1")
    assert Store(FolderFiles(tmp_path)).tag("a", "v1") == MANIFEST.digest

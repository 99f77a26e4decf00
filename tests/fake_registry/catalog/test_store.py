"""Every declared image can be built, is complete, and has the digest that it has everywhere."""

import gzip
import io
import json
import tarfile

import pytest

from api_schema.oci import Digest, ImageConfig, Index, Manifest
from fake_registry.catalog import declarations
from fake_registry.catalog.declarations import IMAGES
from fake_registry.catalog.store import CatalogStore

NAMES = sorted(declarations.names((IMAGES,)))


def first_tags(name: str) -> list[str]:
    """One tag of every declared image."""
    declared = declarations.find((IMAGES,), name)
    return sorted({image["tags"][0] for image in declared.images.values()})


@pytest.fixture(scope="module")
def store() -> CatalogStore:
    return CatalogStore()


@pytest.mark.parametrize("name", NAMES)
def test_every_image_is_complete(store: CatalogStore, name: str) -> None:
    for tag in first_tags(name):
        index = store.manifest(name, store.tag(name, tag))
        children = Index.model_validate_json(index.data).manifests
        assert [str(child.platform) for child in children] == ["linux/amd64", "linux/arm64/v8"]
        for child in children:
            found = store.manifest(name, child.digest)
            assert len(found.data) == child.size
            manifest = Manifest.model_validate_json(found.data)
            config = ImageConfig.model_validate_json(store.read_blob(manifest.config.digest))
            assert config.config.cmd or config.config.entrypoint
            filled = [entry for entry in config.history if not entry.empty_layer]
            assert len(filled) == len(manifest.layers) == len(config.diff_ids)
            for layer, diff_id in zip(manifest.layers, config.diff_ids, strict=True):
                data = store.read_blob(layer.digest)
                assert len(data) == layer.size
                assert Digest.of(gzip.decompress(data)) == diff_id


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_has_no_path_twice(store: CatalogStore, name: str) -> None:
    for tag in first_tags(name):
        index = json.loads(store.manifest(name, store.tag(name, tag)).data)
        manifest = json.loads(store.manifest(name, index["manifests"][0]["digest"]).data)
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=io.BytesIO(store.read_blob(layer["digest"]))) as archive:
                paths = archive.getnames()
            assert len(paths) == len(set(paths))


def test_digests_do_not_depend_on_the_machine(store: CatalogStore) -> None:
    assert store.tag("library/hello-world", "latest") == (
        "sha256:7cf1e249690df74fc1be1bd317c9571355238bac5a0537712b1a8557e99efc92"
    )


def test_an_undeclared_name_does_not_exist(store: CatalogStore) -> None:
    assert not store.has_repository("library/nosuch")
    assert store.tag("library/nosuch", "latest") is None
    assert store.tag("library/alpine", "0.1") is None


def test_unknown_names_can_be_made_up() -> None:
    store = CatalogStore(unknown="synthesize")
    digest = store.tag("some/name", "v9")
    assert digest == store.tag("library/alpine", "latest")
    assert store.manifest("some/name", digest) is not None


def test_a_manifest_is_found_by_digest_before_its_tag_was_asked_for(store: CatalogStore) -> None:
    digest = store.tag("library/alpine", "3.10")
    assert CatalogStore().manifest("library/alpine", digest) is not None


def test_what_was_deleted_stays_deleted() -> None:
    store = CatalogStore()
    store.delete_tag("library/alpine", "3.10")
    assert store.tag("library/alpine", "3.10") is None
    assert "3.10" not in store.tags("library/alpine")


def test_an_alpine_looks_like_one(store: CatalogStore) -> None:
    index = json.loads(store.manifest("library/alpine", store.tag("library/alpine", "3.10")).data)
    manifest = json.loads(store.manifest("library/alpine", index["manifests"][0]["digest"]).data)
    layer = store.read_blob(manifest["layers"][0]["digest"])
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        assert archive.getmember("bin/sh").linkname == "/bin/busybox"
        assert archive.getmember("tmp").mode == 0o1777
        assert archive.extractfile("etc/alpine-release").read() == b"3.10.9\n"

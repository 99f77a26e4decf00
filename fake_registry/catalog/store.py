"""A store that holds every declared image as if it had been pushed; each is built when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from api_schema.oci import OCI_INDEX, OCI_MANIFEST, Digest
from fake_registry.catalog import declarations
from fake_registry.catalog.builder import Built, build
from fake_registry.catalog.declarations import IMAGES, Declaration
from fake_registry.files import Files
from fake_registry.store import About, Store, StoredManifest

SYNTHESIZED_FROM = "library/alpine"


class CatalogStore(Store):
    """With `unknown="synthesize"` every repository exists, with every tag, as an Alpine under that name."""

    def __init__(
        self,
        files: Files | None = None,
        folders: tuple[Path, ...] = (IMAGES,),
        unknown: Literal["refuse", "synthesize"] = "refuse",
    ) -> None:
        super().__init__(files)
        self._folders = folders
        self._unknown = unknown
        self._built: set[tuple[str, str]] = set()
        self._removed: set[tuple[str, str]] = set()

    def repositories(self) -> list[str]:
        return sorted({*super().repositories(), *declarations.names(self._folders)})

    def has_repository(self, name: str) -> bool:
        return self._declared(name) is not None or super().has_repository(name)

    def about(self, name: str) -> About:
        declared = declarations.find(self._folders, name)
        return About(declared.description, declared.stars) if declared else About()

    def tags(self, name: str) -> list[str]:
        declared = declarations.find(self._folders, name)
        offered = set(declared.images) if declared else set()
        offered -= {tag for removed, tag in self._removed if removed == name}
        return sorted({*super().tags(name), *offered})

    def tag(self, name: str, tag: str) -> str | None:
        self._ensure(name, tag)
        return super().tag(name, tag)

    def delete_tag(self, name: str, tag: str) -> None:
        self._ensure(name, tag)
        super().delete_tag(name, tag)
        self._removed.add((name, tag))

    def manifest(self, name: str, digest: str) -> StoredManifest | None:
        found = super().manifest(name, digest)
        if found is None and self._ensure_all(name):
            found = super().manifest(name, digest)
        return found

    def blob_size(self, name: str, digest: str) -> int | None:
        size = super().blob_size(name, digest)
        if size is None and self._ensure_all(name):
            size = super().blob_size(name, digest)
        return size

    def _declared(self, name: str) -> Declaration | None:
        declared = declarations.find(self._folders, name)
        if declared is None and self._unknown == "synthesize":
            return declarations.find(self._folders, SYNTHESIZED_FROM)
        return declared

    def _ensure_all(self, name: str) -> bool:
        """Build every tag of `name`: somebody asks by digest. False if that brought nothing new."""
        declared = declarations.find(self._folders, name)
        before = len(self._built)
        for tag in declared.images if declared else ():
            self._ensure(name, tag)
        return len(self._built) > before

    def _ensure(self, name: str, tag: str) -> None:
        """Push the declared image once; what a client pushed or deleted since then stays as the client left it."""
        declared = self._declared(name)
        if declared is None or (name, tag) in self._built or (name, tag) in self._removed:
            return
        source = name if declared.name == name else SYNTHESIZED_FROM
        if tag not in declared.images and source == name:
            return
        self._built.add((name, tag))
        if super().tag(name, tag) is None:
            wanted = tag if tag in declared.images else "latest"
            self._push(name, tag, build(self._folders, source, wanted))

    def _push(self, name: str, tag: str, built: Built) -> None:
        for digest, data in built.blobs.items():
            self.put_blob(name, digest, data)
        for manifest in built.manifests:
            self.put_manifest(name, StoredManifest(OCI_MANIFEST, Digest.of(manifest), manifest))
        index = StoredManifest(OCI_INDEX, Digest.of(built.index), built.index)
        self.put_manifest(name, index, tag)

"""Which images and tags `docker save NAME...` means."""

from __future__ import annotations

from api_schema.oci import InvalidReference, Platform, Reference, is_digest, is_identifier
from daemon.engine.images import platforms
from daemon.engine.images.image import Image
from daemon.engine.images.references import ALGORITHM, References
from daemon.engine.images.saving import Export
from daemon.engine.images.store import ImageStore, no_config
from daemon.errors import NotFound, System


class Selection:
    """A repository's name stands for all its tags; an id for the image without any."""

    def __init__(
        self, images: ImageStore, references: References, platform: Platform | None
    ) -> None:
        self._images = images
        self._references = references
        self._platform = platform
        self._exports: dict[str, Export] = {}

    def select(self, names: list[str]) -> list[Export]:
        """Raises before anything is written: NotFound for what is not here."""
        for name in names:
            self._select(name)
        return list(self._exports.values())

    def _select(self, name: str) -> None:
        digest = f"{ALGORITHM}:{name}" if is_identifier(name) else name
        if is_digest(digest):
            self._add_by_id(digest)
            return
        try:
            reference = Reference.parse(name)
        except InvalidReference as error:
            raise System(str(error)) from error
        if reference.familiar_name == ALGORITHM:
            self._add(self._images.search(name), name)
        elif reference.is_name_only:
            self._add_repository(reference, name)
        else:
            image_id = self._references.get(reference)
            if image_id is None:
                raise NotFound("reference does not exist")
            self._add(self._images.get(image_id), name, reference)

    def _add_by_id(self, digest: str) -> None:
        image = self._images.get(digest)
        if image is None:
            raise no_config(digest)
        self._add(image, digest)

    def _add_repository(self, reference: Reference, name: str) -> None:
        found = self._references.by_name(reference)
        for each, image_id in found:
            self._add(self._images.get(image_id), name, each)
        if not found:
            self._add(self._images.search(name), name)

    def _add(self, image: Image | None, name: str, reference: Reference | None = None) -> None:
        if image is None:
            raise NotFound(f"No such image: {name}")
        if self._platform and not platforms.is_same(self._platform, image.platform):
            raise System(
                f"no suitable export target found for platform {platforms.show(self._platform)}"
            )
        if not image.diff_ids:
            raise System("empty export - not implemented")
        export = self._exports.setdefault(image.id, Export(image))
        if reference and not reference.digest and reference not in export.references:
            export.references.append(reference.tagged())

"""Which names point to which image: tags, which may move, and digests, which may not."""

from __future__ import annotations

from dataclasses import replace

from api_schema.oci import Reference
from daemon.errors import Conflict, InvalidParameter, NotFound

ALGORITHM = "sha256"
"""No repository may be called so: `sha256:abc` must stay an id."""


class References:
    def __init__(self) -> None:
        self._ids: dict[Reference, str] = {}
        self._references: dict[str, set[Reference]] = {}

    def add_tag(self, reference: Reference, image_id: str) -> None:
        """Point the tag to `image_id`, whatever it pointed to before."""
        if reference.digest:
            raise InvalidParameter("refusing to create a tag with a digest reference")
        self._add(reference.tagged(), image_id)

    def add_digest(self, reference: Reference, image_id: str) -> None:
        """A digest that already points elsewhere is left alone, as by docker pull."""
        reference = _favor_digest(reference)
        known = self._ids.get(reference)
        if known is not None and known != image_id:
            raise Conflict(f"cannot overwrite digest {reference.digest}")
        self._add(reference, image_id)

    def _add(self, reference: Reference, image_id: str) -> None:
        if reference.familiar_name == ALGORITHM:
            raise InvalidParameter(
                "refusing to create an ambiguous tag using digest algorithm as name"
            )
        if reference in self._ids:
            self.delete(reference)
        self._ids[reference] = image_id
        self._references.setdefault(image_id, set()).add(reference)

    def delete(self, reference: Reference) -> None:
        """NotFound if there is no such reference."""
        reference = _favor_digest(reference).tagged()
        image_id = self._ids.pop(reference, None)
        if image_id is None:
            raise NotFound("reference does not exist")
        left = self._references[image_id]
        left.discard(reference)
        if not left:
            del self._references[image_id]

    def get(self, reference: Reference) -> str | None:
        """The image; a digest decides over a tag beside it."""
        return self._ids.get(_favor_digest(reference).tagged())

    def of(self, image_id: str) -> list[Reference]:
        """Every name of the image, in the order of their text."""
        return sorted(self._references.get(image_id, ()), key=str)

    def tags(self, image_id: str) -> list[str]:
        return [r.familiar for r in self.of(image_id) if r.tag]

    def digests(self, image_id: str) -> list[str]:
        return [r.familiar for r in self.of(image_id) if r.digest]

    def by_name(self, reference: Reference) -> list[tuple[Reference, str]]:
        """Every reference of the repository, with its image."""
        found = [(r, i) for r, i in self._ids.items() if r.name == reference.name]
        return sorted(found, key=lambda pair: str(pair[0]))


def _favor_digest(reference: Reference) -> Reference:
    return replace(reference, tag="") if reference.digest else reference

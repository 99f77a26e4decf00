"""`docker images`: which images a list shows, and what it says of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api_schema.images import ImageSummary
from api_schema.oci import Reference
from daemon.engine.images.image import Image
from daemon.engine.images.patterns import compiled
from daemon.engine.images.references import References
from daemon.engine.images.store import ImageStore

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Filters already read; times in nanoseconds."""

    all: bool = False
    dangling: bool | None = None
    before: int | None = None
    since: int | None = None
    labels: Callable[[dict[str, str] | None], bool] = lambda labels: True
    patterns: tuple[str, ...] = ()
    shared_size: bool = False


class Listing:
    """`containers` counts the users of each image."""

    def __init__(
        self, images: ImageStore, references: References, containers: Mapping[str, int]
    ) -> None:
        self._images = images
        self._references = references
        self._containers = containers

    def summaries(self, options: ListOptions) -> list[ImageSummary]:
        """Newest first."""
        found = []
        for image in self._images:
            if self._is_in_time(image, options) and options.labels(image.labels):
                names = self._names(image, options)
                if names is not None:
                    found.append(self._summary(image, names, options.shared_size))
        return sorted(found, key=lambda summary: summary.created, reverse=True)

    def _is_in_time(self, image: Image, options: ListOptions) -> bool:
        created = image.created
        if options.before is not None and (created is None or created >= options.before):
            return False
        return options.since is None or (created is not None and created > options.since)

    def _names(self, image: Image, options: ListOptions) -> list[Reference] | None:
        """What the list shows as its names; None if it does not show the image at all."""
        has_children = bool(self._images.children(image.id))
        if options.dangling and has_children:
            return None
        names = [
            reference
            for reference in self._references.of(image.id)
            if not options.patterns or any(matches(p, reference) for p in options.patterns)
        ]
        if names:
            return None if options.dangling and any(n.tag for n in names) else names
        shown = (options.all or not has_children) and options.dangling is not False
        return names if shown and not options.patterns else None

    def _summary(self, image: Image, names: list[Reference], shared: bool) -> ImageSummary:
        return ImageSummary(
            containers=self._containers.get(image.id, 0),
            created=(image.created or 0) // SECOND,
            id=image.id,
            labels=image.labels,
            parent_id=image.parent,
            repo_digests=[n.familiar for n in names if n.digest],
            repo_tags=[n.familiar for n in names if n.tag],
            shared_size=self._images.shared_size(image) if shared else -1,
            size=self._images.size(image),
        )


def matches(pattern: str, reference: Reference) -> bool:
    """Against the familiar reference or its name."""
    expression = compiled(pattern)
    return bool(
        expression.fullmatch(reference.familiar) or expression.fullmatch(reference.familiar_name)
    )

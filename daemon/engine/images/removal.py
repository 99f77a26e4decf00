"""`docker rmi` and `docker image prune`: untag what may be untagged, delete what nothing needs any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from api_schema.images import ImageDeleteItem, ImagesPruneReport
from api_schema.oci import Reference
from daemon.engine.images.image import Image, short_id
from daemon.engine.images.references import References
from daemon.engine.images.store import ImageStore
from daemon.errors import Conflict, DockerError

Check = Literal["child", "running", "reference", "stopped"]
HARD: tuple[Check, ...] = ("child", "running")
"""Not even force removes an image despite these."""
ALL_CHECKS: tuple[Check, ...] = ("child", "running", "reference", "stopped")
WITHOUT_REFERENCES: tuple[Check, ...] = ("child", "running", "stopped")


class User(Protocol):
    """A container, as far as an image's removal asks."""

    @property
    def id(self) -> str: ...
    @property
    def image_id(self) -> str: ...
    @property
    def diff_ids(self) -> tuple[str, ...]: ...
    @property
    def is_running(self) -> bool: ...


class DeleteConflict(Conflict):
    """Why an image stays. `used`: a container needs it."""

    def __init__(self, image: Image, check: Check, text: str) -> None:
        force = "cannot be forced" if check in HARD else "must be forced"
        super().__init__(f"conflict: unable to delete {image.short_id} ({force}) - {text}")
        self.used = check in ("running", "stopped")


@dataclass(frozen=True, slots=True)
class PruneOptions:
    dangling: bool = True
    until: int | None = None
    labels: Callable[[dict[str, str] | None], bool] = lambda labels: True


class Removal:
    """`users` lists the containers; `tell` emits an image event."""

    def __init__(
        self,
        images: ImageStore,
        references: References,
        users: Callable[[], list[User]],
        tell: Callable[[str, str, str], None],
    ) -> None:
        self._images = images
        self._references = references
        self._users = users
        self._tell = tell

    def remove(
        self, image: Image, name: str, *, force: bool = False, prune: bool = True
    ) -> list[ImageDeleteItem]:
        """By id: the image, if it has one name at most. By name: that name, and then the image if it was the last."""
        records: list[ImageDeleteItem] = []
        by_name = not is_id_prefix(image.id, name)
        if by_name:
            self._check_name_may_go(image, name, force)
            if self._untag_name(image, Reference.parse(name).tagged(), records):
                return records
        elif is_single(self._references.of(image.id)):
            self._check(image, HARD if force else WITHOUT_REFERENCES)
            self._untag_all(image, records)
        self._delete(image, records, force=force, prune=prune, quiet=by_name)
        return records

    def _check_name_may_go(self, image: Image, name: str, force: bool) -> None:
        if force or not is_single(self._references.of(image.id)):
            return
        for user in self._users():
            if user.image_id == image.id:
                raise Conflict(
                    f'conflict: unable to remove repository reference "{name}" (must force) - container '
                    f"{short_id(user.id)} is using its referenced image {image.short_id}"
                )

    def _untag_name(
        self, image: Image, reference: Reference, records: list[ImageDeleteItem]
    ) -> bool:
        """True if the image still has names. Digests of a repository go with its last tag."""
        self._untag(image, reference, records)
        left = self._references.of(image.id)
        same = [other for other in left if other.name == reference.name]
        if not reference.digest and not any(other.tag for other in same):
            for other in same:
                self._references.delete(other)
                records.append(ImageDeleteItem(untagged=other.familiar))
            left = [other for other in left if other not in same]
        return bool(left)

    def _untag(self, image: Image, reference: Reference, records: list[ImageDeleteItem]) -> None:
        self._references.delete(reference)
        self._tell("untag", image.id, image.id)
        records.append(ImageDeleteItem(untagged=reference.familiar))

    def _untag_all(self, image: Image, records: list[ImageDeleteItem]) -> None:
        for reference in self._references.of(image.id):
            self._untag(image, reference, records)

    def _delete(
        self, image: Image, records: list[ImageDeleteItem], *, force: bool, prune: bool, quiet: bool
    ) -> None:
        """Then its parents, while nothing needs them. `quiet`: a conflict just leaves the image."""
        try:
            self._check(image, HARD if force else ALL_CHECKS)
        except DeleteConflict as conflict:
            if quiet and (not self._is_dangling(image) or conflict.used):
                return
            raise
        parent = self._images.get(image.parent)
        self._untag_all(image, records)
        removed = self._images.remove(image, {user.diff_ids for user in self._users()})
        self._tell("delete", image.id, image.id)
        records += [ImageDeleteItem(deleted=id) for id in (image.id, *removed)]
        if prune and parent is not None:
            self._delete(parent, records, force=False, prune=True, quiet=True)

    def _is_dangling(self, image: Image) -> bool:
        return not self._references.of(image.id) and not self._images.children(image.id)

    def _check(self, image: Image, checks: tuple[Check, ...]) -> None:
        """Raise the first conflict, in dockerd's order."""
        users = [user for user in self._users() if user.image_id == image.id]
        running = next((user for user in users if user.is_running), None)
        stopped = next((user for user in users if not user.is_running), None)
        findings: dict[Check, str | None] = {
            "child": "image has dependent child images"
            if self._images.children(image.id)
            else None,
            "running": f"image is being used by running container {short_id(running.id)}"
            if running
            else None,
            "reference": "image is referenced in multiple repositories"
            if self._references.of(image.id)
            else None,
            "stopped": f"image is being used by stopped container {short_id(stopped.id)}"
            if stopped
            else None,
        }
        for check in checks:
            text = findings[check]
            if text is not None:
                raise DeleteConflict(image, check, text)

    def prune(self, options: PruneOptions) -> ImagesPruneReport:
        """Dangling images, or with `dangling` False every image that no container uses."""
        sizes = self._images.chain_sizes()
        deleted: list[ImageDeleteItem] = []
        for image in [image for image in self._images if self._is_pruned(image, options)]:
            deleted += self._remove_quietly(image, options.dangling)
        reclaimed = sum(sizes.get(item.deleted, 0) for item in deleted)
        return ImagesPruneReport(images_deleted=deleted or None, space_reclaimed=reclaimed)

    def _is_pruned(self, image: Image, options: PruneOptions) -> bool:
        children = self._images.children(image.id)
        if children and (options.dangling or not self._references.of(image.id)):
            return False
        if options.until is not None and (image.created is None or image.created > options.until):
            return False
        return options.labels(image.labels)

    def _remove_quietly(self, image: Image, dangling: bool) -> list[ImageDeleteItem]:
        names = self._references.of(image.id)
        if dangling and any(name.tag for name in names):
            return []
        deleted: list[ImageDeleteItem] = []
        for name in [str(n) for n in names] or [image.id.partition(":")[2]]:
            if self._images.get(image.id) is not None:
                try:
                    deleted += self.remove(image, name)
                except DockerError:
                    continue
        return deleted


def is_id_prefix(image_id: str, name: str) -> bool:
    return image_id.startswith(name) or image_id.partition(":")[2].startswith(name)


def is_single(references: list[Reference]) -> bool:
    """One repository, with one tag at most; digests beside the tag do not count."""
    if len(references) <= 1:
        return len(references) == 1
    tags = [reference for reference in references if not reference.digest]
    repositories = {reference.name for reference in references if reference.digest}
    if len(tags) > 1 or len(repositories) != 1:
        return False
    return not tags or tags[0].name in repositories

"""The classic builder's cache: an image made before from the same parent by the same command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daemon.engine.images.image import Image
from daemon.engine.images.store import ImageStore

COMPARED = (
    "OpenStdin",
    "AttachStderr",
    "AttachStdout",
    "User",
    "Tty",
    "Cmd",
    "Env",
    "Labels",
    "ExposedPorts",
    "Entrypoint",
    "Volumes",
    "Healthcheck",
    "Shell",
)
"""The members of a container's config that make two of them the same step."""

ORDERED = ("Cmd", "Entrypoint", "Shell")


class ClassicCache:
    """One stage's look into the cache: after the first miss it is not asked again."""

    def __init__(self, images: ImageStore, cache_from: Sequence[Image], *, ignore: bool) -> None:
        self._images = images
        self._cache_from = cache_from
        self._ignore = ignore
        self._missed = False

    def reset(self) -> None:
        """A new stage begins."""
        self._missed = False

    def find(self, parent: str, config: Mapping[str, Any]) -> Image | None:
        """The newest child of `parent` whose container had this config."""
        if self._ignore or self._missed:
            return None
        found = self._local(parent, config)
        self._missed = found is None
        return found

    def _local(self, parent: str, config: Mapping[str, Any]) -> Image | None:
        newest: Image | None = None
        for identity in self._images.children(parent):
            image = self._images.get(identity)
            if image is None or not same(image.document.get("container_config") or {}, config):
                continue
            if newest is None or (image.created or 0) >= (newest.created or 0):
                newest = image
        return newest


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two configs are of the same step. Empty and absent are alike."""
    return all(_member(one, name) == _member(other, name) for name in COMPARED)


def _member(config: Mapping[str, Any], name: str) -> object:
    value = config.get(name) or None
    return sorted(value) if isinstance(value, list) and name not in ORDERED else value

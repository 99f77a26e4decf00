"""The classic builder's cache: an image made before from the same parent by the same command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api_schema.oci import encode
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

    def __init__(
        self, images: ImageStore, cache_from: Sequence[Image] | None = None, *, ignore: bool
    ) -> None:
        """`cache_from` None takes any image that is here."""
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
        if self._cache_from is not None:
            found = self._from_sources(found, parent, config)
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

    def _from_sources(
        self, local: Image | None, parent: str, config: Mapping[str, Any]
    ) -> Image | None:
        """An ancestor of a source, a source itself, or the part of a source that this step made."""
        sources = self._cache_from or ()
        if local and any(self._descends(source, local.id) for source in sources):
            return local
        below = self._images.get(parent) if parent else None
        for source in sources:
            if found := self._step_of(source, below, config):
                return found
        return None

    def _descends(self, image: Image, ancestor: str) -> bool:
        while image.parent:
            if image.parent == ancestor:
                return True
            above = self._images.get(image.parent)
            if above is None:
                return False
            image = above
        return False

    def _step_of(
        self, source: Image, below: Image | None, config: Mapping[str, Any]
    ) -> Image | None:
        history, known = source.config.history or [], (below.config.history or []) if below else []
        layers = below.diff_ids if below else ()
        count = len(known)
        if len(history) <= count or history[:count] != known:
            return None
        if source.diff_ids[: len(layers)] != layers:
            return None
        if " ".join(config.get("Cmd") or ()) != history[count].created_by:
            return None
        if len(history) == count + 1:
            if below:
                self._images.set_parent(source, below.id)
            return source
        return self._restored(source, below, config)

    def _restored(self, source: Image, below: Image | None, config: Mapping[str, Any]) -> Image:
        """The image after one more step of a source that came without its intermediate images."""
        count = len(below.config.history or ()) + 1 if below else 1
        history = source.document["history"][:count]
        layers = sum(not entry.get("empty_layer") for entry in history)
        document = {
            "architecture": source.config.architecture,
            "config": dict(config),
            "container_config": dict(config),
            "created": history[-1].get("created"),
            "history": history,
            "os": source.os,
            "rootfs": {"type": "layers", "diff_ids": list(source.diff_ids[:layers])},
        }
        image = self._images.add(Image.from_json(encode(document)))
        if below:
            self._images.set_parent(image, below.id)
        return image


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two configs are of the same step. Empty and absent are alike."""
    return all(_member(one, name) == _member(other, name) for name in COMPARED)


def _member(config: Mapping[str, Any], name: str) -> object:
    value = config.get(name) or None
    return sorted(value) if isinstance(value, list) and name not in ORDERED else value

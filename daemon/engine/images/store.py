"""All images of a daemon, by id, with their family and the layers that they hold."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator

from daemon.engine.images.image import Image
from daemon.errors import NotFound, System
from daemon.fs.layers import LayerStore, chain_id


def chains(diff_ids: tuple[str, ...]) -> list[str]:
    """The chain id of every prefix, from the bottom up."""
    return [chain_id(diff_ids[:count]) for count in range(1, len(diff_ids) + 1)]


CONTENT = "/var/lib/docker/image/overlay2/imagedb/content"
"""Where a real engine keeps configs; its refusal names the file."""


def no_config(image_id: str) -> NotFound:
    """What dockerd says where it takes an image for granted that is not there."""
    algorithm, _, encoded = image_id.partition(":")
    place = f"{CONTENT}/{algorithm}/{encoded}"
    return NotFound(f"failed to get digest {image_id}: open {place}: no such file or directory")


class ImageStore:
    """A layer lives as long as one image needs it. Chains are counted too: dockerd names a layer by its chain."""

    def __init__(self, layers: LayerStore) -> None:
        self.layers = layers
        self._images: dict[str, Image] = {}
        self._children: dict[str, set[str]] = {}
        self._chains: Counter[str] = Counter()
        self._diff_ids: dict[str, str] = {}

    def __iter__(self) -> Iterator[Image]:
        return iter(list(self._images.values()))

    def __len__(self) -> int:
        return len(self._images)

    def get(self, image_id: str) -> Image | None:
        return self._images.get(image_id)

    def search(self, prefix: str) -> Image | None:
        """By the start of an id, with or without algorithm; None if that fits no image or several."""
        exact = self._images.get(prefix)
        if exact is not None:
            return exact
        wanted = prefix if ":" in prefix else f"sha256:{prefix}"
        found = [image for image_id, image in self._images.items() if image_id.startswith(wanted)]
        return found[0] if len(found) == 1 and prefix else None

    def add(self, image: Image) -> Image:
        """Keep it, and its layers; an image that is here already is returned as it is.

        System if its history tells of more layers than it has.
        """
        known = self._images.get(image.id)
        if known is not None:
            return known
        filled = [entry for entry in image.config.history or () if not entry.empty_layer]
        if len(filled) > len(image.diff_ids):
            raise System("too many non-empty layers in History section")
        for diff_id in image.diff_ids:
            self.layers.retain(diff_id)
        for chain, diff_id in zip(chains(image.diff_ids), image.diff_ids, strict=True):
            self._chains[chain] += 1
            self._diff_ids[chain] = diff_id
        self._images[image.id] = image
        return image

    @contextlib.contextmanager
    def keeping(self) -> Iterator[Callable[[str], None]]:
        """Inside, layers that are handed to what this yields stay, although no image has them yet."""
        kept: list[str] = []

        def keep(diff_id: str) -> None:
            self.layers.retain(diff_id)
            kept.append(diff_id)

        try:
            yield keep
        finally:
            for diff_id in kept:
                self.layers.release(diff_id)

    def set_parent(self, image: Image, parent_id: str) -> None:
        image.parent = parent_id
        self._children.setdefault(parent_id, set()).add(image.id)

    def children(self, image_id: str) -> set[str]:
        return self._children.get(image_id, set())

    def remove(self, image: Image, held: Collection[tuple[str, ...]] = ()) -> list[str]:
        """Returns the chain ids of the layers that went with it, from the top down; a container's stay, `held`."""
        del self._images[image.id]
        for child in self._children.pop(image.id, set()):
            self._images[child].parent = ""
        self._children.get(image.parent, set()).discard(image.id)
        staying = {chain for diff_ids in held for chain in chains(diff_ids)}
        removed = []
        for chain in reversed(chains(image.diff_ids)):
            self._chains[chain] -= 1
            if not self._chains[chain]:
                del self._chains[chain], self._diff_ids[chain]
                removed += [] if chain in staying else [chain]
        for diff_id in image.diff_ids:
            self.layers.release(diff_id)
        return removed

    def has_chain(self, chain: str) -> bool:
        return chain in self._chains

    def chain_users(self, chain: str) -> int:
        """How many images stand on this stack of layers."""
        return self._chains[chain]

    def size(self, image: Image) -> int:
        """What the files of all its layers hold."""
        return sum(self.layers.get(diff_id).size for diff_id in image.diff_ids)

    def shared_size(self, image: Image) -> int:
        """The part of it that another image has as well."""
        stack = zip(chains(image.diff_ids), image.diff_ids, strict=True)
        return sum(self.layers.get(d).size for chain, d in stack if self._chains[chain] > 1)

    def layers_size(self) -> int:
        """Every layer once, as /system/df counts them."""
        return sum(self.layers.get(diff_id).size for diff_id in self._diff_ids.values())

    def chain_sizes(self) -> dict[str, int]:
        return {chain: self.layers.get(d).size for chain, d in self._diff_ids.items()}

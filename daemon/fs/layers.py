"""Image layers: tars taken in once, kept byte for byte, and stacked into the trees that containers start from."""

import errno
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from daemon.fs.compression import decompressed
from daemon.fs.content import Content, Spool, SpoolWriter
from daemon.fs.layer_tree import LayerTree, layer_size, merge, read_layer, with_init_layer
from daemon.fs.nodes import Directory
from daemon.fs.overlay import MergedTree, OverlayTree
from daemon.fs.streams import ContentReader, Readable
from daemon.fs.tarread import CUT, ArchiveError, Entry, has_end
from daemon.fs.tree import Quota

SIZE_LIMIT = 16 << 30
"""How large an uncompressed layer may be: what ends a decompression bomb."""


@dataclass(eq=False, slots=True)
class Layer:
    """One layer. `size` is what its files hold, `tar_size` the length of the uncompressed tar."""

    diff_id: str
    tree: LayerTree
    archive: Content
    size: int
    tar_size: int
    references: int = 0


class LayerStore:
    """All layers of a daemon, by diff id. Contents stay in the layer's tar, in `spool`, and are never copied."""

    def __init__(
        self, now: Callable[[], int], *, spool: Spool | None = None, size_limit: int = SIZE_LIMIT
    ) -> None:
        self.now = now
        self.spool = spool or Spool()
        self._size_limit = size_limit
        self._numbers = itertools.count(2)
        self._layers: dict[str, Layer] = {}
        self._merged: dict[str, MergedTree] = {}
        self._rooted: dict[str, MergedTree] = {}

    def add_tar(self, stream: Readable) -> Layer:
        """Take in a layer's tar, plain or compressed; raises ArchiveError and keeps nothing if it is bad."""
        return self._add(decompressed(stream), lambda: None)

    def commit(self, overlay: OverlayTree) -> Layer:
        """The layer of what a container changed."""
        packing = overlay.packing()
        return self._add(packing.chunks(), lambda: packing.entries)

    def _add(self, chunks: Iterator[bytes], entries: Callable[[], list[Entry] | None]) -> Layer:
        digest = hashlib.sha256()
        archive, broken = self._spooled(chunks, digest.update)
        diff_id = "sha256:" + digest.hexdigest()
        known = self._layers.get(diff_id)
        if known is not None:
            return known
        try:
            tree = read_layer(archive, self._numbers, self.now(), self.spool, entries())
        except ArchiveError as error:
            # The tar may be wrong before it breaks off; only that it does is the packing's fault.
            raise (broken if broken and str(error) == CUT else error) from error
        if broken is not None and not has_end(archive):
            raise broken
        layer = Layer(diff_id, tree, archive, layer_size(tree.root), archive.size)
        self._layers[diff_id] = layer
        return layer

    def get(self, diff_id: str) -> Layer:
        """KeyError if there is no such layer."""
        return self._layers[diff_id]

    def __contains__(self, diff_id: str) -> bool:
        return diff_id in self._layers

    def open_tar(self, diff_id: str) -> ContentReader:
        """The uncompressed tar, byte for byte as it came."""
        return ContentReader(self._layers[diff_id].archive)

    def tar_bytes(self, diff_id: str) -> bytes:
        """The same, whole; for small layers."""
        return self.open_tar(diff_id).read()

    def retain(self, diff_id: str) -> None:
        """One more image or container needs the layer."""
        self._layers[diff_id].references += 1

    def release(self, diff_id: str) -> None:
        """One fewer; the last one deletes it. Trees already made of it live on with their containers."""
        layer = self._layers[diff_id]
        layer.references -= 1
        if layer.references <= 0:
            del self._layers[diff_id]
            for cache in (self._merged, self._rooted):
                for chain in [c for c, tree in cache.items() if diff_id in tree.diff_ids]:
                    del cache[chain]

    def merged(self, diff_ids: tuple[str, ...]) -> MergedTree:
        """The image's filesystem; made once per chain, sharing all that a layer leaves alone."""
        chain = chain_id(diff_ids)
        found = self._merged.get(chain)
        if found is None:
            found = self._merged[chain] = self._stack(diff_ids, chain)
        return found

    def container_root(self, diff_ids: tuple[str, ...]) -> MergedTree:
        """The same with dockerd's init layer on top: mount points and /etc/hosts and the like, empty."""
        chain = chain_id(diff_ids)
        found = self._rooted.get(chain)
        if found is None:
            image = self.merged(diff_ids)
            root = with_init_layer(image.root, self._numbers, self.now())
            found = MergedTree(root, chain + "-init", next(self._numbers), diff_ids)
            self._rooted[chain] = found
        return found

    def overlay(self, diff_ids: tuple[str, ...], *, quota: Quota | None = None) -> OverlayTree:
        """A new container's filesystem over these layers."""
        return OverlayTree(self.container_root(diff_ids), self.spool, self.now, quota=quota)

    def close(self) -> None:
        """Delete every spooled content."""
        self.spool.close()

    def _spooled(
        self, chunks: Iterator[bytes], watch: Callable[[bytes], None]
    ) -> tuple[Content, ArchiveError | None]:
        """All that could be read, and why it was not more: nothing need be wrong with the tar in it."""
        broken: ArchiveError | None = None
        writer = SpoolWriter(self.spool, self._size_limit)
        try:
            for chunk in chunks:
                watch(chunk)
                writer.write(chunk)
        except ArchiveError as error:
            broken = error
        except OSError as error:
            raise ArchiveError(os.strerror(error.errno or errno.EIO).lower()) from error
        finally:
            writer.close()
        return writer.content(), broken

    def _stack(self, diff_ids: tuple[str, ...], chain: str) -> MergedTree:
        if not diff_ids:
            empty = Directory(next(self._numbers), 0o755, 0, 0, self.now())
            return MergedTree(empty, chain, next(self._numbers), ())
        top = self._layers[diff_ids[-1]]
        below = self.merged(diff_ids[:-1]).root if len(diff_ids) > 1 else None
        return MergedTree(merge(below, top.tree), chain, next(self._numbers), diff_ids)


def chain_id(diff_ids: tuple[str, ...]) -> str:
    """OCI's chain id of a stack of layers; empty for none."""
    chain = ""
    for diff_id in diff_ids:
        pair = f"{chain} {diff_id}".encode()
        chain = "sha256:" + hashlib.sha256(pair).hexdigest() if chain else diff_id
    return chain

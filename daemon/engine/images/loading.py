"""`docker load`: images out of a tar that `docker save`, or another OCI tool, has written."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from pydantic import ValidationError

from api_schema import go_json
from api_schema.base import shape_for
from api_schema.go_shapes import List, Path
from api_schema.images import SavedImage
from api_schema.oci import InvalidReference, Platform, Reference
from daemon.engine.images import platforms, progress
from daemon.engine.images.image import Image, short_id
from daemon.engine.images.references import References
from daemon.engine.images.store import ImageStore
from daemon.errors import InvalidParameter, System
from daemon.fs.compression import MAGIC_SIZE, decompressed, is_packed
from daemon.fs.layers import SIZE_LIMIT
from daemon.fs.streams import Readable
from daemon.fs.tarread import ArchiveError

DOCUMENT_BYTES_MAX = 64 << 20
"""dockerd has no limit for a manifest or a config; what is parsed here costs several times its size in memory."""
_LINKS_MAX = 10
_ITEMS = List("[]tarexport.manifestItem", shape_for(SavedImage))
SPOOL_BEYOND = 8 << 20
READ_AT_ONCE = 32 << 10
UNPACKED = "/var/lib/docker/tmp/docker-import-1402861507"
"""Where dockerd would have unpacked the tar; a refusal names a file in it."""
_NO_MANIFEST = f"open {UNPACKED}/repositories: no such file or directory"


@contextlib.contextmanager
def _plain(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The tar itself: it is read back and forth, which a compressed stream is not made for."""
    packed = is_packed(file.read(MAGIC_SIZE))
    file.seek(0)
    if not packed:
        yield file
        return
    with tempfile.SpooledTemporaryFile(SPOOL_BEYOND) as spool:
        broken = _unpacked(file, spool)
        spool.seek(0)
        try:
            yield spool
        except tarfile.ReadError as error:
            raise broken or error from error


def _unpacked(file: IO[bytes], spool: IO[bytes]) -> ArchiveError | None:
    """Why that was not all; what came out may be a whole tar nevertheless."""
    chunks = decompressed(file)
    while True:
        try:
            chunk = next(chunks, b"")
        except ArchiveError as error:
            return error
        if not chunk:
            return None
        if spool.tell() + len(chunk) > SIZE_LIMIT:
            raise ArchiveError(os.strerror(errno.ENOSPC).lower())
        spool.write(chunk)


class Loading:
    """One load. What was loaded before an error stays, as with dockerd."""

    def __init__(
        self,
        images: ImageStore,
        references: References,
        emit: progress.Emit,
        tell: Callable[[str, str, str], None],
        *,
        now: Callable[[], float],
        platform: Platform | None = None,
        quiet: bool = True,
    ) -> None:
        self._images = images
        self._references = references
        self._emit = emit
        self._tell = tell
        self._now = now
        self._platform = platform
        self._quiet = quiet

    def run(self, file: IO[bytes]) -> None:
        """Raises a DockerError in the words of Go's archive/tar and of dockerd."""
        try:
            with _plain(file) as plain, tarfile.open(fileobj=plain, mode="r:") as archive:
                self._load(Layout(archive))
        except tarfile.ReadError as error:
            text = str(error)
            if text == "empty file":
                raise System(_NO_MANIFEST) from error
            raise System(
                "unexpected EOF" if "end of data" in text else "archive/tar: invalid tar header"
            ) from error

    def _load(self, layout: Layout) -> None:
        if layout.is_legacy:
            layout.check_legacy()
            return
        parents: list[tuple[Image, str]] = []
        is_named = False
        for item in layout.manifest():
            image = self._load_image(layout, item)
            if image is None:
                continue
            is_named = self._name(image, item.repo_tags or [])
            parents.append((image, item.parent))
            self._tell("load", image.id, image.id)
        self._set_parents(parents)
        # The last one decides whether ids are told, and then those of all are, in one message.
        if not is_named:
            ids = "".join(f"Loaded image ID: {image.id}\n" for image, _ in parents)
            self._emit({"stream": ids} if ids else {})

    def _load_image(self, layout: Layout, item: SavedImage) -> Image | None:
        image = Image.from_json(layout.read(item.config))
        if image.os != "linux":
            raise System(f"cannot load {image.os} image on linux")
        if self._platform and not platforms.is_same(self._platform, image.platform):
            return None
        paths = item.layers or []
        if len(paths) != len(image.diff_ids):
            raise System(
                "invalid manifest, layers length mismatch: "
                f"expected {len(paths)}, got {len(image.diff_ids)}"
            )
        with self._images.keeping() as keep:
            for number, (path, expected) in enumerate(zip(paths, image.diff_ids, strict=True)):
                if expected not in self._images.layers:
                    self._load_layer(layout, number, path, expected, keep)
                keep(expected)
            return self._images.add(image)

    def _load_layer(
        self,
        layout: Layout,
        number: int,
        path: str,
        expected: str,
        keep: Callable[[str], None],
    ) -> None:
        with layout.open(path) as file:
            try:
                actual = self._images.layers.add_tar(
                    self._shown(file, expected, layout.size)
                ).diff_id
            except ArchiveError as error:
                raise System(str(error)) from error
        keep(actual)
        if actual != expected:
            raise System(
                f'invalid diffID for layer {number}: expected "{expected}", got "{actual}"'
            )

    def _shown(self, file: IO[bytes], diff_id: str, size: int) -> Readable:
        if self._quiet:
            return file
        return _Shown(file, self._emit, self._now, short_id(diff_id), size)

    def _name(self, image: Image, tags: list[str]) -> bool:
        for tag in tags:
            try:
                reference = Reference.parse(tag)
            except InvalidReference as error:
                raise System(str(error)) from error
            if not reference.tag:
                raise System(f'invalid tag "{tag}"')
            previous = self._references.get(reference)
            if previous not in (None, image.id):
                self._emit(
                    {
                        "stream": f"The image {reference.familiar} already exists, renaming the old one with ID "
                        f"{previous} to empty string\n"
                    }
                )
            # dockerd tells of a name that it cannot give as of any other.
            with contextlib.suppress(InvalidParameter):
                self._references.add_tag(reference, image.id)
            self._emit({"stream": f"Loaded image: {reference.familiar}\n"})
        return bool(tags)

    def _set_parents(self, links: list[tuple[Image, str]]) -> None:
        """Only parents that came in the same tar."""
        loaded = {image.id for image, _ in links}
        for image, parent in links:
            if parent in loaded and parent != image.id:
                self._images.set_parent(image, parent)


class _Shown:
    """A layer's tar that says how much of it has been read."""

    def __init__(
        self, file: IO[bytes], emit: progress.Emit, now: Callable[[], float], id: str, size: int
    ) -> None:
        self._file = file
        self._meter = progress.Meter(emit, now, "Loading layer", id, size)
        self._ahead = b""

    def read(self, size: int = -1, /) -> bytes:
        """As dockerd reads: in small pieces, and the end is told once more."""
        if not self._ahead:
            self._ahead = self._file.read(READ_AT_ONCE)
            if self._ahead:
                self._meter.add(len(self._ahead))
            else:
                self._meter.tell()
        size = size if size >= 0 else READ_AT_ONCE
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data


class Layout:
    """The files of such a tar, found by path however they are linked to each other."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members = {_clean(_inside(member.name)): member for member in archive}
        self.size = 0
        """Of the file opened last."""

    @property
    def is_legacy(self) -> bool:
        """Written by an engine before 1.10, of whose images nothing is known here."""
        names = ("manifest.json", "index.json")
        return "repositories" in self._members and not any(n in self._members for n in names)

    def check_legacy(self) -> None:
        document = self._json("repositories")
        for tags in document.values() if isinstance(document, dict) else ():
            for id in tags.values() if isinstance(tags, dict) else ():
                raise System(f"open {UNPACKED}/{id}/json: no such file or directory")

    def manifest(self) -> list[SavedImage]:
        """manifest.json; for a layout without one the same is made of index.json."""
        if self._followed("manifest.json") in self._members:
            document = self._json("manifest.json")
        else:
            document = self._of_index()
        if document is None:
            raise System("invalid manifest, manifest cannot be null (but can be [])")
        try:
            return [SavedImage.model_validate(item) for item in _ITEMS.read(document, Path(""))]
        except go_json.GoDecodeError as error:
            raise System(str(error)) from error

    def _of_index(self) -> list[dict[str, Any]]:
        try:
            entries = (
                self._json("index.json")["manifests"] if "index.json" in self._members else None
            )
            if entries is not None:
                return [self._item(entry) for entry in entries]
        except (LookupError, TypeError, AttributeError, ValidationError):
            pass  # no index that says anything
        raise System(_NO_MANIFEST)

    def _item(self, descriptor: dict[str, Any]) -> dict[str, Any]:
        manifest = self._json(_blob(descriptor["digest"]))
        if "manifests" in manifest:
            return self._item(_suitable(manifest["manifests"]))
        name = (descriptor.get("annotations") or {}).get("io.containerd.image.name")
        return {
            "Config": _blob(manifest["config"]["digest"]),
            "Layers": [_blob(layer["digest"]) for layer in manifest["layers"]],
            "RepoTags": [name] if name else [],
        }

    def _json(self, path: str) -> Any:  # noqa: ANN401 - any JSON value
        try:
            return go_json.parse(self.read(path), alone=False)
        except go_json.GoDecodeError as error:
            raise System(str(error)) from error

    def read(self, path: str) -> bytes:
        """A document; raises System if it is missing or absurdly large."""
        with self.open(path) as file:
            data = file.read(DOCUMENT_BYTES_MAX + 1)
        if len(data) > DOCUMENT_BYTES_MAX:
            raise System(f"{path}: file too large")
        return data

    def open(self, path: str) -> IO[bytes]:
        place = posixpath.normpath(f"{UNPACKED}/{path}")
        if place == UNPACKED:
            raise System(f"read {UNPACKED}: is a directory")
        if not place.startswith(f"{UNPACKED}/"):
            raise System(f"evalSymlinksInScope: {place} is not in {UNPACKED}")
        found = self._followed(_clean(path))
        member = self._members.get(found)
        if found == "." or (member and member.isdir()):
            raise System(f"read {posixpath.join(UNPACKED, found)}: is a directory")
        file = self._archive.extractfile(member) if member is not None else None
        if member is None or file is None:
            raise System(f"open {UNPACKED}/{found}: no such file or directory")
        self.size = member.size
        return file

    def _followed(self, path: str) -> str:
        """Layers are sometimes links to each other; a link never leaves the archive."""
        at, todo, links = "", path.split("/")[::-1], 0
        while todo:
            above, at = at, _clean(posixpath.join(at, todo.pop()))
            member = self._members.get(at)
            if member is None or not (member.issym() or member.islnk()):
                continue
            links += 1
            if links > _LINKS_MAX:
                raise System(f"evalSymlinksInScope: too many links in {UNPACKED}/{path}")
            at = "" if member.islnk() or member.linkname.startswith("/") else above
            todo += member.linkname.split("/")[::-1]
        return at or "."


def _suitable(entries: list[dict[str, Any]]) -> dict[str, Any]:
    for entry in entries:
        offered = Platform.model_validate(entry.get("platform") or {})
        if platforms.fits(platforms.HOST, offered):
            return entry
    raise System("no suitable image in the index")


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _inside(name: str) -> str:
    """The name of an entry that does not lead out."""
    if posixpath.normpath(name.lstrip("/")).split("/")[0] == "..":
        raise System(f'invalid entry name "{name}"')
    return name


def _clean(path: str) -> str:
    return posixpath.normpath("/" + path).lstrip("/")

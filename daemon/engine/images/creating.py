"""New images: what a container has become (`docker commit`), or a bare filesystem (`docker import`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from api_schema.oci import Platform, encode
from daemon.engine.images import platforms
from daemon.engine.images.image import Image
from daemon.engine.images.legacy import go_config
from daemon.engine.images.store import ImageStore, no_config
from daemon.errors import InvalidParameter, System
from daemon.fs.tarread import ArchiveError

EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
"""The diff id of a tar of nothing: 1024 zero bytes."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What becomes of a container, on top of `image_id` ("" for nothing). Configs have Docker's member names."""

    container_id: str
    image_id: str
    container_config: Mapping[str, Any]
    config: Mapping[str, Any]
    layer: IO[bytes]
    author: str = ""
    comment: str = ""


class Creating:
    """`created` is the time of the new image, in Go's spelling."""

    def __init__(self, images: ImageStore, created: str, engine_version: str) -> None:
        self._images = images
        self._created = created
        self._engine_version = engine_version

    def commit(self, commit: Commit) -> Image:
        parent = self._parent(commit.image_id)
        with self._images.keeping() as keep:
            layer = self._register(commit.layer)
            keep(layer)
            return self._add_child(parent, commit, layer)

    def _add_child(self, parent: Image | None, commit: Commit, layer: str) -> Image:
        diff_ids = list(parent.diff_ids) if parent else []
        if layer != EMPTY_LAYER:
            diff_ids.append(layer)
        history = {
            "created": self._created,
            "created_by": " ".join(commit.container_config.get("Cmd") or ()),
            "author": commit.author,
            "comment": commit.comment,
            "empty_layer": layer == EMPTY_LAYER,
        }
        document = {
            "architecture": parent.config.architecture if parent else platforms.HOST.architecture,
            "author": commit.author,
            "config": go_config(dict(commit.config)),
            "container": commit.container_id,
            "container_config": go_config(dict(commit.container_config)),
            "history": [*_history(parent), _without_zero(history)],
            "os": parent.os if parent else platforms.HOST.os,
            "os.version": parent.config.os_version if parent else "",
            "variant": parent.config.variant if parent else "",
        }
        image = self._add(document, diff_ids)
        if parent and image.id != parent.id:
            self._images.set_parent(image, parent.id)
        return image

    def _parent(self, image_id: str) -> Image | None:
        parent = self._images.get(image_id)
        if parent is None and image_id:
            raise no_config(image_id)
        return parent

    def import_(
        self, file: IO[bytes], config: Mapping[str, Any], comment: str, platform: Platform | None
    ) -> Image:
        platform = platform or platforms.HOST
        if platform.os != "linux":
            raise InvalidParameter("operating system is not supported")
        with self._images.keeping() as keep:
            layer = self._register(file)
            keep(layer)
            return self._add(self._imported(config, comment, platform), [layer])

    def _imported(
        self, config: Mapping[str, Any], comment: str, platform: Platform
    ) -> dict[str, Any]:
        return {
            "architecture": platform.architecture,
            "comment": comment,
            "config": go_config(dict(config)),
            "container_config": go_config({}),
            "history": [_without_zero({"created": self._created, "comment": comment})],
            "os": platform.os,
            "variant": platform.variant,
        }

    def _register(self, file: IO[bytes]) -> str:
        try:
            return self._images.layers.add_tar(file).diff_id
        except ArchiveError as error:
            raise System(str(error)) from error

    def _add(self, document: dict[str, Any], diff_ids: list[str]) -> Image:
        document = _without_zero(document) | {
            "created": self._created,
            "docker_version": self._engine_version,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
        return self._images.add(Image.from_json(encode(dict(sorted(document.items())))))


def _history(parent: Image | None) -> list[Any]:
    return list(parent.document.get("history") or ()) if parent else []


def _without_zero(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value}

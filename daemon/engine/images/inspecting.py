"""`docker image inspect` and `docker history`: what is known of one image."""

from __future__ import annotations

import hashlib
from typing import Any

from api_schema.go_time import go_time, parse_go_time
from api_schema.images import (
    GraphDriver,
    ImageHistoryItem,
    ImageInspect,
    ImageMetadata,
    ImageRootFs,
)
from daemon.engine.images.image import Image
from daemon.engine.images.legacy import container_config
from daemon.engine.images.references import References
from daemon.engine.images.store import ImageStore, chains

SECOND = 1_000_000_000
DRIVER = "overlay2"
DATA_ROOT = "/var/lib/docker"

# The members of an OCI image's config, each left out while it is empty; then what dockerd adds although it is empty.
_OCI_MEMBERS = ("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "ArgsEscaped", "Healthcheck", "OnBuild", "Shell")  # fmt: skip
_ALWAYS: dict[str, Any] = {
    "Cmd": None,
    "Entrypoint": None,
    "Env": None,
    "Labels": None,
    "OnBuild": None,
    "User": "",
    "Volumes": None,
    "WorkingDir": "",
}


class Inspecting:
    def __init__(self, images: ImageStore, references: References) -> None:
        self._images = images
        self._references = references

    def inspect(self, image: Image) -> ImageInspect:
        config = image.config
        last = config.history[-1].comment if config.history else ""
        return ImageInspect(
            id=image.id,
            repo_tags=self._references.tags(image.id),
            repo_digests=self._references.digests(image.id),
            parent=image.parent,
            comment=config.comment or last,
            created=go_time(image.created) if image.created is not None else "",
            container=config.container,
            container_config=container_config(image),
            docker_version=config.docker_version,
            author=config.author,
            architecture=config.architecture,
            variant=config.variant,
            os=image.os,
            os_version=config.os_version,
            size=self._images.size(image),
            graph_driver=graph_driver(image.diff_ids),
            root_fs=ImageRootFs(
                type=config.rootfs.type if config.rootfs else "",
                layers=list(image.diff_ids) or None,
            ),
            metadata=ImageMetadata(last_tag_time=go_time(image.last_tag_time)),
            config=_shown_config(image.container_config),
        )

    def history(self, image: Image) -> list[ImageHistoryItem]:
        """Newest first; only images that are here have an id, the steps before them are `<missing>`."""
        items = self._steps(image)
        items.reverse()
        owner: Image | None = image
        for item in items:
            if owner is None:
                break
            item.id = owner.id
            item.tags = self._references.tags(owner.id) or None
            owner = self._images.get(owner.parent)
        return items

    def _steps(self, image: Image) -> list[ImageHistoryItem]:
        sizes = iter([self._images.layers.get(diff_id).size for diff_id in image.diff_ids])
        items = []
        for entry in image.config.history or ():
            size = 0 if entry.empty_layer else next(sizes)
            items.append(
                ImageHistoryItem(
                    comment=entry.comment,
                    created=parse_go_time(entry.created) // SECOND if entry.created else 0,
                    created_by=entry.created_by,
                    id="<missing>",
                    size=size,
                )
            )
        return items


def _shown_config(config: dict[str, Any]) -> dict[str, Any]:
    """Sorted by key, as Go writes a map."""
    shown = _ALWAYS | {key: config[key] for key in _OCI_MEMBERS if config.get(key)}
    return dict(sorted(shown.items()))


def graph_driver(diff_ids: tuple[str, ...]) -> GraphDriver:
    """Folders as overlay2 would have them; nothing is there."""
    if not diff_ids:
        return GraphDriver(data=None)
    folders = [_layer_folder(chain) for chain in chains(diff_ids)]
    top = folders[-1]
    data = {
        "MergedDir": f"{top}/merged",
        "UpperDir": f"{top}/diff",
        "WorkDir": f"{top}/work",
    }
    if len(folders) > 1:
        data["LowerDir"] = ":".join(f"{folder}/diff" for folder in reversed(folders[:-1]))
    return GraphDriver(data=data, name=DRIVER)


def _layer_folder(chain: str) -> str:
    """overlay2 draws a random name for each layer; ours is made of the chain, so that it is the same every time."""
    return f"{DATA_ROOT}/{DRIVER}/{hashlib.sha256(chain.encode()).hexdigest()}"

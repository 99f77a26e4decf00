"""Builds declared images: layers, configs, manifests and the index over the platforms, the same bytes everywhere."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from api_schema.oci import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Digest,
    Reference,
    encode,
)
from fake_registry.catalog import declarations
from fake_registry.catalog.declarations import Declaration, Table, substituted
from fake_registry.catalog.layers import has_content, layer_entries
from fake_registry.catalog.tar import Entry, stored_gzip, tar

BUILDKIT = "buildkit.dockerfile.v0"
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Folders = tuple[Path, ...]


@dataclass(frozen=True)
class Platform:
    architecture: str
    variant: str
    uname: str

    def variables(self) -> dict[str, str]:
        return {
            "arch": self.architecture,
            "uname": self.uname,
            "gnu": f"{self.uname}-linux-gnu",
        }

    def document(self) -> dict[str, str]:
        document = {"architecture": self.architecture, "os": "linux"}
        return document | ({"variant": self.variant} if self.variant else {})


PLATFORMS = (Platform("amd64", "", "x86_64"), Platform("arm64", "v8", "aarch64"))


@dataclass
class Image:
    """One image for one platform, as far as its steps are done."""

    config: dict[str, Any] = field(default_factory=lambda: {"Env": [DEFAULT_PATH]})
    history: list[dict[str, Any]] = field(default_factory=list)
    diff_ids: list[str] = field(default_factory=list)
    layers: list[bytes] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    """What the layers hold together, by path."""

    def copy(self) -> Image:
        return Image(
            {
                key: value.copy() if hasattr(value, "copy") else value
                for key, value in self.config.items()
            },
            list(self.history),
            list(self.diff_ids),
            list(self.layers),
            dict(self.entries),
        )


@dataclass(frozen=True)
class Built:
    """Everything that a push of the whole name would send."""

    index: bytes
    manifests: tuple[bytes, ...]
    blobs: dict[str, bytes]


def build(folders: Folders, name: str, tag: str) -> Built:
    """Raises KeyError when `name` or `tag` is not declared."""
    manifests, descriptors = [], []
    blobs: dict[str, bytes] = {}
    for platform in PLATFORMS:
        image = image_for(folders, name, tag, platform)
        manifest = _manifest(image, _config(image, platform, _created(folders, name, tag)), blobs)
        manifests.append(manifest)
        descriptors.append(_described(OCI_MANIFEST, manifest) | {"platform": platform.document()})
    index = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": descriptors}, indent=2)
    return Built(index, tuple(manifests), blobs)


@functools.lru_cache(maxsize=256)
def image_for(folders: Folders, name: str, tag: str, platform: Platform) -> Image:
    """The image after its last step. Shared: copy it before going on from it."""
    declared = _declaration(folders, name)
    row = declared.images[tag]
    variables = {**row.get("vars", {}), **platform.variables(), "tag": tag}
    image = Image()
    for step in declared.steps(tag):
        if "from" in step:
            base = Reference.parse(substituted(step["from"], variables)).tagged()
            image = image_for(folders, base.path, base.tag, platform).copy()
        else:
            _apply(image, step, variables, row["created"])
    return image


def _declaration(folders: Folders, name: str) -> Declaration:
    declared = declarations.find(folders, name)
    if declared is None:
        raise KeyError(name)
    return declared


def _created(folders: Folders, name: str, tag: str) -> str:
    created: str = _declaration(folders, name).images[tag]["created"]
    return created


def _apply(image: Image, step: Table, variables: dict[str, str], created: str) -> None:
    entry: dict[str, Any] = {
        "created": created,
        "created_by": substituted(step["created_by"], variables),
        "comment": step.get("comment", BUILDKIT),
    }
    if has_content(step):
        mtime = int(datetime.fromisoformat(created).timestamp())
        data = tar(layer_entries(step, variables, image.entries), mtime)
        image.layers.append(stored_gzip(data))
        image.diff_ids.append(Digest.of(data))
    else:
        entry["empty_layer"] = True
    image.history.append(entry)
    _configure(image.config, substituted(step.get("config", {}), variables))


def _configure(config: dict[str, Any], changes: Table) -> None:
    """Docker's own member names. Env and Labels are merged, ExposedPorts and Volumes are lists here."""
    for key, value in changes.items():
        if key == "Env":
            config["Env"] = _merged_env(config["Env"], value)
        elif key in ("ExposedPorts", "Volumes"):
            config[key] = {**config.get(key, {}), **{item: {} for item in value}}
        elif key == "Labels":
            config[key] = {**config.get(key, {}), **value}
        else:
            config[key] = value


def _merged_env(env: list[str], changes: list[str]) -> list[str]:
    """A variable that is set again keeps its place, as in a Dockerfile."""
    again = {item.partition("=")[0]: item for item in changes}
    return [again.pop(item.partition("=")[0], item) for item in env] + list(again.values())


def _config(image: Image, platform: Platform, created: str) -> bytes:
    document: dict[str, Any] = platform.document()
    document["config"] = image.config
    document["created"] = created
    document["history"] = image.history
    document["rootfs"] = {"type": "layers", "diff_ids": image.diff_ids}
    return encode(dict(sorted(document.items())))


def _manifest(image: Image, config: bytes, blobs: dict[str, bytes]) -> bytes:
    for blob in (config, *image.layers):
        blobs[Digest.of(blob)] = blob
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _described(OCI_CONFIG, config),
        "layers": [_described(OCI_LAYER_GZIP, layer) for layer in image.layers],
    }
    return encode(document, indent=2)


def _described(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": Digest.of(data), "size": len(data)}

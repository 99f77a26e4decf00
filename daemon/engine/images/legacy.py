"""Configs in Docker's older forms: an image's JSON as the engine itself writes it, and the V1 config of each layer."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from api_schema.base import dump
from api_schema.containers import ContainerConfig
from api_schema.oci import Digest, encode
from daemon.engine.images.image import Image
from daemon.engine.images.store import chains

EPOCH = "1970-01-01T00:00:00Z"


def go_config(config: dict[str, Any]) -> dict[str, Any]:
    """Any image's config with the members, and in the order, of Go's container.Config."""
    shown: dict[str, Any] = dump(ContainerConfig.model_validate(config))
    return shown


@functools.cache
def _zero_config() -> dict[str, Any]:
    return go_config({})


def container_config(image: Image) -> ContainerConfig:
    """Of the container that the image was made from; all zero for one that tells of none."""
    return ContainerConfig.model_validate(image.document.get("container_config") or {})


def v1_configs(image: Image) -> Iterator[bytes]:
    """What `docker save` still writes for engines before 1.10: one document a layer, each naming the one below."""
    parent = ""
    stack = chains(image.diff_ids)
    for number, chain in enumerate(stack):
        is_top = number == len(stack) - 1
        document = (
            _top_document(image)
            if is_top
            else {"created": EPOCH, "container_config": _zero_config()}
        )
        parent_id = parent
        parent = _v1_id(document, chain, parent_id)
        document = {"id": parent, **({"parent": parent_id} if parent_id else {}), **document}
        document["os"] = image.config.os
        yield encode({k: value for k, value in document.items() if value or k == "created"})


def _top_document(image: Image) -> dict[str, Any]:
    """Go's V1Image: these members in this order, empty ones left out, but for the time."""
    written = image.document
    shown = {"created": written.get("created")}
    document = {
        "comment": written.get("comment"),
        "container": written.get("container"),
        "container_config": dump(container_config(image)),
        "docker_version": written.get("docker_version"),
        "author": written.get("author"),
        "config": go_config(written["config"]) if written.get("config") is not None else None,
        "architecture": written.get("architecture"),
        "variant": written.get("variant"),
        "os": written.get("os"),
        "Size": written.get("Size"),
    }
    kept = {key: value for key, value in document.items() if value}
    return {"comment": kept.pop("comment"), **shown, **kept} if "comment" in kept else shown | kept


def _v1_id(document: dict[str, Any], chain: str, parent: str) -> str:
    """The digest of the document with its layer and its parent, keys sorted."""
    signed = dict(document) | {"layer_id": chain}
    if parent:
        signed["parent"] = f"sha256:{parent}"
    return Digest.of(encode(dict(sorted(signed.items())))).hex

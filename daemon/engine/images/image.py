"""An image: a config document, addressed by its digest, that names its layers."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from api_schema import go_json
from api_schema.go_shapes import json_kind
from api_schema.go_time import parse_go_time
from api_schema.oci import Digest, ImageConfig, Platform
from daemon.errors import InvalidParameter

SHORT_ID_DIGITS = 12


@dataclass(eq=False, slots=True)
class Image:
    """`raw` are the bytes that `id` is the digest of; the rest of an image's life is beside them."""

    id: str
    raw: bytes
    config: ImageConfig
    document: dict[str, Any]
    parent: str = ""
    """Only images that were made here have one."""
    last_tag_time: int | None = None
    diff_ids: tuple[str, ...] = field(init=False)
    created: int | None = field(init=False)
    """Nanoseconds since the epoch."""

    def __post_init__(self) -> None:
        self.diff_ids = self.config.diff_ids
        self.created = None
        if self.config.created:
            with contextlib.suppress(ValueError):
                self.created = parse_go_time(self.config.created)

    @classmethod
    def from_json(cls, raw: bytes) -> Image:
        """Raises InvalidParameter if it is no image config."""
        try:
            document = go_json.unmarshal(raw)
        except go_json.GoDecodeError as error:
            raise InvalidParameter(str(error)) from error
        try:
            config = ImageConfig.model_validate(document)
        except ValidationError as error:
            raise InvalidParameter(_unfit(document, error)) from error
        if config.rootfs is None:
            raise InvalidParameter("invalid image JSON, no RootFS key")
        return cls(Digest.of(raw), raw, config, document)

    @property
    def short_id(self) -> str:
        return short_id(self.id)

    @property
    def labels(self) -> dict[str, str] | None:
        return self.config.config.labels if self.config.config else None

    @property
    def os(self) -> str:
        return self.config.os or "linux"

    @property
    def platform(self) -> Platform:
        return Platform(
            os=self.os, architecture=self.config.architecture, variant=self.config.variant
        )

    @property
    def container_config(self) -> dict[str, Any]:
        """The config's own `config` member, as it was written."""
        return self.document.get("config") or {}


def short_id(digest: str) -> str:
    """Twelve digits, as Docker shows ids."""
    return digest.partition(":")[2][:SHORT_ID_DIGITS] or digest[:SHORT_ID_DIGITS]


def _unfit(document: object, error: ValidationError) -> str:
    """What Go says of a document of another shape."""
    if not isinstance(document, dict):
        return f"json: cannot unmarshal {json_kind(document)} into Go value of type image.Image"
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"json: cannot unmarshal {json_kind(first['input'])} into Go struct field Image.{place}"

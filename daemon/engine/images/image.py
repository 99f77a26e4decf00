"""An image: a config document, addressed by its digest, that names its layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from api_schema import go_json
from api_schema.base import shape_for
from api_schema.go_layout import RFC3339, GoTimeError, parse_layout
from api_schema.image_document import ImageDocument
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
        created = self.config.created
        self.created = None if created is None else parse_layout(RFC3339, created)

    @classmethod
    def from_json(cls, raw: bytes) -> Image:
        """Raises InvalidParameter if it is no image config."""
        try:
            document = shape_for(ImageDocument).read_document(go_json.unmarshal(raw))
        except go_json.GoDecodeError as error:
            raise InvalidParameter(str(error)) from error
        config = ImageConfig.model_validate(document)
        _check_times(config)
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


def _check_times(config: ImageConfig) -> None:
    try:
        for text in (config.created, *(entry.created for entry in config.history or ())):
            if text is not None:
                parse_layout(RFC3339, text)
    except GoTimeError as error:
        raise InvalidParameter(str(error)) from error

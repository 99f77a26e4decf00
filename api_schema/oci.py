"""The documents of an OCI or Docker registry: descriptors, manifests, indexes, image configs.

A document is addressed by the digest of its bytes, so whoever stores one keeps the bytes it came in; these models
are for reading, and `encode` is how documents of our own are written.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from api_schema.reference import Digest as Digest
from api_schema.reference import InvalidReference as InvalidReference
from api_schema.reference import Reference as Reference
from api_schema.reference import is_digest as is_digest
from api_schema.reference import is_identifier as is_identifier

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"

MANIFEST_TYPES = frozenset({DOCKER_MANIFEST, OCI_MANIFEST})
INDEX_TYPES = frozenset({DOCKER_INDEX, OCI_INDEX})
CONFIG_TYPES = frozenset({DOCKER_CONFIG, OCI_CONFIG})


def encode(document: object, *, indent: int | None = None) -> bytes:
    """Go's encoding/json form: compact, or indented; `<`, `>` and `&` escaped; no newline at the end."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(document, separators=separators, indent=indent, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("utf-8", "surrogateescape")


class _Document(BaseModel):
    """Unknown members are allowed, as the specifications ask."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", defer_build=True
    )


class Platform(_Document):
    architecture: str = ""
    os: str = ""
    os_version: str = Field("", alias="os.version")
    os_features: list[str] | None = Field(None, alias="os.features")
    variant: str = ""

    def __str__(self) -> str:
        parts = [self.os, self.architecture, self.variant]
        return "/".join(part for part in parts if part)


class Descriptor(_Document):
    """What a blob is and how to know that one has it."""

    media_type: str = ""
    digest: str
    size: int = Field(ge=0)
    urls: list[str] | None = None
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None
    platform: Platform | None = None

    @field_validator("digest")
    @classmethod
    def _is_a_digest(cls, value: str) -> str:
        return Digest.parse(value)


class Manifest(_Document):
    """One image for one platform."""

    schema_version: int
    media_type: str = ""
    artifact_type: str | None = None
    config: Descriptor
    layers: list[Descriptor]
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class Index(_Document):
    """Images of one name for several platforms."""

    schema_version: int
    media_type: str = ""
    artifact_type: str | None = None
    manifests: list[Descriptor]
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class HistoryEntry(_Document):
    created: str | None = None
    created_by: str = Field("", alias="created_by")
    author: str = ""
    comment: str = ""
    empty_layer: bool = Field(False, alias="empty_layer")


class RootFs(_Document):
    type: str = "layers"
    diff_ids: list[str] | None = Field(None, alias="diff_ids")


class _GoNamed(BaseModel):
    """Members spelled as Go field names are: `ExposedPorts`."""

    model_config = ConfigDict(extra="allow", defer_build=True, populate_by_name=True)


class ContainerConfig(_GoNamed):
    """What a container of the image runs by default. Members that Docker adds are kept as they came."""

    user: str = Field("", alias="User")
    exposed_ports: dict[str, Any] | None = Field(None, alias="ExposedPorts")
    env: list[str] | None = Field(None, alias="Env")
    entrypoint: list[str] | None = Field(None, alias="Entrypoint")
    cmd: list[str] | None = Field(None, alias="Cmd")
    healthcheck: dict[str, Any] | None = Field(None, alias="Healthcheck")
    volumes: dict[str, Any] | None = Field(None, alias="Volumes")
    working_dir: str = Field("", alias="WorkingDir")
    labels: dict[str, str] | None = Field(None, alias="Labels")
    stop_signal: str = Field("", alias="StopSignal")
    stop_timeout: int | None = Field(None, alias="StopTimeout")
    shell: list[str] | None = Field(None, alias="Shell")
    on_build: list[str] | None = Field(None, alias="OnBuild")


class ImageConfig(_Document):
    """The document whose digest is the image's id."""

    created: str | None = None
    author: str = ""
    architecture: str = ""
    variant: str = ""
    os: str = ""
    os_version: str = Field("", alias="os.version")
    os_features: list[str] | None = Field(None, alias="os.features")
    config: ContainerConfig | None = None
    rootfs: RootFs | None = None
    history: list[HistoryEntry] | None = None
    docker_version: str = Field("", alias="docker_version")
    comment: str = ""
    container: str = ""
    container_config: dict[str, Any] | None = Field(None, alias="container_config")
    parent: str = ""

    @property
    def diff_ids(self) -> tuple[str, ...]:
        return tuple(self.rootfs.diff_ids or ()) if self.rootfs else ()

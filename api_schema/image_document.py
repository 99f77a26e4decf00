"""An image's config document as dockerd decodes it: the Go types that a refusal names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api_schema.base import Go, WireModel
from api_schema.containers import ContainerConfig
from api_schema.images import Strings

Time = Annotated[str | None, Go("time.Time")]
Name = Annotated[str, Go("image.ID")]


class Defaults(ContainerConfig):
    """What a container of the image runs."""

    go_type = "container.Config"


class Step(WireModel):
    go_type = "v1.History"

    created: Annotated[Time, Field(alias="created")] = None
    author: Annotated[str, Field(alias="author")] = ""
    created_by: Annotated[str, Field(alias="created_by")] = ""
    comment: Annotated[str, Field(alias="comment")] = ""
    empty_layer: Annotated[bool, Field(alias="empty_layer")] = False


class RootFs(WireModel):
    go_type = "image.RootFS"

    type: Annotated[str, Field(alias="type")] = ""
    diff_ids: Annotated[Strings, Go("[]layer.DiffID"), Field(alias="diff_ids")] = None


class ImageDocument(WireModel):
    go_type = "image.Image"

    id: Annotated[str, Field(alias="id")] = ""
    parent: Annotated[Name, Field(alias="parent")] = ""
    comment: Annotated[str, Field(alias="comment")] = ""
    created: Annotated[Time, Field(alias="created")] = None
    container: Annotated[str, Field(alias="container")] = ""
    container_config: Annotated[Defaults | None, Field(alias="container_config")] = None
    docker_version: Annotated[str, Field(alias="docker_version")] = ""
    author: Annotated[str, Field(alias="author")] = ""
    config: Annotated[Defaults | None, Field(alias="config")] = None
    architecture: Annotated[str, Field(alias="architecture")] = ""
    variant: Annotated[str, Field(alias="variant")] = ""
    os: Annotated[str, Field(alias="os")] = ""
    size: int = 0
    rootfs: Annotated[RootFs | None, Field(alias="rootfs")] = None
    history: Annotated[list[Step] | None, Field(alias="history")] = None
    os_version: Annotated[str, Field(alias="os.version")] = ""
    os_features: Annotated[Strings, Field(alias="os.features")] = None

"""Images on the wire: list, inspect, history, removal, prune, search, commit, distribution."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api_schema.base import Go, OmitEmpty, OmitNil, WireModel
from api_schema.containers import ContainerConfig

Strings = list[str] | None
StringMap = dict[str, str] | None


class ImageSummary(WireModel):
    """One image of `GET /images/json`."""

    containers: int = -1
    created: int = 0
    id: Annotated[str, Field(alias="Id")] = ""
    labels: StringMap = None
    parent_id: Annotated[str, Field(alias="ParentId")] = ""
    repo_digests: Strings = None
    repo_tags: Strings = None
    shared_size: int = -1
    size: int = 0


class GraphDriver(WireModel):
    """Where a real engine would keep the layers."""

    data: StringMap = None
    name: str = "overlay2"


class ImageRootFs(WireModel):
    type: str = "layers"
    layers: OmitEmpty[Strings] = None


class ImageMetadata(WireModel):
    last_tag_time: str = ""


class ImageInspect(WireModel):
    """`GET /images/{name}/json`. `config` holds the members that are set; versions differ in what they add."""

    id: Annotated[str, Field(alias="Id")] = ""
    repo_tags: Strings = None
    repo_digests: Strings = None
    parent: str = ""
    comment: str = ""
    created: OmitEmpty[str] = ""
    container: OmitEmpty[str] = ""
    container_config: OmitNil[ContainerConfig | None] = None
    docker_version: str = ""
    author: str = ""
    architecture: str = ""
    variant: OmitEmpty[str] = ""
    os: str = ""
    os_version: OmitEmpty[str] = ""
    size: int = 0
    graph_driver: GraphDriver = Field(default_factory=GraphDriver)
    root_fs: ImageRootFs = Field(alias="RootFS", default_factory=ImageRootFs)
    metadata: ImageMetadata = Field(default_factory=ImageMetadata)
    config: dict[str, Any] | None = None


class ImageHistoryItem(WireModel):
    comment: str = ""
    created: int = 0
    created_by: str = ""
    id: Annotated[str, Field(alias="Id")] = ""
    size: int = 0
    tags: Strings = None


class ImageDeleteItem(WireModel):
    """One of the two is set."""

    untagged: OmitEmpty[str] = ""
    deleted: OmitEmpty[str] = ""


class ImagesPruneReport(WireModel):
    images_deleted: list[ImageDeleteItem] | None = None
    space_reclaimed: int = 0


class SearchResult(WireModel):
    """The one answer of Docker whose keys are in snake case."""

    star_count: Annotated[int, Field(alias="star_count")] = 0
    is_official: Annotated[bool, Field(alias="is_official")] = False
    name: Annotated[str, Field(alias="name")] = ""
    is_automated: Annotated[bool, Field(alias="is_automated")] = False
    description: Annotated[str, Field(alias="description")] = ""


class CommitResponse(WireModel):
    id: Annotated[str, Field(alias="Id")] = ""


class WireDescriptor(WireModel):
    go_type = "distribution.Descriptor"

    media_type: Annotated[str, Field(alias="mediaType")] = ""
    digest: Annotated[str, Field(alias="digest")] = ""
    size: Annotated[int, Field(alias="size")] = 0
    urls: Annotated[OmitEmpty[Strings], Field(alias="urls")] = None
    annotations: Annotated[OmitEmpty[StringMap], Field(alias="annotations")] = None


class WirePlatform(WireModel):
    go_type = "v1.Platform"

    architecture: Annotated[str, Field(alias="architecture")] = ""
    os: Annotated[str, Field(alias="os")] = ""
    os_version: Annotated[OmitEmpty[str], Field(alias="os.version")] = ""
    os_features: Annotated[OmitEmpty[Strings], Field(alias="os.features")] = None
    variant: Annotated[OmitEmpty[str], Field(alias="variant")] = ""


class SavedImage(WireModel):
    """One image of a tar's manifest.json."""

    go_type = "tarexport.manifestItem"
    go_struct = ""

    config: str = ""
    repo_tags: Strings = None
    layers: Strings = None
    parent: Annotated[OmitEmpty[str], Go("image.ID")] = ""
    layer_sources: Annotated[
        OmitEmpty[dict[str, WireDescriptor] | None],
        Go("map[layer.DiffID]distribution.Descriptor"),
    ] = None


class DistributionInspect(WireModel):
    descriptor: WireDescriptor = Field(default_factory=WireDescriptor)
    platforms: list[WirePlatform] | None = None


class AuthRequest(WireModel):
    """The body of `POST /auth`."""

    go_type = "registry.AuthConfig"
    go_struct = ""

    username: Annotated[str, Field(alias="username")] = ""
    password: Annotated[str, Field(alias="password")] = ""
    auth: Annotated[str, Field(alias="auth")] = ""
    email: Annotated[str, Field(alias="email")] = ""
    server_address: Annotated[str, Field(alias="serveraddress")] = ""
    identity_token: Annotated[str, Field(alias="identitytoken")] = ""
    registry_token: Annotated[str, Field(alias="registrytoken")] = ""


class AuthReply(WireModel):
    identity_token: str = ""
    status: str = ""

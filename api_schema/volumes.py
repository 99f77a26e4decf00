"""What /volumes takes and tells."""

from typing import Any, ClassVar

from pydantic import Field

from api_schema.base import OmitEmpty, OmitNil, WireModel


class ClusterVolumeSpec(WireModel):
    """Only whether it is there matters: cluster volumes need a swarm."""

    go_type: ClassVar[str] = "volume.ClusterVolumeSpec"


class VolumeCreateRequest(WireModel):
    go_type: ClassVar[str] = "volume.CreateOptions"

    cluster_volume_spec: ClusterVolumeSpec | None = None
    driver: str = ""
    driver_opts: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    name: str = ""


class VolumeUsage(WireModel):
    ref_count: int = 0
    size: int = 0


class VolumeInspect(WireModel):
    created_at: OmitEmpty[str] = ""
    driver: str = "local"
    labels: dict[str, str] | None = None
    mountpoint: str = ""
    name: str = ""
    options: dict[str, str] | None = None
    scope: str = "local"
    status: OmitEmpty[dict[str, Any] | None] = None
    usage_data: OmitNil[VolumeUsage | None] = None


class VolumesList(WireModel):
    volumes: list[VolumeInspect] = Field(default_factory=list)
    warnings: list[str] | None = None


class VolumesPrune(WireModel):
    volumes_deleted: list[str] = Field(default_factory=list)
    space_reclaimed: int = 0

"""What API 1.45 changed."""

from api_schema.changes.legacy import mounts
from api_schema.version import ApiVersion, Json, VersionChange

V1_45 = ApiVersion(1, 45)


class DropContainerOfImage(VersionChange):
    """`GET /images/{name}/json` no longer shows `Container` and `ContainerConfig`."""

    since = V1_45


class AddVolumeSubpath(VersionChange):
    """Volume mounts take `Subpath`."""

    since = V1_45
    models = frozenset({"ContainerCreateRequest"})

    @staticmethod
    def upgrade_request(model: str, body: Json) -> None:
        for mount in mounts(body):
            mount.get("VolumeOptions", {}).pop("Subpath", None)

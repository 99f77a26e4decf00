"""What API 1.41 changed."""

from api_schema.changes.legacy import host_config
from api_schema.version import ApiVersion, Json, VersionChange

V1_41 = ApiVersion(1, 41)


class DropNameFilterOfImages(VersionChange):
    """`GET /images/json` no longer takes `filter`, a pattern for names."""

    since = V1_41


class PlatformOfContainer(VersionChange):
    """`POST /containers/create` takes `platform`."""

    since = V1_41


class OneShotStats(VersionChange):
    """`GET /containers/{id}/stats` takes `one-shot`."""

    since = V1_41


class CgroupNamespaces(VersionChange):
    """Containers may have a cgroup namespace of their own; older clients mean the host's."""

    since = V1_41
    models = frozenset({"ContainerCreateRequest"})

    @staticmethod
    def upgrade_request(model: str, body: Json) -> None:
        host = host_config(body)
        host["CgroupnsMode"] = host.get("CgroupnsMode") or "host"

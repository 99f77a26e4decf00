"""What API 1.42 changed."""

from api_schema.changes.legacy import host_config, mounts
from api_schema.version import ApiVersion, Json, VersionChange

V1_42 = ApiVersion(1, 42)


class MultiplexedStreamType(VersionChange):
    """Multiplexed output of attach, exec and logs has a media type of its own."""

    since = V1_42


class SelectDiskUsageTypes(VersionChange):
    """`GET /system/df` takes `type` and leaves out what was not asked for."""

    since = V1_42


class DropKernelMemory(VersionChange):
    """`GET /info` no longer reports whether the kernel limits kernel memory."""

    since = V1_42
    models = frozenset({"Info"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body["KernelMemory"] = True


class SharedSizeOfImages(VersionChange):
    """`GET /images/json` takes `shared-size`."""

    since = V1_42


class PruneAnonymousVolumes(VersionChange):
    """`POST /volumes/prune` removes named volumes only with the filter `all`."""

    since = V1_42


class DropBuilderSize(VersionChange):
    """`GET /system/df` no longer tells the size of the build cache, only of each record."""

    since = V1_42
    models = frozenset({"DiskUsage"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        records = body["BuildCache"] or []
        if size := sum(record["Size"] for record in records if not record["Shared"]):
            body["BuilderSize"] = size


class AddParentsOfBuildCache(VersionChange):
    """A build cache record may have several parents."""

    since = V1_42
    models = frozenset({"BuildCacheRecord"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body.pop(" Parents", None)


class AddCreateMountpoint(VersionChange):
    """Bind mounts take `CreateMountpoint`, and the console's size is respected."""

    since = V1_42
    models = frozenset({"ContainerCreateRequest"})

    @staticmethod
    def upgrade_request(model: str, body: Json) -> None:
        host_config(body).pop("ConsoleSize", None)
        for mount in mounts(body):
            mount.get("BindOptions", {}).pop("CreateMountpoint", None)


class CheckMountOptions(VersionChange):
    """`POST /containers/create` refuses options of another mount type in words of its own."""

    since = V1_42


class DropKernelMemoryOfContainer(VersionChange):
    """`POST /containers/create` ignores `KernelMemory`."""

    since = V1_42

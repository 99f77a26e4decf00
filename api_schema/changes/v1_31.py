"""What API 1.31 changed."""

from api_schema.version import ApiVersion, Json, VersionChange

V1_31 = ApiVersion(1, 31)


class DropBuilderSize(VersionChange):
    """`GET /system/df` lists the build cache itself; older versions get its size as well."""

    since = V1_31
    models = frozenset({"DiskUsage"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        cache = body["BuildCache"] or []
        size = sum(record["Size"] for record in cache if not record["Shared"])
        body["BuilderSize"] = size

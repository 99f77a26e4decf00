"""What API 1.44 changed."""

from api_schema.version import ApiVersion, Json, VersionChange

V1_44 = ApiVersion(1, 44)


class AddRuntimeStatus(VersionChange):
    """`GET /info` tells the features of each runtime."""

    since = V1_44
    models = frozenset({"RuntimeInfo"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body.pop("status", None)

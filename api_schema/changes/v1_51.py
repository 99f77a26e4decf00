"""What API 1.51 changed."""

from api_schema.version import ApiVersion, Json, VersionChange

V1_51 = ApiVersion(1, 51)


class CountContainersOfImages(VersionChange):
    """`GET /images/json` tells in `Containers` how many containers use each image."""

    since = V1_51
    models = frozenset({"ImageSummary"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body["Containers"] = -1

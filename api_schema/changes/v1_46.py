"""What API 1.46 changed."""

from api_schema.version import ApiVersion, Json, VersionChange

V1_46 = ApiVersion(1, 46)


class AddContainerdInfo(VersionChange):
    """`GET /info` tells where containerd is and which namespaces are used."""

    since = V1_46
    models = frozenset({"Info"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body.pop("Containerd", None)


class PushPlatform(VersionChange):
    """`POST /images/{name}/push` takes `platform`."""

    since = V1_46

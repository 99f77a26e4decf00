"""What API 1.47 changed."""

from api_schema.version import ApiVersion, Json, VersionChange

V1_47 = ApiVersion(1, 47)


class DropNondistributableArtifacts(VersionChange):
    """`GET /info` no longer lists registries that take nondistributable artifacts."""

    since = V1_47
    models = frozenset({"RegistryServiceConfig"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body["AllowNondistributableArtifactsCIDRs"] = None
        body["AllowNondistributableArtifactsHostnames"] = None

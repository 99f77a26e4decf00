"""What API 1.43 changed."""

from api_schema.changes.legacy import host_config
from api_schema.version import ApiVersion, Json, VersionChange

V1_43 = ApiVersion(1, 43)


class EmptyNamesOfImages(VersionChange):
    """An image without names has empty lists, where it had `<none>:<none>` and `<none>@<none>`."""

    since = V1_43
    models = frozenset({"ImageSummary"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        if not body["RepoTags"] and not body["RepoDigests"]:
            body["RepoTags"], body["RepoDigests"] = ["<none>:<none>"], ["<none>@<none>"]
        for key in ("RepoTags", "RepoDigests"):
            body[key] = body[key] or None


class AddAnnotations(VersionChange):
    """`POST /containers/create` takes `Annotations`."""

    since = V1_43
    models = frozenset({"ContainerCreateRequest"})

    @staticmethod
    def upgrade_request(model: str, body: Json) -> None:
        host_config(body).pop("Annotations", None)

"""What API 1.25 changed."""

from api_schema.changes.legacy import host_config
from api_schema.version import ApiVersion, Json, VersionChange

V1_25 = ApiVersion(1, 25)


class KeyValueSecurityOptions(VersionChange):
    """`GET /info` returns its security options as key and value."""

    since = V1_25
    models = frozenset({"Info"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        options = (option.split(",")[0] for option in body["SecurityOptions"])
        body["SecurityOptions"] = [option.removeprefix("name=") for option in options]


class RemoveByDaemon(VersionChange):
    """`POST /containers/create` takes `AutoRemove`; clients of older versions remove containers themselves."""

    since = V1_25
    models = frozenset({"ContainerCreateRequest"})

    @staticmethod
    def upgrade_request(model: str, body: Json) -> None:
        host_config(body).pop("AutoRemove", None)

"""What API 1.25 changed."""

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

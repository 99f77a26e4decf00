"""What API 1.49 changed."""

from api_schema.version import ApiVersion, Json, VersionChange

V1_49 = ApiVersion(1, 49)


class DropExpectedCommits(VersionChange):
    """`GET /info` no longer says which commits were expected; an empty commit never had that field."""

    since = V1_49
    models = frozenset({"Commit"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        if body["ID"]:
            body["Expected"] = body["ID"]


class AddFirewallBackend(VersionChange):
    """`GET /info` names the firewall backend."""

    since = V1_49
    models = frozenset({"Info"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body.pop("FirewallBackend", None)


class InspectImagePlatform(VersionChange):
    """`GET /images/{name}/json` takes `platform`."""

    since = V1_49

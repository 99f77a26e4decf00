"""What API 1.50 changed."""

from typing import Any

from api_schema.changes.legacy import sort_keys
from api_schema.version import ApiVersion, Json, VersionChange

V1_50 = ApiVersion(1, 50)

_LEGACY_CONFIG: dict[str, Any] = {
    "AttachStderr": False,
    "AttachStdin": False,
    "AttachStdout": False,
    "Domainname": "",
    "Hostname": "",
    "Image": "",
    "OpenStdin": False,
    "StdinOnce": False,
    "Tty": False,
}


class DropBridgeNetfilter(VersionChange):
    """`GET /info` no longer tells whether bridged packets pass iptables."""

    since = V1_50
    models = frozenset({"Info"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body["BridgeNfIptables"] = body["BridgeNfIp6tables"] = False


class DropLegacyFieldsOfInfo(VersionChange):
    """`GET /info` has no field left that dockerd adds for old versions only, so its keys keep their own order."""

    since = V1_50
    models = frozenset({"Info"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        sort_keys(body)


class DropContainerFieldsOfImages(VersionChange):
    """`GET /images/{name}/json` shows in `Config` only what belongs to an image."""

    since = V1_50
    models = frozenset({"ImageInspect"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body["Config"] = dict(sorted((_LEGACY_CONFIG | body["Config"]).items()))


class DeleteImagePlatforms(VersionChange):
    """`DELETE /images/{name}` takes `platforms`."""

    since = V1_50

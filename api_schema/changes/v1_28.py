"""What API 1.28 changed."""

from api_schema.version import ApiVersion, VersionChange

V1_28 = ApiVersion(1, 28)


class DropContainersOfNetworkList(VersionChange):
    """`GET /networks` no longer tells the containers of each network; inspecting one does."""

    since = V1_28


class BinaryWebSocket(VersionChange):
    """`GET /containers/{id}/attach/ws` sends binary messages instead of text."""

    since = V1_28

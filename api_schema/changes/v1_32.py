"""What API 1.32 changed."""

from api_schema.version import ApiVersion, VersionChange

V1_32 = ApiVersion(1, 32)


class PullPlatform(VersionChange):
    """`POST /images/create` takes `platform`."""

    since = V1_32


class BuildPlatform(VersionChange):
    """`POST /build` takes `platform`."""

    since = V1_32

"""What API 1.30 changed."""

from api_schema.version import ApiVersion, VersionChange

V1_30 = ApiVersion(1, 30)


class WaitConditions(VersionChange):
    """`POST /containers/{id}/wait` takes a condition, and answers before it is met."""

    since = V1_30


class BuildAux(VersionChange):
    """The stream of `POST /build` tells the ids of images for programs, as `aux`."""

    since = V1_30

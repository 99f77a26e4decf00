"""What API 1.48 changed."""

from api_schema.version import ApiVersion, VersionChange

V1_48 = ApiVersion(1, 48)


class ImagePlatforms(VersionChange):
    """History, save and load take `platform`, inspect takes `manifests`."""

    since = V1_48


class PruneSpaces(VersionChange):
    """`POST /build/prune` takes `reserved-space`, `max-used-space` and `min-free-space`; `keep-storage` is old."""

    since = V1_48

"""What API 1.45 changed."""

from api_schema.version import ApiVersion, VersionChange

V1_45 = ApiVersion(1, 45)


class DropContainerOfImage(VersionChange):
    """`GET /images/{name}/json` no longer shows `Container` and `ContainerConfig`."""

    since = V1_45

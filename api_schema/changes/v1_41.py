"""What API 1.41 changed."""

from api_schema.version import ApiVersion, VersionChange

V1_41 = ApiVersion(1, 41)


class DropNameFilterOfImages(VersionChange):
    """`GET /images/json` no longer takes `filter`, a pattern for names."""

    since = V1_41

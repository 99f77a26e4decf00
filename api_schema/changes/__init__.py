"""Every VersionChange, newest first: the one list of API differences."""

import functools

from api_schema.version import ApiVersion, Translation, VersionChange

NEWEST = ApiVersion(1, 51)
OLDEST = ApiVersion(1, 24)

ALL_CHANGES: tuple[type[VersionChange], ...] = ()


@functools.cache
def translation(version: ApiVersion) -> Translation:
    """What stands between the newest version and this one."""
    return Translation(ALL_CHANGES, version)

"""Every VersionChange, newest first: the one list of API differences."""

from api_schema.version import VersionChange

ALL_CHANGES: tuple[type[VersionChange], ...] = ()

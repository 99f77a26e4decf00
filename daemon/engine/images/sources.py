"""Which registries are known to have which layers."""

from __future__ import annotations


class BlobSources:
    """A blob's diff id, learned by pulls and pushes, and the repositories that have the blob."""

    def __init__(self) -> None:
        self._diff_ids: dict[str, str] = {}
        self._sources: dict[str, dict[str, str]] = {}

    def note(self, diff_id: str, digest: str, repository: str) -> None:
        self._diff_ids[digest] = diff_id
        self._sources.setdefault(diff_id, {})[repository] = digest

    def diff_id(self, digest: str) -> str | None:
        return self._diff_ids.get(digest)

    def known(self, diff_id: str) -> dict[str, str]:
        """The blob's digest by repository name."""
        return self._sources.get(diff_id, {})

"""The pull rate limit, with the headers that Docker Hub sends."""

from __future__ import annotations

from collections.abc import Callable

from fake_registry.errors import RegistryError

MESSAGE = (
    "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: "
    "https://www.docker.com/increase-rate-limit"
)


class RateLimit:
    """At most `pulls` manifests per `window` seconds from one source. A HEAD is free, as on Docker Hub."""

    def __init__(self, pulls: int, now: Callable[[], float], window: int = 21600) -> None:
        self.pulls = pulls
        self._now = now
        self._window = window
        self._taken: dict[str, list[float]] = {}

    def check(self, source: str) -> None:
        """Raises TOOMANYREQUESTS once no pull is left."""
        if self._left(source) <= 0:
            raise RegistryError("TOOMANYREQUESTS", message=MESSAGE, headers=self.headers(source))

    def take(self, source: str) -> None:
        """Count one pull."""
        self._taken.setdefault(source, []).append(self._now())

    def headers(self, source: str) -> dict[str, str]:
        return {
            "RateLimit-Limit": f"{self.pulls};w={self._window}",
            "RateLimit-Remaining": f"{max(0, self._left(source))};w={self._window}",
            "Docker-RateLimit-Source": source,
        }

    def _left(self, source: str) -> int:
        since = self._now() - self._window
        taken = [moment for moment in self._taken.get(source, ()) if moment > since]
        self._taken[source] = taken
        return self.pulls - len(taken)

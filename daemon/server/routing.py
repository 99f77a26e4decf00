"""Which handler answers a path: a table of our own, looked up in constant time.

Docker's routes all have one form: fixed words, at most one variable, fixed words. So a lookup is one dictionary
access for a path without a variable, and at most a handful for one with it, however many routes there are. A
variable may hold slashes, as image names do.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.app import Daemon
    from daemon.server.replies import Reply
    from daemon.server.request import Request

Handler = Callable[["Request", "Daemon"], Awaitable["Reply"]]

_VARIABLE = re.compile(r"\{(\w+)(?:\.\.\.)?\}")
_VERSION = re.compile(r"/v([0-9.]+)(/.*)")
_LONGEST_SUFFIX = 2
_LONGEST_PREFIX = 2


@dataclass(frozen=True, slots=True)
class Route:
    """`POST /containers/{name}/start` and who answers it. `{name...}` says that slashes are expected."""

    method: str
    path: str
    handler: Handler
    shielded: bool | None = None
    """Does the handler run to its end when the client vanishes? None: if the method is one that changes things."""

    @property
    def is_shielded(self) -> bool:
        return self.method not in ("GET", "HEAD") if self.shielded is None else self.shielded


Words = tuple[str, ...]


class RouteTable:
    """All routes; a path that is known with another method is as unknown as any other, as in dockerd."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[tuple[str, str], Route] = {}
        self._variable: dict[tuple[str, Words, Words], tuple[Route, str]] = {}
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        variable = _VARIABLE.search(route.path)
        if variable is None:
            self._fixed[route.method, route.path] = route
            return
        prefix = _words(route.path[: variable.start()])
        suffix = _words(route.path[variable.end() :])
        if len(prefix) > _LONGEST_PREFIX or len(suffix) > _LONGEST_SUFFIX:
            raise ValueError(f"a route of an unknown form: {route.path}")
        self._variable[route.method, prefix, suffix] = (route, variable.group(1))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of `path` (its version prefix stripped, its escapes decoded) and its variable."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        words = tuple(path[1:].split("/"))
        for before in range(1, min(_LONGEST_PREFIX, len(words) - 1) + 1):
            for after in range(min(_LONGEST_SUFFIX, len(words) - before - 1), -1, -1):
                end = len(words) - after
                found = self._variable.get((method, words[:before], words[end:]))
                if found and (value := "/".join(words[before:end])):
                    return found[0], {found[1]: value}
        return None


def _words(path: str) -> Words:
    return tuple(word for word in path.split("/") if word)


def split_version(path: str) -> tuple[str | None, str]:
    """`/v1.43/info` is (`1.43`, `/info`); a path without a version is (None, itself)."""
    match = _VERSION.fullmatch(path) if path.startswith("/v") else None
    return (match.group(1), match.group(2)) if match else (None, path)

"""Every route of the daemon: one table per area, gathered here."""

from __future__ import annotations

from importlib import import_module

from daemon.server.routing import Route

AREAS = (
    "system",
    "disk_usage",
    "images",
    "registries",
    "commit",
    "containers",
    "container_streams",
    "container_files",
    "execs",
    "build",
    "networks",
    "volumes",
    "swarm",
    "plugins",
    "control",
)
"""Modules of this package; each has a list ROUTES."""


def all_routes() -> list[Route]:
    """The routes of every area, in the order of AREAS."""
    routes: list[Route] = []
    for area in AREAS:
        routes += import_module(f"{__name__}.{area}").ROUTES
    return routes

"""dockerd mounts a container's volumes for each run and for each look at its files, and says so each time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from daemon.engine.container import Container
from daemon.events import Events


@contextlib.contextmanager
def mounted(events: Events, container: Container) -> Iterator[None]:
    """The volumes are mounted from here to the end of the block."""
    volumes = [point for point in container.mounts if point.type == "volume"]
    for point in volumes:
        attributes = {
            "container": container.id,
            "destination": point.destination,
            "driver": point.driver,
            "propagation": point.propagation,
            "read/write": "true" if point.writable else "false",
        }
        events.emit("volume", "mount", point.name, attributes)
    try:
        yield
    finally:
        for point in volumes:
            attributes = {"container": container.id, "driver": point.driver}
            events.emit("volume", "unmount", point.name, attributes)

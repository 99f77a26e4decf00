"""Places in a container's filesystem as dockerd looks for them when it makes a container, and what is in their way."""

from __future__ import annotations

import posixpath

from daemon.engine.container import Container
from daemon.engine.containers.config_rules import clean_path
from daemon.errors import System
from daemon.fs.filesystem import Filesystem
from daemon.fs.scope import in_scope


def merged(container: Container) -> str:
    """Where overlay2 would have mounted its filesystem on the host."""
    return f"/var/lib/docker/overlay2/{container.graph_id}/merged"


def resource_path(container: Container, files: Filesystem, path: str) -> str:
    """Where links lead, below the root; System if that is below a file."""
    found = in_scope(files, path)
    below, above = found, posixpath.dirname(found)
    while above != "/":
        if files.exists(above) and not files.isdir(above):
            raise System(f"lstat {merged(container)}{below}: not a directory")
        below, above = above, posixpath.dirname(above)
    return found


def make_working_dir(container: Container, files: Filesystem) -> None:
    path = container.config.working_dir
    found = resource_path(container, files, path)
    if files.exists(found) and not files.isdir(found):
        raise System(f"Cannot mkdir: {path} is not a directory")
    files.makedirs(found)


def check_volumes(container: Container, files: Filesystem) -> None:
    """A volume is mounted on a folder, or on nothing yet."""
    of_image = {clean_path(path) for path in container.config.volumes or ()}
    for point in container.mounts:
        if point.type != "volume" or not point.copy_up:
            continue
        found = resource_path(container, files, point.destination)
        if files.exists(found) and not files.isdir(found):
            where = merged(container) + found
            if point.anonymous and clean_path(point.destination) in of_image:
                text = "cannot mount volume over existing file, file exists"
                raise System(f"{text} {where}")
            raise System(f"source {where} is not directory")

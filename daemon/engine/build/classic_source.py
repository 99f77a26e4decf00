"""The Dockerfile of a classic build, out of its context; what the ignore file says of the two is done here, too."""

from __future__ import annotations

import contextlib
import posixpath

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import Matcher, read_patterns
from daemon.errors import InvalidParameter, System
from daemon.fs.filesystem import Filesystem
from daemon.fs.scope import in_scope

IGNORE_FILE = ".dockerignore"
DEFAULT = "Dockerfile"
UNPACKED = "/var/lib/docker/tmp/docker-builder1402861507"
"""Where dockerd would have unpacked the context."""


def take_dockerfile(context: Filesystem, name: str) -> bytes:
    """Its content. Neither it nor the ignore file stays for COPY if that leaves them out."""
    path = _path(context, name)
    if not context.exists(path) and name == DEFAULT and context.exists(f"/{DEFAULT.lower()}"):
        name, path = DEFAULT.lower(), f"/{DEFAULT.lower()}"
    if context.isdir(path):
        where = posixpath.normpath(UNPACKED + path)
        raise System(f"unexpected error reading Dockerfile: read {where}: is a directory")
    try:
        data = context.read_bytes(path)
    except OSError:
        raise System(f"Cannot locate specified Dockerfile: {name}") from None
    if not data:
        raise InvalidParameter(f"the Dockerfile ({name}) cannot be empty")
    _leave_out_ignored(context, name)
    return data


def _path(context: Filesystem, name: str) -> str:
    """Links lead nowhere but into the context."""
    joined = posixpath.normpath(name.lstrip("/"))
    if joined == ".." or joined.startswith("../") or "\0" in name:
        raise System(f"forbidden path outside the build context: {name} ()")
    try:
        return in_scope(context, f"/{joined}")
    except OSError:
        raise System(f"forbidden path outside the build context: {name} ()") from None


def _leave_out_ignored(context: Filesystem, dockerfile: str) -> None:
    """The client sends its Dockerfile and ignore file even where the latter names them: then they are not for COPY."""
    if not context.exists(f"/{IGNORE_FILE}"):
        return
    patterns = read_patterns(context.read_bytes(f"/{IGNORE_FILE}"))
    # Bad patterns are for the client to refuse.
    with contextlib.suppress(DockerfileError):
        matcher = Matcher(patterns)
        for name in (IGNORE_FILE, dockerfile):
            path = f"/{posixpath.normpath(name).lstrip('/')}"
            if matcher.excludes(path[1:]) and context.exists(path):
                context.unlink(path)

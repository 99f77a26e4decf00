"""Which folders of the host a client may reach: any over a Unix socket, over TCP only those allowed at the start."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from api_schema.host_config import HostConfig
from daemon.engine.containers.rootfs import SOCKET_PATHS
from daemon.engine.volume_options import source_of
from daemon.errors import Forbidden
from daemon.server.request import Request


def check_binds(request: Request, host: HostConfig | None, allowed: Sequence[str]) -> None:
    """Forbidden if the container would see a folder that this client may not."""
    if request.over_tcp and host is not None:
        for path in host_paths(host):
            _check(path, allowed)


def check_volume(
    request: Request, options: Mapping[str, str] | None, allowed: Sequence[str]
) -> None:
    """The same for a volume that is a folder of the host."""
    source = source_of(options or {})
    if request.over_tcp and source.kind == "bind":
        _check(source.device, allowed)


def host_paths(host: HostConfig) -> Iterator[str]:
    """Every path of the host that a container is to see."""
    for bind in host.binds or ():
        source = bind.partition(":")[0]
        if ":" in bind and source.startswith("/"):
            yield source
    for mount in host.mounts or ():
        if mount.type == "bind":
            yield mount.source
        driver = mount.volume_options.driver_config if mount.volume_options else None
        behind = source_of((driver.options if driver else None) or {})
        if behind.kind == "bind":
            yield behind.device


def _check(path: str, allowed: Sequence[str]) -> None:
    if path in SOCKET_PATHS:
        return  # they stand for the daemon's own socket, wherever that is
    real = os.path.realpath(path)
    for folder in allowed:
        if os.path.commonpath([real, os.path.realpath(folder)]) == os.path.realpath(folder):
            return
    raise Forbidden(
        f"{path} of the host is out of reach over TCP: mockerd was not started with --allow-bind for it"
    )

"""A posted build as options of BuildKit's Dockerfile frontend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.engine.build.posted_options import PostedOptions
from daemon.engine.containers.extra_hosts import HOST_GATEWAY
from daemon.engine.containers.runtime_rules import RLIMITS
from daemon.engine.images import platforms
from daemon.errors import System

FORCED_NETWORKS = ("host", "none")
DEFAULT_NETWORKS = ("", "default")


def frontend_attributes(options: PostedOptions, gateway: str, context: str) -> dict[str, str]:
    """In BuildKit's names; what dockerd does not pass on to BuildKit is refused. No `context` is the client's folder."""
    found = {"cache-from": ",".join(options.cache_from or ())}
    if context:
        found["context"] = context
    if options.target:
        found["target"] = options.target
    if options.dockerfile != ".":
        found["filename"] = options.dockerfile
    found |= {f"build-arg:{name}": value for name, value in options.args.items()}
    found |= {f"label:{name}": value for name, value in options.labels.items()}
    if options.no_cache:
        found["no-cache"] = ""
    found["image-resolve-mode"] = "pull" if options.pull else "default"
    if options.platform:
        platforms.parse(options.platform)
        found["platform"] = options.platform
    found |= _of_host_config(options.host_config, gateway)
    return found


def _of_host_config(host: Any, gateway: str) -> dict[str, str]:  # noqa: ANN401 - JSON
    found: dict[str, str] = {}
    network = host.get("NetworkMode", "")
    if network in FORCED_NETWORKS:
        found["force-network-mode"] = network
    elif network not in DEFAULT_NETWORKS:
        raise System(f'network mode "{network}" not supported by buildkit')
    found["add-hosts"] = ",".join(_host(entry, gateway) for entry in host.get("ExtraHosts", ()))
    if host.get("ShmSize", 0) > 0:
        found["shm-size"] = str(host["ShmSize"])
    if ulimits := _ulimits(host.get("Ulimits", ())):
        found["ulimit"] = ulimits
    return found


def _host(entry: str, gateway: str) -> str:
    name, _, address = entry.partition(":")
    if not name or not address:
        raise System(f"invalid host {entry}")
    return f"{name}={gateway if address == HOST_GATEWAY else address}"


def _ulimits(given: Sequence[dict[str, Any] | None]) -> str:
    found = []
    for ulimit in filter(None, given):
        name = ulimit.get("Name", "")
        if name not in RLIMITS:
            raise System(f"failed to parse ulimit: invalid ulimit type: {name}")
        found.append(f"{name}={ulimit.get('Soft', 0)}:{ulimit.get('Hard', 0)}")
    return ",".join(found)

"""How a committed container's own config completes the one that a client asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]
_WHEN_UNSET = ("User", "WorkingDir", "StopSignal")


def merged(wanted: Config, own: Config) -> dict[str, Any]:
    """dockerd's merge: what `wanted` leaves out comes from `own`; variables, ports, labels and volumes add up."""
    result = dict(wanted)
    for key in _WHEN_UNSET:
        result[key] = wanted.get(key) or own.get(key) or ""
    for key in ("ExposedPorts", "Labels"):
        result[key] = {**(own.get(key) or {}), **(wanted.get(key) or {})} or wanted.get(key)
    result["Labels"] = result["Labels"] or {}
    result["Volumes"] = {**(wanted.get("Volumes") or {}), **(own.get("Volumes") or {})} or None
    result["Env"] = _merged_env(wanted.get("Env") or [], own.get("Env") or []) or None
    if not wanted.get("Entrypoint"):
        result["Cmd"] = wanted.get("Cmd") or own.get("Cmd")
        if wanted.get("Entrypoint") is None:
            result["Entrypoint"] = own.get("Entrypoint")
    health = _merged_health(wanted.get("Healthcheck"), own.get("Healthcheck"))
    return result | ({"Healthcheck": health} if health else {})


def _merged_env(wanted: list[str], own: list[str]) -> list[str]:
    names = {item.partition("=")[0] for item in wanted}
    return [*wanted, *(item for item in own if item.partition("=")[0] not in names)]


def _merged_health(wanted: Config | None, own: Config | None) -> Config | None:
    if not wanted or not own:
        return wanted or own
    return {**own, **{key: value for key, value in wanted.items() if value}}

"""What changes of several versions need."""

from typing import Any

from api_schema.version import Json


def sort_keys(body: Json) -> None:
    """Sort the keys of `body` and of all that is inside it, in place.

    dockerd adds fields for older versions by way of a map, which Go writes with its keys sorted.
    """
    items = sorted(body.items())
    body.clear()
    body.update((key, _sorted(value)) for key, value in items)


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def host_config(body: Json) -> Json:
    """The host's half of a create request, made if it is missing: dockerd fills it in by version as well."""
    host: Json = body.setdefault("HostConfig", {})
    return host


def mounts(body: Json) -> list[Json]:
    """The mounts of a create request."""
    return host_config(body).get("Mounts") or []

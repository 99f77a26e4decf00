"""How dockerd adds fields for older versions: through a map, which Go writes with its keys sorted."""

from typing import Any

from api_schema.version import Json


def sort_keys(body: Json) -> None:
    """Sort the keys of `body` and of all that is inside it, in place."""
    items = sorted(body.items())
    body.clear()
    body.update((key, _sorted(value)) for key, value in items)


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value

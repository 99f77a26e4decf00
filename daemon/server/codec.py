"""From the newest wire model to the bytes that one API version expects."""

from typing import Any

from api_schema import go_json
from api_schema.base import WireModel, dump, nested_models
from api_schema.changes import translation
from api_schema.version import ApiVersion


def render(value: Any, version: ApiVersion, model: str = "") -> bytes:  # noqa: ANN401 - any JSON value
    """`value` as JSON with a newline; `model` names the model of a value that is plain JSON."""
    body = dump(value, translation(version).downgrade)
    if model and not isinstance(value, WireModel):
        for item in body if isinstance(body, list) else [body]:
            translation(version).downgrade(model, item)
    return go_json.encode(body)


def marshalled(value: WireModel, version: ApiVersion) -> bytes:
    """`value` as what dockerd escapes for HTML: lines of streams and an inspected image, but no other reply."""
    return go_json.marshal(dump(value, translation(version).downgrade)) + b"\n"


def version_group(model: type[WireModel], version: ApiVersion) -> int:
    """Versions with the same number get the same bytes for `model`, so these may be cached together."""
    return translation(version).group(nested_models(model))

"""The `filters` query parameter, in both of its JSON forms, with Docker's refusals."""

from collections.abc import Iterable

from api_schema import go_json
from daemon.errors import InvalidParameter
from daemon.filters import Filters


def parse_filters(text: str, accepted: Iterable[str] | None) -> Filters:
    """Both `{"name": {"x": true}}` and the older `{"name": ["x"]}`; one unknown name refuses the request.

    With `accepted` None any name will do: dockerd never checks the names of an event filter.
    """
    values = _decode(text) if text else {}
    if accepted is not None:
        known = set(accepted)
        for name in values:
            if name not in known:
                raise InvalidParameter(f"invalid filter '{name}'")
    return Filters(values)


def _decode(text: str) -> dict[str, list[str]]:
    refusal = InvalidParameter("invalid filter")
    try:
        document = go_json.parse(text.encode("utf-8", "surrogateescape"))
    except go_json.GoDecodeError:
        raise refusal from None
    document = {} if document is None else document
    if not isinstance(document, dict):
        raise refusal
    values = [value for value in document.values() if value is not None]
    if all(isinstance(value, dict) and _all_are(bool, value.values()) for value in values):
        return {name: list(value or ()) for name, value in document.items()}
    if all(isinstance(value, list) and _all_are(str, value) for value in values):
        return {name: list(dict.fromkeys(value or ())) for name, value in document.items()}
    raise refusal


def _all_are(kind: type, items: Iterable[object]) -> bool:
    return all(isinstance(item, kind) for item in items)

"""The `filters` query parameter, in both of its JSON forms, with Docker's refusals."""

import re
from collections.abc import Iterable, Iterator

from api_schema import go_json
from daemon.errors import InvalidParameter

_TRUE = {"1", "true"}
_FALSE = {"0", "false"}


class Filters:
    """Filter names to their values; a name that is absent matches everything."""

    def __init__(self, values: dict[str, list[str]] | None = None) -> None:
        self._values = values or {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def get(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def flag(self, name: str, default: bool) -> bool:
        """A filter that is true or false, once; anything else is refused in Docker's words."""
        values = self._values.get(name)
        if not values:
            return default
        if len(values) > 1:
            raise InvalidParameter(f'got more than one value for filter key "{name}"')
        if values[0] in _TRUE:
            return True
        if values[0] in _FALSE:
            return False
        raise InvalidParameter(
            f'invalid value for filter \'{name}\', must be "true" (or "1"), or "false" (or "0")'
        )

    def exact(self, name: str, value: str) -> bool:
        """Is `value` one of the filter's values, or the filter absent?"""
        values = self._values.get(name)
        return not values or value in values

    def matches(self, name: str, value: str) -> bool:
        """Like `exact`, but a value may also be a regular expression found in `value`, as Docker's names are matched."""
        values = self._values.get(name)
        if not values:
            return True
        return any(wanted == value or _found(wanted, value) for wanted in values)

    def labels(self, labels: dict[str, str] | None, name: str = "label") -> bool:
        """`key` or `key=value`, all of them."""
        return all(has_label(labels or {}, wanted) for wanted in self.get(name))


def has_label(labels: dict[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _found(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return False


def parse_filters(text: str, accepted: Iterable[str]) -> Filters:
    """Both `{"name": {"x": true}}` and the older `{"name": ["x"]}`; one unknown name refuses the request."""
    values = _decode(text) if text else {}
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
    values = list(document.values())
    if all(isinstance(value, dict) and _all_are(bool, value.values()) for value in values):
        return {name: list(value) for name, value in document.items()}
    if all(isinstance(value, list) and _all_are(str, value) for value in values):
        return {name: list(dict.fromkeys(value)) for name, value in document.items()}
    raise refusal


def _all_are(kind: type, items: Iterable[object]) -> bool:
    return all(isinstance(item, kind) for item in items)

"""Filters: the narrowing of a list, a prune or an event stream by name and values."""

import re
from collections.abc import Iterator, Mapping

from daemon.errors import InvalidParameter

_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"0", "false"})


class Filters:
    """Filter names to their values; a name that is absent matches everything."""

    def __init__(self, values: Mapping[str, list[str]] | None = None) -> None:
        self._values = dict(values or {})

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def get(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def boolean(self, name: str, default: bool) -> bool:
        """Go's GetBoolOrDefault: true or false, not both; anything else is refused in its words."""
        if name not in self._values:
            return default
        values = set(self._values[name])
        is_true, is_false = bool(values & _TRUE), bool(values & _FALSE)
        if is_true == is_false:
            shown = " ".join(sorted(self._values[name]))
            given = f"=[{shown}]" if self._values[name] else ""
            raise InvalidParameter(f"invalid filter '{name}{given}'")
        return is_true

    def flag(self, name: str, default: bool) -> bool:
        """The same in the words that Docker has for networks alone."""
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

    def fuzzy(self, name: str, value: str) -> bool:
        """Does `value` start with one of the filter's values, or is the filter absent?"""
        values = self._values.get(name)
        return not values or any(value.startswith(wanted) for wanted in values)

    def matches(self, name: str, value: str) -> bool:
        """Like `exact`, but a filter's value may also be a regular expression found in `value`."""
        values = self._values.get(name)
        return not values or any(wanted == value or _found(wanted, value) for wanted in values)

    def labels(self, labels: Mapping[str, str] | None, name: str = "label") -> bool:
        """Does an object carry every one of the filter's `key` or `key=value`?"""
        return all(has_label(labels or {}, wanted) for wanted in self.get(name))


def has_label(labels: Mapping[str, str], wanted: str) -> bool:
    """Is `key`, or `key=value`, among the labels?"""
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _found(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return False

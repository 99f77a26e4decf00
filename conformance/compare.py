"""Decides whether two answers are the same, given the rules on what may differ.

Both sides are normalised: a value that a rule names becomes a name in angle brackets, a captured variable becomes its
name in braces. Golden files hold normalised answers, so that a second recording gives the same file. What no rule
names must be equal, JSON types and missing keys included; only the order of an object's keys is free.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.answers import Answer
from conformance.rules import FRAMING, OPTIONAL, RULES, STREAMED, UNORDERED

ABSENT = "(absent)"


class Looseness:
    """The rules for one step, and the variables of the scenario it belongs to."""

    def __init__(self, variables: Mapping[str, str], optional: Iterable[str] = ()) -> None:
        self._rules = [OPTIONAL[name] for name in optional] + list(RULES)
        # The longest first: one value may be the beginning of another.
        self._variables = sorted(variables.items(), key=lambda item: -len(item[1]))

    def normalised(self, answer: Answer) -> Answer:
        """The answer with everything replaced that may differ."""
        if not any(key in answer for key in STREAMED):
            kept = {k: v for k, v in answer["headers"].items() if k not in FRAMING}
            answer = answer | {"headers": kept}
        return {key: self._value(key, value) for key, value in answer.items()}

    def _value(self, path: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if whole := next((rule for rule in self._rules if rule.takes_whole(path)), None):
            return whole.becomes
        if isinstance(value, dict):
            named = {self._named(key): item for key, item in value.items()}
            return {key: self._value(f"{path}.{key}", item) for key, item in named.items()}
        if isinstance(value, list):
            items = [self._value(f"{path}[{index}]", item) for index, item in enumerate(value)]
            return sorted(items, key=json.dumps) if re.search(UNORDERED, path) else items
        if isinstance(value, str):
            value = self._named(value)
        for rule in self._rules:
            value = rule.leaf(path, value)
        return value

    def _named(self, text: str) -> str:
        for name, value in self._variables:
            text = text.replace(value, f"{{{name}}}")
            if re.fullmatch("(sha256:)?[0-9a-f]{64}", value):
                text = text.replace(value.removeprefix("sha256:")[:12], f"{{{name}:12}}")
        return text


def differences(golden: Any, answer: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401
    """One line for each place where two normalised values are not the same."""
    if isinstance(golden, dict) and isinstance(answer, dict):
        for key in golden | answer:
            yield from differences(
                golden.get(key, ABSENT), answer.get(key, ABSENT), f"{path}.{key}" if path else key
            )
    elif isinstance(golden, list) and isinstance(answer, list) and len(golden) == len(answer):
        for index, (left, right) in enumerate(zip(golden, answer, strict=True)):
            yield from differences(left, right, f"{path}[{index}]")
    elif json.dumps(golden) != json.dumps(answer):
        yield f"{path}: golden {_short(golden)}, got {_short(answer)}"


def _short(value: Any) -> str:  # noqa: ANN401 - any JSON value
    text = value if value == ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"

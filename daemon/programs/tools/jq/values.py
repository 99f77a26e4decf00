"""jq's values: order, arithmetic, access and how errors name them."""

import json
from functools import cmp_to_key
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""null, booleans, numbers, strings, arrays and objects, as Python's json has them."""
Path = list[Json]
_ORDER = {"null": 0, "boolean": 1, "number": 3, "string": 4, "array": 5, "object": 6}


class JqError(Exception):
    """An error that `try` may catch; its value is what `catch` sees."""

    def __init__(self, value: Json) -> None:
        super().__init__(value)
        self.value = value

    @property
    def text(self) -> str:
        if isinstance(self.value, str):
            return self.value
        return f"{dump(self.value)} (not a string)"


def type_of(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def dump(value: Json) -> str:
    """Compact JSON as jq prints it."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))


def plain(value: Json) -> Json:
    """Numbers as jq shows them: 1.0 is 1, NaN is null, and what a double cannot hold is rounded."""
    if isinstance(value, int) and abs(value) > 1e17 and not isinstance(value, bool):
        return float(value)
    if isinstance(value, float):
        if value != value:
            return None
        if value in (float("inf"), float("-inf")):
            return 1.7976931348623157e308 if value > 0 else -1.7976931348623157e308
        return int(value) if value == int(value) and abs(value) < 1e17 else value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def named(value: Json) -> str:
    """`string ("abc")`, as errors have it."""
    shown = dump(value)
    return f"{type_of(value)} ({shown if len(shown) < 12 else shown[:10] + '...'})"


def truth(value: Json) -> bool:
    return value is not None and value is not False


def compare(a: Json, b: Json) -> int:
    """null < false < true < numbers < strings < arrays < objects."""
    rank_a, rank_b = (_ORDER[type_of(v)] + (v is True) for v in (a, b))
    if rank_a != rank_b:
        return -1 if rank_a < rank_b else 1
    if isinstance(a, list):
        for left, right in zip(a, b, strict=False):
            if order := compare(left, right):
                return order
        return (len(a) > len(b)) - (len(a) < len(b))
    if isinstance(a, dict):
        keys_a, keys_b = sorted(a), sorted(b)
        if keys_a != keys_b:
            return compare(keys_a, keys_b)
        return next((order for key in keys_a if (order := compare(a[key], b[key]))), 0)
    if a is None or isinstance(a, bool):
        return 0
    return int(a > b) - int(a < b)


sort_key = cmp_to_key(compare)


def arithmetic(operator: str, a: Json, b: Json) -> Json:
    """+ - * / % on whatever they are defined for."""
    if operator == "+":
        return _add(a, b)
    kinds = (type_of(a), type_of(b))
    if kinds == ("number", "number"):
        return _numbers(operator, a, b)
    if operator == "-" and kinds == ("array", "array"):
        return [item for item in a if not any(compare(item, other) == 0 for other in b)]
    if operator == "*" and kinds == ("object", "object"):
        return _merged(a, b)
    if operator == "*" and set(kinds) == {"string", "number"}:
        text, count = (a, b) if kinds[0] == "string" else (b, a)
        return text * max(1, int(count)) if count > 0 else None
    if operator == "/" and kinds == ("string", "string"):
        return a.split(b) if a else []
    verbs = {"-": "subtracted", "*": "multiplied", "/": "divided", "%": "divided"}
    raise JqError(f"{named(a)} and {named(b)} cannot be {verbs[operator]}")


def _add(a: Json, b: Json) -> Json:
    if a is None:
        return b
    if b is None:
        return a
    kind = type_of(a)
    if kind == type_of(b) and kind != "boolean":
        return {**a, **b} if kind == "object" else a + b
    raise JqError(f"{named(a)} and {named(b)} cannot be added")


def _numbers(operator: str, a: Json, b: Json) -> Json:
    if operator == "-":
        return a - b
    if operator == "*":
        return a * b
    if not b:
        raise JqError(f"{named(a)} and {named(b)} cannot be divided because the divisor is zero")
    if operator == "/":
        return a // b if isinstance(a, int) and isinstance(b, int) and a % b == 0 else a / b
    left, right = int(a), abs(int(b))
    if not right:
        raise JqError(f"{named(a)} and {named(b)} cannot be divided because the divisor is zero")
    return left % right if left >= 0 else -(-left % right)


def _merged(a: dict[str, Json], b: dict[str, Json]) -> dict[str, Json]:
    made = dict(a)
    for key, value in b.items():
        both = isinstance(made.get(key), dict) and isinstance(value, dict)
        made[key] = _merged(made[key], value) if both else value
    return made


def get(value: Json, key: Json) -> Json:
    """`.[key]`"""
    if isinstance(key, dict):
        return _sliced(value, key)
    if value is None and isinstance(key, str | int | float | type(None)):
        return None
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int | float) and not isinstance(key, bool):
        index = int(key // 1)
        return value[index] if -len(value) <= index < len(value) else None
    if isinstance(key, str):
        raise JqError(f'Cannot index {type_of(value)} with string "{key}"')
    raise JqError(f"Cannot index {type_of(value)} with {type_of(key)}")


def _sliced(value: Json, key: dict[str, Json]) -> Json:
    if value is None:
        return None
    if not isinstance(value, list | str):
        raise JqError(f"Cannot index {type_of(value)} with object")
    return value[_bounds(key, len(value))]


def _bounds(key: dict[str, Json], size: int) -> slice:
    start, end = key.get("start"), key.get("end")
    low = 0 if start is None else int(start // 1)
    high = size if end is None else -int(-end // 1)
    return slice(low, high)


def set_path(value: Json, path: Path, new: Json) -> Json:
    """A copy with `new` at `path`."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    inner = set_path(get(value, key), rest, new)
    if isinstance(key, str):
        return {**(value or {}), key: inner}
    made = list(value or [])
    if isinstance(key, dict):
        made[_bounds(key, len(made))] = inner or []
        return made
    index = int(key)
    if index < 0:
        index += len(made)
        if index < 0:
            raise JqError("Out of bounds negative array index")
    made += [None] * (index + 1 - len(made))
    made[index] = inner
    return made


def delete_path(value: Json, path: Path) -> Json:
    """A copy without what is at `path`."""
    if value is None:
        return None
    key, rest = path[0], path[1:]
    if rest:
        inner = get(value, key)
        return value if inner is None else set_path(value, [key], delete_path(inner, rest))
    if isinstance(value, dict) and isinstance(key, str):
        return {name: item for name, item in value.items() if name != key}
    if isinstance(value, list):
        made = list(value)
        if isinstance(key, dict):
            del made[_bounds(key, len(made))]
        elif -len(made) <= int(key) < len(made):
            del made[int(key)]
        return made
    raise JqError(f"Cannot delete field at index of {type_of(value)}")

"""What simulated Python code may do with values: operators, safe methods, builtins; everything else is refused.

Objects are the host's own plain values (numbers, strings, lists, …), but code reaches them only through the tables
here: no attribute that is not listed, no type object, no underscore. Sizes are bounded before anything is built.
"""

import operator
import re
from collections.abc import Callable
from typing import Any

Value = Any
"""A plain value, or a Function or Module of this interpreter."""

SIZE_LIMIT = 1 << 20
POWER_LIMIT = 4096
WIDTH_LIMIT = 10000


class PyError(Exception):
    """An exception of the simulated code: its class and its arguments."""

    def __init__(self, kind: str, *args: Value) -> None:
        super().__init__(kind, *args)
        self.kind = kind
        self.values = args

    @property
    def text(self) -> str:
        return str(self.values[0]) if self.values else ""

    @property
    def line(self) -> str:
        """The last line of a traceback."""
        return f"{self.kind}: {self.text}" if self.values else self.kind


class NotSimulated(Exception):
    """The code uses a part of Python that is not simulated."""


class Namespace:
    """A module, or any object with named attributes."""

    def __init__(self, name: str, members: dict[str, Value]) -> None:
        self.name = name
        self.members = members

    def __repr__(self) -> str:
        return f"<module '{self.name}'>"


PARENTS = {
    "KeyError": "LookupError",
    "IndexError": "LookupError",
    "ZeroDivisionError": "ArithmeticError",
    "FileNotFoundError": "OSError",
    "PermissionError": "OSError",
    "ConnectionError": "OSError",
    "BrokenPipeError": "ConnectionError",
    "ConnectionRefusedError": "ConnectionError",
    "ConnectionResetError": "ConnectionError",
    "TimeoutError": "OSError",
    "ModuleNotFoundError": "ImportError",
    "UnboundLocalError": "NameError",
    "RecursionError": "RuntimeError",
    "NotImplementedError": "RuntimeError",
    "SystemExit": "BaseException",
    "KeyboardInterrupt": "BaseException",
    "Exception": "BaseException",
}
EXCEPTIONS = {
    *PARENTS, *PARENTS.values(), "ValueError", "TypeError", "AttributeError", "AssertionError", "EOFError", "MemoryError",
    "StopIteration",
}  # fmt: skip


class ExceptionClass:
    """A name such as ValueError: calling it makes an instance."""

    def __init__(self, name: str) -> None:
        self.name = name

    def covers(self, kind: str) -> bool:
        while kind != self.name:
            if kind == "BaseException":
                return False
            kind = PARENTS.get(kind, "BaseException" if kind == "Exception" else "Exception")
        return True

    def __repr__(self) -> str:
        return f"<class '{self.name}'>"


def _bounded(size: int) -> None:
    if size > SIZE_LIMIT:
        raise PyError("MemoryError")


def _multiply(left: Value, right: Value) -> Value:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | bytes | list | tuple) and isinstance(other, int):
            _bounded(len(one) * max(0, other))
    if isinstance(left, int) and isinstance(right, int):
        _bounded(left.bit_length() + right.bit_length())
    return left * right


def _power(left: Value, right: Value) -> Value:
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        _bounded(left.bit_length() * right if right > POWER_LIMIT else 0)
    return left**right


def _shift(left: Value, right: Value) -> Value:
    if isinstance(right, int):
        _bounded(right)
    return left << right


def _percent(left: Value, right: Value) -> Value:
    if isinstance(left, str):
        _check_widths(left)
    return left % right


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, str | bytes | list | tuple) and isinstance(
        right, str | bytes | list | tuple
    ):
        _bounded(len(left) + len(right))
    return left + right


def _contains(left: Value, right: Value) -> bool:
    # A range looks for anything but an int by walking through itself.
    if isinstance(right, range) and not isinstance(left, int):
        return isinstance(left, float) and left.is_integer() and int(left) in right
    return left in right


def _check_widths(template: str) -> None:
    """A format may ask for a field of any width."""
    if "*" in template or any(int(width) > WIDTH_LIMIT for width in re.findall(r"\d+", template)):
        raise PyError("MemoryError")


def measured(value: Value) -> Value:
    """The value, unless with all that is nested in it (what is shared counts again) it is too large to walk through."""
    left = SIZE_LIMIT
    pending = [value]
    while pending:
        item = pending.pop()
        left -= 1
        if left < 0 or (isinstance(item, range) and len(item) > SIZE_LIMIT):
            raise PyError("MemoryError")
        if isinstance(item, list | tuple | set):
            left -= len(item)
            pending += [inner for inner in item if isinstance(inner, NESTED)]
        elif isinstance(item, dict):
            left -= len(item)
            pending += [inner for inner in item.values() if isinstance(inner, NESTED)]
    return value


NESTED = (list, tuple, set, dict, range)


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "Add": _add,
    "Sub": operator.sub,
    "Mult": _multiply,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": _percent,
    "Pow": _power,
    "LShift": _shift,
    "RShift": operator.rshift,
    "BitAnd": operator.and_,
    "BitOr": operator.or_,
    "BitXor": operator.xor,
}
UNARY: dict[str, Callable[[Value], Value]] = {
    "UAdd": operator.pos,
    "USub": operator.neg,
    "Not": operator.not_,
    "Invert": operator.invert,
}
COMPARE: dict[str, Callable[[Value, Value], Value]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": _contains,
    "NotIn": lambda left, right: not _contains(left, right),
}
METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        [
            "capitalize",
            "casefold",
            "count",
            "encode",
            "endswith",
            "find",
            "index",
            "isalnum",
            "isalpha",
            "isdigit",
            "isidentifier",
            "islower",
            "isnumeric",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "upper",
        ]
    ),
    bytes: frozenset(
        [
            "count",
            "decode",
            "endswith",
            "find",
            "hex",
            "index",
            "join",
            "lower",
            "lstrip",
            "replace",
            "rstrip",
            "split",
            "startswith",
            "strip",
            "upper",
        ]
    ),
    list: frozenset(
        [
            "append",
            "clear",
            "copy",
            "count",
            "extend",
            "index",
            "insert",
            "pop",
            "remove",
            "reverse",
        ]
    ),
    dict: frozenset(
        [
            "clear",
            "copy",
            "get",
            "items",
            "keys",
            "pop",
            "popitem",
            "setdefault",
            "update",
            "values",
        ]
    ),
    set: frozenset(
        [
            "add",
            "clear",
            "copy",
            "difference",
            "discard",
            "intersection",
            "isdisjoint",
            "issubset",
            "issuperset",
            "pop",
            "remove",
            "union",
            "update",
        ]
    ),
    tuple: frozenset(["count", "index"]),
    int: frozenset(["bit_length"]),
    float: frozenset(["is_integer"]),
}
WIDE_METHODS = frozenset(["center", "ljust", "rjust", "zfill"])


class Method:
    """A method bound to a value; what would grow beyond the limit fails before it does."""

    def __init__(self, value: Value, name: str) -> None:
        self.value = value
        self.name = name

    def __call__(self, *args: Value, **named: Value) -> Value:
        if self.name == "replace" and len(args) > 1:
            _bounded(self.value.count(args[0]) * len(args[1]) + len(self.value))
        elif self.name == "join":
            _bounded(sum(len(part) + len(self.value) for part in args[0]))
        elif self.name == "extend":
            _bounded(len(self.value) + len(args[0]))
        elif "key" in named:
            raise NotSimulated("key=")
        result = getattr(self.value, self.name)(*args, **named)
        if self.name in ("append", "insert", "extend", "setdefault", "update"):
            measured(self.value)
        return result


def attribute(value: Value, name: str) -> Value:
    """What `value.name` is; AttributeError as Python words it."""
    if isinstance(value, Namespace):
        if name in value.members:
            return value.members[name]
        raise PyError("AttributeError", f"module '{value.name}' has no attribute '{name}'")
    if isinstance(value, PyError) and name == "args":
        return value.values
    for kind, names in METHODS.items():
        if type(value) is kind and name in names:
            return Method(value, name)
    if isinstance(value, str) and name in WIDE_METHODS:
        return lambda width, *fill: _wide(value, name, width, fill)
    if isinstance(value, str) and name == "format":
        raise NotSimulated("str.format")
    raise PyError("AttributeError", f"'{type(value).__name__}' object has no attribute '{name}'")


def _wide(value: str, name: str, width: int, fill: tuple[str, ...]) -> str:
    _bounded(int(width))
    pad = getattr(value, name)
    result: str = pad(width, *fill)
    return result


def formatted(value: Value, spec: str) -> str:
    """f"{value:spec}"."""
    _check_widths(spec)
    return format(shown(value), spec) if isinstance(value, PyError) else format(value, spec)


def shown(value: Value) -> str:
    """str(value)."""
    return value.text if isinstance(value, PyError) else str(value)


def represented(value: Value) -> str:
    """repr(value)."""
    if isinstance(value, PyError):
        return f"{value.kind}({', '.join(map(repr, value.values))})"
    return repr(value)


def _range(*words: int) -> range:
    return range(*words)


def _sorted(values: Value, *, reverse: bool = False, key: Value = None) -> list[Value]:
    if key is not None:
        raise NotSimulated("key=")
    return sorted(values, reverse=reverse)


BUILTINS: dict[str, Callable[..., Value]] = {
    "abs": abs, "all": all, "any": any, "bin": bin, "bool": bool, "bytes": lambda *w: bytes(*w[:1]) if not w or not isinstance(w[0], int) else bytes(_small(w[0])),
    "chr": chr, "dict": dict, "divmod": divmod, "enumerate": lambda v, start=0: list(enumerate(v, start)), "float": float, "hex": hex,
    "int": int, "len": len, "list": list, "max": max, "min": min, "oct": oct, "ord": ord, "range": _range, "repr": represented,
    "reversed": lambda v: list(reversed(v)), "round": round, "set": set, "sorted": _sorted, "str": lambda v="": shown(v), "sum": sum, "tuple": tuple,
    "zip": lambda *vs: list(zip(*vs, strict=False)), "id": lambda v: 0x7F0000000000, "hash": hash, "callable": callable,
}  # fmt: skip


def _small(size: int) -> int:
    _bounded(size)
    return size

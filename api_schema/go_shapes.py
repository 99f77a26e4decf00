"""Shapes: how Go's decoder reads a value into a type, and how it names what does not fit.

A shape turns parsed JSON into the keys and types that the wire model expects: keys in their right case, null as the
zero value. The first value that does not fit, in the order of the document, is refused in Go's words.
"""

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from api_schema.go_json import GoDecodeError, GoNumber

Upgrade = Callable[[str, dict[str, Any]], None]


class Shape(Protocol):
    @property
    def go(self) -> str:
        """The Go type's name."""

    def read(self, value: Any, path: "Path") -> Any:  # noqa: ANN401 - any JSON value
        """`value` in the model's spelling; raises GoDecodeError."""

    def zero(self) -> Any:  # noqa: ANN401 - any JSON value
        """What null stands for inside a list or a map."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where in the document we are; the upgrade of older requests travels with it."""

    struct: str
    keys: tuple[str, ...] = ()
    upgrade: Upgrade | None = None

    def down(self, key: str) -> "Path":
        escaped = key.replace("~", "~0").replace("/", "~1")
        return Path(self.struct, (*self.keys, escaped), self.upgrade)

    def refuse(self, value: object, go: str) -> GoDecodeError:
        if not self.keys:
            return GoDecodeError(
                f"json: cannot unmarshal {json_kind(value)} into Go value of type {go}"
            )
        # The newer decoder tells an index from a field by its look: all digits is an index.
        what = "" if self.keys[-1].isdecimal() else "Go struct field "
        where = ".".join((self.struct, *self.keys))
        return GoDecodeError(
            f"json: cannot unmarshal {json_kind(value)} into {what}{where} of type {go}"
        )


_KINDS: dict[type, str] = {str: "string", list: "array", dict: "object"}


def json_kind(value: object) -> str:
    """What Go calls the JSON type of `value`."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return _KINDS.get(type(value), "null")


@dataclass(frozen=True, slots=True)
class Go:
    """Annotation of a field whose Go type has a name of its own, or a decoder of its own."""

    name: str
    read: Callable[[Any, Path], Any] | None = None


@dataclass(frozen=True, slots=True)
class Scalar:
    go: str
    kind: type
    empty: Any

    def read(self, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, self.kind) and isinstance(value, bool) == (self.kind is bool):
            return value
        if self.kind is int and isinstance(value, GoNumber):
            literal = value.literal
            error = str(path.refuse(value, self.go))
            raise GoDecodeError(error.replace("unmarshal number", f"unmarshal number {literal}", 1))
        raise path.refuse(value, self.go)

    def zero(self) -> Any:  # noqa: ANN401 - any JSON value
        return self.empty


@dataclass(frozen=True, slots=True)
class List:
    go: str
    item: Shape

    def read(self, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        if not isinstance(value, list):
            raise path.refuse(value, self.go)
        item = self.item
        return [
            item.zero() if entry is None else item.read(entry, path.down(str(index)))
            for index, entry in enumerate(value)
        ]

    def zero(self) -> Any:  # noqa: ANN401 - any JSON value
        return None


@dataclass(frozen=True, slots=True)
class Map:
    go: str
    item: Shape

    def read(self, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        if not isinstance(value, dict):
            raise path.refuse(value, self.go)
        item = self.item
        return {
            key: item.zero() if entry is None else item.read(entry, path.down(key))
            for key, entry in value.items()
        }

    def zero(self) -> Any:  # noqa: ANN401 - any JSON value
        return None


@dataclass(slots=True)
class Struct:
    """A struct; `struct` is what an error says before the path, `*` for the type's own name."""

    go: str
    struct: str
    fields: dict[str, tuple[str, Shape]] = field(default_factory=dict)
    model: str = ""

    def read(self, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        if not isinstance(value, dict):
            raise path.refuse(value, self.go)
        body: dict[str, Any] = {}
        for key, entry in value.items():
            known = self.fields.get(key.lower())
            if known is None:
                body.setdefault(
                    key, entry
                )  # an older version's field, perhaps: the upgrade decides
            elif entry is not None:
                body[known[0]] = known[1].read(entry, path.down(key))
        if path.upgrade:
            path.upgrade(self.model, body)
        return body

    def read_document(self, value: Any, upgrade: Upgrade | None = None) -> dict[str, Any]:  # noqa: ANN401
        """The whole document; null is the zero struct."""
        name = self.go.rpartition(".")[2] if self.struct == "*" else self.struct
        read: dict[str, Any] = self.read({} if value is None else value, Path(name, (), upgrade))
        return read

    def zero(self) -> Any:  # noqa: ANN401 - any JSON value
        return {}


@dataclass(frozen=True, slots=True)
class Nullable:
    """A pointer: null inside a list or a map stays nil."""

    go: str
    inner: Shape

    def read(self, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        return self.inner.read(value, path)

    def zero(self) -> Any:  # noqa: ANN401 - any JSON value
        return None


@dataclass(frozen=True, slots=True)
class Anything:
    """Go's interface{}, or a field with a decoder of its own."""

    go: str = "interface {}"
    decoder: Callable[[Any, Path], Any] | None = None

    def read(self, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        return self.decoder(value, path) if self.decoder else value

    def zero(self) -> Any:  # noqa: ANN401 - any JSON value
        return None


_SCALARS = {
    str: ("string", ""),
    bool: ("bool", False),
    int: ("int64", 0),
    float: ("float64", 0.0),
}
FindStruct = Callable[[Any], "Shape | None"]


def shape_of(annotation: Any, mark: Go | None, find: FindStruct) -> Shape:  # noqa: ANN401
    """The shape of a field's annotation; `mark` names its Go type where the default name is not right."""
    name = mark.name if mark else ""
    if mark and mark.read:
        return Anything(name, mark.read)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        inner_mark = next((extra for extra in arguments[1:] if isinstance(extra, Go)), mark)
        return shape_of(arguments[0], inner_mark, find)
    if origin in (typing.Union, types.UnionType):
        solid = [argument for argument in arguments if argument is not type(None)]
        inner = shape_of(solid[0], mark, find) if len(solid) == 1 else Anything()
        return Nullable(inner.go, inner)
    if origin is list or annotation is list:
        item = shape_of(arguments[0], None, find) if arguments else Anything()
        return List(name or f"[]{_star(item)}{item.go}", item)
    if origin is dict or annotation is dict:
        item = shape_of(arguments[1], None, find) if arguments else Anything()
        return Map(name or f"map[string]{_star(item)}{item.go}", item)
    if annotation in _SCALARS:
        go, zero = _SCALARS[annotation]
        return Scalar(name or go, annotation, zero)
    return find(annotation) or Anything(name or "interface {}")


def _star(item: Shape) -> str:
    """Go's lists of pointers to structs are the ones whose items may be nil here."""
    return "*" if isinstance(item, Nullable) and isinstance(item.inner, Struct) else ""

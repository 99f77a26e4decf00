"""WireModel: what every message of the Engine API is made of.

A field's name on the wire is its Python name in Go's spelling (`driver_opts` is `DriverOpts`) unless an alias says
otherwise. Whether Go would leave a field out is spelled at the field: `OmitEmpty[str]`. A nil slice or map is None
and goes out as null; an empty one goes out as `[]` or `{}`.
"""

import functools
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from api_schema.go_shapes import Go, Shape, Struct, shape_of

T = TypeVar("T")


class _OmitEmpty:
    """Marks a field that Go leaves out while it holds its zero value."""


class _OmitNil:
    """Marks a pointer field that Go leaves out while it is nil; an empty value stays."""


OmitEmpty = Annotated[T, _OmitEmpty]
OmitNil = Annotated[T, _OmitNil]

__all__ = ["Go", "OmitEmpty", "OmitNil", "WireModel", "dump", "nested_models", "shape_for"]

# Words that Go spells all in capitals; Docker's own exceptions (`Id`) are said by an alias at the field.
_CAPITALS = {"ip": "IP", "ipam": "IPAM", "ipv4": "IPv4", "ipv6": "IPv6", "dns": "DNS", "ipc": "IPC"}


def go_name(name: str) -> str:
    """`ip_address` is `IPAddress`."""
    return "".join(_CAPITALS.get(word, word[:1].upper() + word[1:]) for word in name.split("_"))


class WireModel(BaseModel):
    """A struct of Docker's API. Unknown keys are ignored, as Go ignores them."""

    model_config = ConfigDict(
        alias_generator=go_name,
        populate_by_name=True,
        extra="ignore",
        defer_build=True,
        revalidate_instances="never",
        serialize_by_alias=True,
    )

    go_type: ClassVar[str] = ""
    """The Go type that an error names, for example `network.CreateRequest`."""
    go_struct: ClassVar[str] = "*"
    """What stands before the path in an error; `*`: the type's name. Containers' create says nothing there."""


@dataclass(frozen=True, slots=True)
class _Field:
    attribute: str
    key: str
    omit: Callable[[Any], bool] | None
    plain: bool


def _is_empty(value: object) -> bool:
    """Go's omitempty: false, 0, nil, and an empty string, slice or map; never a struct."""
    return not isinstance(value, BaseModel) and not value


def _is_nil(value: object) -> bool:
    return value is None


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _is_plain(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return all(argument in _PLAIN for argument in typing.get_args(annotation))
    return annotation in _PLAIN


@functools.cache
def _plan(model: type[WireModel]) -> tuple[_Field, ...]:
    omits: dict[Any, Callable[[Any], bool]] = {_OmitEmpty: _is_empty, _OmitNil: _is_nil}
    fields = []
    for attribute, info in model.model_fields.items():
        omit = next((omits[mark] for mark in info.metadata if mark in (_OmitEmpty, _OmitNil)), None)
        key = info.serialization_alias or info.alias or go_name(attribute)
        fields.append(_Field(attribute, key, omit, _is_plain(info.annotation)))
    return tuple(fields)


Rewrite = Callable[[str, dict[str, Any]], None]
"""What the codec does to each message, nested ones included: called with the model's name and its body."""


def dump(value: Any, rewrite: Rewrite | None = None) -> Any:  # noqa: ANN401 - any JSON value
    """`value` as plain JSON types in Go's field order; maps sorted by key, as Go writes them."""
    if isinstance(value, WireModel):
        body: dict[str, Any] = {}
        for field in _plan(type(value)):
            item = getattr(value, field.attribute)
            if field.omit is None or not field.omit(item):
                body[field.key] = item if field.plain else dump(item, rewrite)
        if rewrite:
            rewrite(type(value).__name__, body)
        return body
    if isinstance(value, dict):
        return {key: dump(value[key], rewrite) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [dump(item, rewrite) for item in value]
    return value


@functools.cache
def shape_for(model: type[WireModel]) -> Struct:
    """How Go decodes this struct: its keys in lower case, and the shape of each."""
    struct = Struct(model.go_type or model.__name__, model.go_struct, {}, model.__name__)
    for attribute, info in model.model_fields.items():
        key = info.alias or go_name(attribute)
        marks = [mark for mark in info.metadata if isinstance(mark, Go)]
        shape = shape_of(info.annotation, marks[0] if marks else None, _struct_of)
        struct.fields[key.lower()] = (key, shape)
    return struct


def _struct_of(annotation: Any) -> Shape | None:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        return shape_for(annotation)
    return None


@functools.cache
def nested_models(model: type[WireModel]) -> frozenset[str]:
    """The names of `model` and of every model inside it."""
    names = {model.__name__}
    for info in model.model_fields.values():
        for inner in _models_in(info.annotation):
            names |= nested_models(inner)
    return frozenset(names)


def _models_in(annotation: Any) -> Iterable[type[WireModel]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)

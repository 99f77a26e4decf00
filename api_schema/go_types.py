"""Go types of Docker's own that decode in their own way: string slices, unsigned numbers, fixed arrays."""

from collections.abc import Callable
from typing import Annotated, Any

from api_schema.go_json import GoDecodeError, GoNumber
from api_schema.go_shapes import Go, Path, json_kind

_NOWHERE = Path("")


def _read_str_slice(value: Any, path: Path) -> list[str]:  # noqa: ANN401 - any JSON value
    """strslice.StrSlice: a list, or else one string; its own decoder knows no path."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(item is None or isinstance(item, str) for item in value):
        return [item or "" for item in value]
    raise _NOWHERE.refuse(value, "string")


def _read_unsigned(go: str, bits: int) -> Callable[[Any, Path], int]:
    def read(value: Any, path: Path) -> int:  # noqa: ANN401 - any JSON value
        plain = isinstance(value, int) and not isinstance(value, bool)
        if plain and 0 <= value < 1 << bits:
            return int(value)
        error = str(path.refuse(value, go))
        if json_kind(value) == "number":
            literal = value.literal if isinstance(value, GoNumber) else str(value)
            error = error.replace("unmarshal number", f"unmarshal number {literal}", 1)
        raise GoDecodeError(error)

    return read


def _read_size(value: Any, path: Path) -> list[int]:  # noqa: ANN401 - any JSON value
    """[2]uint: Go drops what is too much and fills up what is missing."""
    if not isinstance(value, list):
        raise path.refuse(value, "[2]uint")
    unsigned = _read_unsigned("uint", 64)
    given = [unsigned(item, path.down(str(index))) for index, item in enumerate(value[:2])]
    return given + [0] * (2 - len(given))


StrSlice = Annotated[list[str] | None, Go("strslice.StrSlice", _read_str_slice)]
Int = Annotated[int, Go("int")]
Uint16 = Annotated[int, Go("uint16", _read_unsigned("uint16", 16))]
Uint64 = Annotated[int, Go("uint64", _read_unsigned("uint64", 64))]
FileMode = Annotated[int, Go("fs.FileMode", _read_unsigned("fs.FileMode", 32))]
Duration = Annotated[int, Go("time.Duration")]
Size = Annotated[list[int], Go("[2]uint", _read_size)]
OptionalSize = Annotated[list[int] | None, Go("[2]uint", _read_size)]
"""A pointer to [2]uint: absent stays None."""

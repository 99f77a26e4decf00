"""JSON as Go's encoding/json reads and writes it.

Keys match in any case, null means the zero value, the first value of the wrong type is reported by its Go type and
path, and what comes out is raw UTF-8 with a newline at its end.
"""

import json
import re
from typing import Any, NoReturn

from api_schema import go_syntax

_PARSE_ONLY_WHITESPACE = re.compile(r"[ \t\r\n]*")
# int64 has at most 19 digits: a number without that many cannot overflow, and needs no look at its text.
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


class GoDecodeError(ValueError):
    """A body that Go would not decode; the message is Go's, without dockerd's `invalid JSON: `."""


class EmptyBody(GoDecodeError):
    """No value at all, where Go reports io.EOF."""


class TrailingContent(GoDecodeError):
    """A second value behind the first."""


class GoNumber(float):
    """A number that no Go integer can hold; it remembers its literal, which the error quotes."""

    literal: str

    def __new__(cls, literal: str) -> "GoNumber":
        number = super().__new__(cls, literal)
        number.literal = literal
        return number


def _integer(literal: str) -> int | GoNumber:
    number = int(literal) if len(literal) < 40 else 1 << 64
    return number if -(1 << 63) <= number < (1 << 64) else GoNumber(literal)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_float=GoNumber, parse_constant=_not_json)
_CAREFUL_DECODER = json.JSONDecoder(
    parse_float=GoNumber, parse_int=_integer, parse_constant=_not_json
)


def parse(raw: bytes, *, alone: bool = True) -> Any:  # noqa: ANN401 - any JSON value
    """The first JSON value of `raw`, as Go's Decoder reads it; it may have to be `alone`. Raises GoDecodeError."""
    text = raw.decode("utf-8", "replace")
    start = _PARSE_ONLY_WHITESPACE.match(text).end()  # type: ignore[union-attr]
    if start == len(text):
        raise EmptyBody("EOF")
    decoder = _CAREFUL_DECODER if _LONG_NUMBER.search(raw) else _DECODER
    try:
        value, end = decoder.raw_decode(text, start)
    except RecursionError:
        raise GoDecodeError("exceeded max depth") from None
    except ValueError:
        raise GoDecodeError(go_syntax.explain(text)) from None
    if alone and text[end:].strip(" \t\r\n")[:1] not in ("", "]", "}"):
        raise TrailingContent("unexpected content after JSON")
    return value


def unmarshal(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """`raw` as a whole, as json.Unmarshal reads it; raises GoDecodeError."""
    text = raw.decode("utf-8", "replace")
    try:
        value, end = _DECODER.raw_decode(text, _PARSE_ONLY_WHITESPACE.match(text).end())  # type: ignore[union-attr]
    except RecursionError:
        raise GoDecodeError("exceeded max depth") from None
    except ValueError:
        why = go_syntax.explain(text)
        cut = why == go_syntax.ENDS_TOO_EARLY
        raise GoDecodeError("unexpected end of JSON input" if cut else why) from None
    behind = text[end:].lstrip(" \t\r\n")
    if behind:
        what = go_syntax.quoted(behind[0])
        raise GoDecodeError(f"invalid character {what} after top-level value")
    return value


# Half a character, which JSON's escapes and undecodable file names leave behind.
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


_FOR_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def marshal(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """`value` as json.Marshal writes it: no newline, and safe inside HTML, which dockerd's replies are not."""
    return _bytes(_ENCODER.encode(value).translate(_FOR_HTML))


def encode(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """`value` as an Encoder of dockerd's replies writes it: newline included, nothing escaped for HTML.

    Key order is the caller's.
    """
    return _bytes(_ENCODER.encode(value)) + b"\n"


def _bytes(text: str) -> bytes:
    if "\u2028" in text or "\u2029" in text:
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text).encode()

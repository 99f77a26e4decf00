"""Content-Type as Go's mime.ParseMediaType reads it, and what it says of a broken one."""

import re

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE = re.compile(rf"({_TOKEN})(.*)", re.DOTALL)
_SUBTYPE = re.compile(rf"/({_TOKEN})?(.*)", re.DOTALL)
_PARAMETER = re.compile(rf"\s*{_TOKEN}=(\"([^\"\\]|\\.)*\"|[^\s;\"]+)\s*")


def media_type(declared: str) -> str:
    """The type in lower case, without its parameters; ValueError with Go's text."""
    given, *parameters = declared.split(";")
    given = given.strip()
    if fault := _fault(given):
        raise ValueError(f"mime: {fault}")
    if any(not _PARAMETER.fullmatch(parameter) for parameter in parameters if parameter):
        raise ValueError("mime: invalid media parameter")
    return given.lower()


def _fault(given: str) -> str:
    first = _TYPE.fullmatch(given)
    if not first:
        return "no media type"
    rest = first.group(2)
    if not rest:
        return ""
    second = _SUBTYPE.fullmatch(rest)
    if not second:
        return "expected slash after first token"
    if not second.group(1):
        return "expected token after slash"
    return "unexpected content after media subtype" if second.group(2) else ""

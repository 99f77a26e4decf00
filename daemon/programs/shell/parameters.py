"""What `${...}` does to a value: pure functions on text and lists."""

import re
from collections.abc import Callable

from daemon.programs.common import glob


def remove_prefix(value: str, pattern: str, *, longest: bool, extended: bool) -> str:
    """`${x#pattern}` and `${x##pattern}`."""
    length = glob.prefix(pattern, value, longest=longest, extended=extended)
    return value[length:] if length else value


def remove_suffix(value: str, pattern: str, *, longest: bool, extended: bool) -> str:
    """`${x%pattern}` and `${x%%pattern}`."""
    length = glob.suffix(pattern, value, longest=longest, extended=extended)
    return value[: len(value) - length] if length else value


def replace(
    value: str, pattern: str, replacement: Callable[[str], str], how: str, *, extended: bool
) -> str:
    """`${x/pattern/text}`; `how` is "/", "//", "/#" or "/%". The longest match is replaced."""
    anchor = how[1:].strip("/")
    if not pattern and not anchor:
        return value
    regex = glob.anywhere(pattern, extended=extended, anchor=anchor)

    def put(matched: re.Match[str]) -> str:
        return replacement(matched.group()) if matched.group() or anchor else ""

    return regex.sub(put, value, count=0 if how == "//" else 1)


def with_ampersand(replacement: str) -> Callable[[str], str]:
    """bash's replacement text, in which an unquoted `&` is what matched (`replacement` is a pattern text)."""
    pieces = re.split(r"(\\.|&)", replacement, flags=re.DOTALL)

    def build(matched: str) -> str:
        return "".join(
            matched if piece == "&" else piece[1:] if piece[:1] == "\\" else piece
            for piece in pieces
        )

    return build


def change_case(value: str, pattern: str, op: str, *, extended: bool) -> str:
    """`${x^}`, `${x^^}`, `${x,}`, `${x,,}`, `${x~}`, `${x~~}`, for the characters that match `pattern` (all if empty)."""
    change = {"^": str.upper, ",": str.lower, "~": str.swapcase}[op[0]]
    regex = glob.whole(pattern or "?", extended=extended)
    if len(op) == 1:
        head = value[:1]
        return (change(head) if regex.fullmatch(head) else head) + value[1:]
    return "".join(change(char) if regex.fullmatch(char) else char for char in value)


def substring(value: str, offset: int, length: int | None) -> str | None:
    """`${x:offset:length}`; None if the length points before the start."""
    start = offset + len(value) if offset < 0 else offset
    if start < 0 or start > len(value):
        return ""
    if length is None:
        return value[start:]
    end = len(value) + length if length < 0 else start + length
    return None if end < start else value[start:end]


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
_NAMED["\x1b"] = "\\E"


def quote(value: str) -> str:
    """`${x@Q}`: single quotes, or `$'...'` if there are control characters."""
    if _CONTROL.search(value):
        body = value.replace("\\", "\\\\").replace("'", "\\'")
        body = _CONTROL.sub(lambda m: _NAMED.get(m.group(), f"\\{ord(m.group()):03o}"), body)
        return f"$'{body}'"
    return single_quote(value)


def single_quote(value: str) -> str:
    """The text in single quotes, as bash writes it."""
    return "'" + value.replace("'", "'\\''") + "'"


def posix_quote(value: str) -> str:
    """The text in single quotes, as ash and dash write it."""
    return "'" + value.replace("'", "'\"'\"'") + "'"


_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def quote_if_needed(value: str) -> str:
    """As bash lists values (`set`, `set -x`): bare where nothing in it is special."""
    if _CONTROL.search(value):
        return quote(value)
    return value if _PLAIN.fullmatch(value) else single_quote(value)


def backslash_quote(value: str) -> str:
    """`printf %q`."""
    if not value:
        return "''"
    if _CONTROL.search(value):
        return quote(value)
    return re.sub(r"([^A-Za-z0-9_@%+=:./\-\u0080-\U0010ffff])", r"\\\1", value)


def double_quote(value: str) -> str:
    """As `declare -p` and `export -p` of bash show values."""
    if _CONTROL.search(value):
        return quote(value)
    return '"' + re.sub(r'([$`"\\])', r"\\\1", value) + '"'

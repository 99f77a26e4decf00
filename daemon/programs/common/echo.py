"""echo, for the shells and the program."""

import re

from daemon.programs.common.escapes import byte_text, rejoined

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
}
_EXTENDED = {**_SIMPLE, "E": "\x1b"}
_ESCAPE = re.compile(
    r"\\(?:(?P<letter>[abeEfnrtv\\])|0(?P<octal>[0-7]{0,3})|x(?P<hex>[0-9a-fA-F]{1,2})"
    r"|u(?P<short>[0-9a-fA-F]{1,4})|U(?P<long>[0-9a-fA-F]{1,8})|(?P<end>c)|(?P<bare>[1-7][0-7]{0,2}))"
)


def unescape(text: str, *, extended: bool = True, bare_octal: bool = False) -> tuple[str, bool]:
    """The text with echo's escapes replaced, and whether `\\c` ended it.

    `extended` adds \\E, \\x, \\u; `bare_octal` is printf's %b, in which the leading zero may be left out.
    """
    table = _EXTENDED if extended else _SIMPLE
    out: list[str] = []
    pos = 0
    for matched in _ESCAPE.finditer(text):
        if matched.start() < pos:
            continue
        replacement = _replacement(matched, table, extended, bare_octal)
        if replacement is None:
            continue
        out.append(text[pos : matched.start()])
        if matched.group("end"):
            return rejoined("".join(out)), True
        out.append(replacement)
        pos = matched.end()
    return rejoined("".join(out) + text[pos:]), False


def _replacement(
    matched: re.Match[str], table: dict[str, str], extended: bool, bare_octal: bool
) -> str | None:
    if letter := matched.group("letter"):
        return table.get(letter)
    if matched.group("end"):
        return ""
    if (octal := matched.group("octal")) is not None:
        return byte_text(int(octal or "0", 8))
    if bare := matched.group("bare"):
        return byte_text(int(bare, 8)) if bare_octal else None
    if not extended:
        return None
    if code := matched.group("hex"):
        return byte_text(int(code, 16))
    return chr(int(matched.group("short") or matched.group("long"), 16))


def render(args: list[str], style: str) -> str:
    """What `echo args...` writes, newline included, in the `style` of ash, dash, bash or gnu."""
    if style == "dash":
        return _render_dash(args)
    newline, escapes = True, False
    while args and re.fullmatch(r"-[neE]+", args[0]):
        for letter in args[0][1:]:
            if letter == "n":
                newline = False
            else:
                escapes = letter == "e"
        args = args[1:]
    text = " ".join(args)
    if escapes and "\\" in text:
        text, ended = unescape(text)
        newline = newline and not ended
    return text + "\n" if newline else text


def _render_dash(args: list[str]) -> str:
    newline = True
    if args and args[0] == "-n":
        newline, args = False, args[1:]
    text = " ".join(args)
    if "\\" in text:
        text, ended = unescape(text, extended=False)
        newline = newline and not ended
    return text + "\n" if newline else text

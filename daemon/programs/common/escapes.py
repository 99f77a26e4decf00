"""Backslash escapes, as echo, printf and `$'...'` read them."""

import os
import re

_LETTERS = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "?": "?",
}
_ESCAPE = re.compile(
    r"\\(?:([abeEfnrtv\\'\"?])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})"
    r"|U([0-9a-fA-F]{1,8})|c(.))",
    re.DOTALL,
)


def byte_text(value: int) -> str:
    """One byte as text (a byte that is no UTF-8 by itself becomes a surrogate escape)."""
    return os.fsdecode(bytes([value & 0xFF]))


def rejoined(text: str) -> str:
    """Let neighbouring surrogate escapes that form UTF-8 become the characters they stand for."""
    return os.fsdecode(os.fsencode(text))


def _ansi_c(matched: re.Match[str]) -> str:
    letter, octal, hexadecimal, short, long, control = matched.groups()
    if letter:
        return _LETTERS[letter]
    if octal:
        return byte_text(int(octal, 8))
    if hexadecimal:
        return byte_text(int(hexadecimal, 16))
    if short or long:
        return chr(int(short or long, 16))
    return byte_text(ord(control) & 0x1F)


def ansi_c(text: str) -> str:
    """The value of the inside of `$'...'`; it ends at a NUL."""
    return rejoined(_ESCAPE.sub(_ansi_c, text)).split("\0", 1)[0]

"""Sizes as people write them (`10m`, `1.5GiB`), read as Docker's units library reads them."""

from __future__ import annotations

import re

SUFFIXES = "kmgtp"
DECIMAL, BINARY = 1000, 1024
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


def parse_size(text: str, base: int) -> int:
    """In bytes. ValueError with the library's words."""
    ends = [position for position, letter in enumerate(text) if letter in "0123456789. "]
    if not ends:
        raise ValueError(f"invalid size: '{text}'")
    at = ends[-1]
    number, suffix = text[:at] if text[at] == " " else text[: at + 1], text[at + 1 :]
    if not _NUMBER.fullmatch(number):
        raise ValueError(f'strconv.ParseFloat: parsing "{number}": invalid syntax')
    size = float(number)
    if size < 0:
        raise ValueError(f"invalid size: '{text}'")
    return int(size * _factor(suffix, base))


def _factor(suffix: str, base: int) -> int:
    lower = suffix.lower()
    if lower in ("", "b"):
        return 1
    if lower[0] not in SUFFIXES or lower[1:] not in ("", "b", "ib"):
        raise ValueError(f"invalid suffix: '{suffix}'")
    # Ten kibibytes are ten kilobytes to it: the base is the caller's alone.
    return int(base ** (SUFFIXES.index(lower[0]) + 1))


def parse_bool(text: str) -> bool:
    """As strconv.ParseBool; ValueError with its words."""
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def parse_int(text: str) -> int:
    """As strconv.Atoi; ValueError with its words."""
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)

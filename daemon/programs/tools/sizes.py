"""Sizes: `4k` and `10M` in, `1.5K` out."""

import re

_SUFFIXES = {"": 1, "c": 1, "w": 2, "b": 512, "k": 1024, "kB": 1000, "K": 1024, "KB": 1000}
for _power, _letter in enumerate("MGTPE", start=2):
    _SUFFIXES[_letter] = 1024**_power
    _SUFFIXES[_letter.lower()] = 1024**_power
    _SUFFIXES[_letter + "B"] = 1000**_power
    _SUFFIXES[_letter + "iB"] = 1024**_power
_SUFFIXES["KiB"] = 1024


def parse_size(text: str) -> int | None:
    """A count with an optional multiplier; None if it is none."""
    found = re.fullmatch(r"(\d+)([A-Za-z]*)", text)
    if not found or found[2] not in _SUFFIXES:
        return None
    return int(found[1]) * _SUFFIXES[found[2]]


def human(size: int, *, round_up: bool = True, decimals_to: int = 10) -> str:
    """As `ls -h` shows it: one decimal below ten, GNU rounding up and busybox to the nearest."""
    if size < 1024:
        return str(size)
    value = float(size)
    for unit in "KMGTPE":
        value /= 1024
        if value < 1024 or unit == "E":
            return f"{_rounded(value, round_up, decimals_to)}{unit}"
    raise AssertionError("unreachable: E ends the loop")


def _rounded(value: float, round_up: bool, decimals_to: int) -> str:
    step = 10 if value < decimals_to else 1
    scaled = value * step
    whole = int(scaled)
    if round_up and scaled > whole:
        whole += 1
    elif not round_up:
        whole = int(scaled + 0.5)
    if step == 10 and whole >= 100 and round_up:
        return str((whole + 9) // 10)
    return f"{whole / 10:.1f}" if step == 10 else str(whole)

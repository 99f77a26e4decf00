"""File modes: `rwxr-xr-x` out, octal and symbolic modes in."""

import re
import stat
from collections.abc import Callable

mode_string = stat.filemode

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)")
_ACTION = re.compile(r"([-+=])([ugo]|[rwxXst]*)")
_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007}
_PERMISSIONS = {"r": 0o444, "w": 0o222, "x": 0o111}

ModeChange = Callable[[int], int]


def parse_mode(text: str, umask: int) -> ModeChange | None:
    """What `text` does to a mode (type bits and all); None if it is no mode.

    Without "ugoa" a symbolic mode leaves alone what the umask masks.
    """
    if re.fullmatch(r"[0-7]{1,5}", text):
        bits = int(text, 8)
        return lambda mode: (mode & ~0o7777) | (bits & 0o7777)
    clauses = text.split(",")
    if not all(_CLAUSE.fullmatch(clause) for clause in clauses):
        return None

    def change(mode: int) -> int:
        for clause in clauses:
            mode = _apply(mode, clause, umask)
        return mode

    return change


def _apply(mode: int, clause: str, umask: int) -> int:
    found = _CLAUSE.fullmatch(clause)
    who_text = found[1] if found else ""
    actions = found[2] if found else ""
    everyone = "a" in who_text or not who_text
    who = 0o7777 if everyone else 0
    for letter in who_text.replace("a", ""):
        who |= _WHO[letter]
    if not who_text:
        who &= ~umask
    for sign, letters in _ACTION.findall(actions):
        bits = _bits(mode, letters) & who
        if sign == "+":
            mode |= bits
        elif sign == "-":
            mode &= ~bits
        else:
            mode = (mode & ~(who & 0o7777)) | bits
    return mode


def _bits(mode: int, letters: str) -> int:
    if letters in ("u", "g", "o"):
        three = (mode >> {"u": 6, "g": 3, "o": 0}[letters]) & 7
        return three * 0o111
    bits = 0
    for letter in letters:
        if letter == "s":
            bits |= 0o6000
        elif letter == "t":
            bits |= 0o1000
        elif letter == "X":
            bits |= 0o111 if stat.S_ISDIR(mode) or mode & 0o111 else 0
        else:
            bits |= _PERMISSIONS[letter]
    return bits

"""File modes in numbers and in symbols."""

import re

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_ACTION = re.compile(r"([-+=])([rwxXst]*|[ugo])")
_BITS = {"r": 4, "w": 2, "x": 1}
_SHIFTS = {"u": 6, "g": 3, "o": 0}


def symbolic_umask(mask: int) -> str:
    """`umask -S`: what is allowed."""
    return ",".join(f"{who}={permissions((~mask >> _SHIFTS[who]) & 7)}" for who in "ugo")


def permissions(bits: int) -> str:
    """Three bits as a subset of `rwx`."""
    return "".join(letter for letter in "rwx" if bits & _BITS[letter])


def umask_of(text: str, current: int) -> int | None:
    """The mask that umask's argument means, None if it is no mode."""
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8) & 0o777
    if text[:1].isdigit():
        return None
    allowed = changed_mode(text, ~current & 0o777, is_dir=False, umask=0)
    return None if allowed is None else ~allowed & 0o777


def changed_mode(text: str, mode: int, *, is_dir: bool, umask: int) -> int | None:
    """The mode after chmod's symbolic or octal `text`; None if it is no mode."""
    if re.fullmatch(r"[0-7]{1,5}", text):
        return int(text, 8) & 0o7777
    for clause in text.split(","):
        matched = _CLAUSE.fullmatch(clause)
        if matched is None:
            return None
        for sign, what in _ACTION.findall(matched.group(2)):
            mode = _apply(mode, matched.group(1), sign, what, is_dir, umask)
    return mode


def _apply(mode: int, who: str, sign: str, what: str, is_dir: bool, umask: int) -> int:
    targets = "ugo" if not who or "a" in who else who
    before = mode
    for target in targets:
        shift = _SHIFTS[target]
        if what in _SHIFTS:
            bits = (before >> _SHIFTS[what]) & 7
        else:
            executable = "X" in what and (is_dir or before & 0o111)
            bits = sum(_BITS[letter] for letter in "rwx" if letter in what) | bool(executable)
        mask = bits << shift
        special = (
            (0o4000 if target == "u" else 0o2000 if target == "g" else 0) if "s" in what else 0
        )
        if not who:
            mask &= ~umask
        if sign == "=":
            mode &= ~(7 << shift)
            mode &= ~{"u": 0o4000, "g": 0o2000, "o": 0}[target] if not is_dir else ~0
        mode = mode & ~(mask | special) if sign == "-" else mode | mask | special
    if "t" in what:
        mode = mode & ~0o1000 if sign == "-" else mode | 0o1000
    return mode

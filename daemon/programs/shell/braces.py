"""Brace expansion, bash's `{a,b}` and `{1..5}`: done on the unexpanded word, since it is purely textual."""

import re
from itertools import pairwise

from daemon.programs.shell.syntax import Lit, Part, Word

_SEQUENCE = re.compile(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?\Z")
WORDS_MAX = 200_000
"""An expression that stands for more words stays as it is: it would fill this machine's memory."""
Item = str | Part
"""One unquoted character, or an unsplittable part."""


def expand(word: Word) -> list[Word]:
    """All words that `word` stands for; `[word]` when it holds no valid brace expression."""
    items: list[Item] = []
    for part in word.parts:
        if isinstance(part, Lit):
            items.extend(part.text)
        else:
            items.append(part)
    expanded = _expand(items)
    return [word] if expanded == [items] else [Word(_joined(one)) for one in expanded if one]


def _expand(items: list[Item]) -> list[list[Item]]:
    for start, item in enumerate(items):
        if item != "{":
            continue
        found = _alternatives(items, start)
        if found is None:
            continue
        alternatives, end = found
        head = items[:start]
        tails = _expand(items[end + 1 :])
        if len(alternatives) * len(tails) > WORDS_MAX:
            break
        return [head + middle + tail for middle in alternatives for tail in tails]
    return [items]


def _alternatives(items: list[Item], start: int) -> tuple[list[list[Item]], int] | None:
    """What the brace at `start` offers, and where it closes."""
    depth = 0
    commas: list[int] = []
    for pos in range(start, len(items)):
        item = items[pos]
        depth += (item == "{") - (item == "}")
        if item == "," and depth == 1:
            commas.append(pos)
        if not depth:
            return _between(items, start, pos, commas)
    return None


def _between(
    items: list[Item], start: int, end: int, commas: list[int]
) -> tuple[list[list[Item]], int] | None:
    if commas:
        edges = [start, *commas, end]
        offered: list[list[Item]] = []
        for left, right in pairwise(edges):
            offered.extend(_expand(items[left + 1 : right]))
        return offered, end
    inner = items[start + 1 : end]
    if all(isinstance(item, str) for item in inner):
        sequence = _sequence("".join(map(str, inner)))
        if sequence is not None:
            return [list(text) for text in sequence], end
    return None


def _sequence(text: str) -> list[str] | None:
    matched = _SEQUENCE.match(text)
    if matched is None:
        return None
    first, last, step_text = matched.groups()
    step = abs(int(step_text or 1)) or 1
    numeric = first.lstrip("-").isdigit(), last.lstrip("-").isdigit()
    if numeric == (True, True):
        width = max(len(first), len(last)) if _padded(first) or _padded(last) else 0
        numbers = _range(int(first), int(last), step)
        return [f"{n:0{width}d}" for n in numbers] if len(numbers) <= WORDS_MAX else None
    if numeric == (False, False):
        return [chr(n) for n in _range(ord(first), ord(last), step)]
    return None


def _padded(text: str) -> bool:
    digits = text.lstrip("-")
    return len(digits) > 1 and digits[0] == "0"


def _range(first: int, last: int, step: int) -> range:
    return range(first, last + 1, step) if first <= last else range(first, last - 1, -step)


def _joined(items: list[Item]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for item in items:
        if not isinstance(item, str):
            parts.append(item)
        elif parts and isinstance(parts[-1], Lit):
            parts[-1] = Lit(parts[-1].text + item)
        else:
            parts.append(Lit(item))
    return tuple(parts)

"""Shell patterns: `*`, `?`, brackets with classes, and bash's extended forms.

A plain pattern becomes a regular expression that never backtracks over more than one star, so that no script can
stall the daemon with one; only bash's extended patterns are left to the regular expression engine's mercy.
"""

import re
from functools import lru_cache

_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t\n\r\f\v",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "print": r" -~",
    "graph": r"!-~",
    "cntrl": r"\x00-\x1f\x7f",
    "xdigit": "0-9A-Fa-f",
}
_NAMED = re.compile(r"\[:(\w+):\]|\[([.=])(.+?)\2\]")
_EXTENDED = re.compile(r"[?*+@!]\(")
_AFTER = {"?": ")?", "*": ")*", "+": ")+", "@": ")"}
_STAR = ".*"


def escape(text: str) -> str:
    """A pattern that matches `text` and nothing else."""
    return re.sub(r"([*?\[\]\\(|)!+@])", r"\\\1", text)


def unescape(pattern: str) -> str:
    """The text that a pattern without magic stands for."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL) if "\\" in pattern else pattern


def has_magic(text: str, *, extended: bool = False) -> bool:
    """Whether `text`, unquoted, would be taken for a pattern."""
    if "*" in text or "?" in text or "[" in text:
        return True
    return extended and _EXTENDED.search(text) is not None


def matches(pattern: str, text: str, *, extended: bool = False, ignore_case: bool = False) -> bool:
    """Whether all of `text` matches `pattern`, in which a backslash quotes the next character."""
    regex = whole(pattern, extended=extended, ignore_case=ignore_case)
    return regex.fullmatch(text) is not None


@lru_cache(maxsize=2000)
def whole(pattern: str, *, extended: bool = False, ignore_case: bool = False) -> re.Pattern[str]:
    """A regular expression for `fullmatch`."""
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.compile(_source(pattern, extended, lazy=False), flags)


@lru_cache(maxsize=500)
def anywhere(pattern: str, *, extended: bool = False, anchor: str = "") -> re.Pattern[str]:
    """A regular expression for the longest match somewhere; `anchor` `#` or `%` ties it to the start or end."""
    source = _source(pattern, extended, lazy=False)
    before, after = r"\A" if anchor == "#" else "", r"\Z" if anchor == "%" else ""
    return re.compile(f"{before}(?:{source}){after}", re.DOTALL)


def prefix(pattern: str, text: str, *, longest: bool, extended: bool = False) -> int | None:
    """How long the shortest or longest beginning of `text` is that matches; None if none does."""
    if extended and _EXTENDED.search(pattern):
        lengths = range(len(text), -1, -1) if longest else range(len(text) + 1)
        regex = whole(pattern, extended=True)
        return next((length for length in lengths if regex.fullmatch(text, 0, length)), None)
    matched = _prefix(pattern, longest, False).match(text)
    return None if matched is None else matched.end()


def suffix(pattern: str, text: str, *, longest: bool, extended: bool = False) -> int | None:
    """How long the shortest or longest end of `text` is that matches; None if none does."""
    if extended and _EXTENDED.search(pattern):
        starts = range(len(text) + 1) if longest else range(len(text), -1, -1)
        regex = whole(pattern, extended=True)
        start = next((start for start in starts if regex.fullmatch(text, start)), None)
        return None if start is None else len(text) - start
    matched = _prefix(pattern, longest, True).match(text[::-1])
    return None if matched is None else matched.end()


@lru_cache(maxsize=500)
def _prefix(pattern: str, longest: bool, backwards: bool) -> re.Pattern[str]:
    tokens = _Pattern(pattern).tokens()
    return re.compile(_join(tokens[::-1] if backwards else tokens, not longest), re.DOTALL)


def _source(pattern: str, extended: bool, *, lazy: bool) -> str:
    if extended and _EXTENDED.search(pattern):
        return _Pattern(pattern).extended()
    return _join(_Pattern(pattern).tokens(), lazy)


def _join(tokens: list[str], lazy: bool) -> str:
    """One expression; every star but the last takes as little as it can and is never reconsidered."""
    runs: list[list[str]] = [[]]
    for token in tokens:
        if token == _STAR:
            runs.append([])
        else:
            runs[-1].append(token)
    first, *rest = ["".join(run) for run in runs]
    if not rest:
        return first
    last = ".*?" if lazy else ".*"
    return first + "".join(f"(?>.*?{run})" for run in rest[:-1]) + last + rest[-1]


class _Pattern:
    """One pass over a pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0

    def tokens(self) -> list[str]:
        """One regular expression per character to be matched, `.*` for a run of stars."""
        tokens: list[str] = []
        while self.pos < len(self.text):
            token = self._token()
            if token != _STAR or not tokens or tokens[-1] != _STAR:
                tokens.append(token)
        return tokens

    def extended(self, *, nested: bool = False) -> str:
        """The whole as one regular expression, bash's extended forms included; a nested one ends at `|` or `)`."""
        out: list[str] = []
        while self.pos < len(self.text):
            if nested and self.text[self.pos] in "|)":
                break
            if _EXTENDED.match(self.text, self.pos):
                out.append(self._alternatives())
            else:
                out.append(self._token())
        return "".join(out)

    def _token(self) -> str:
        char = self.text[self.pos]
        self.pos += 1
        if char == "*":
            return _STAR
        if char == "?":
            return "."
        if char == "[":
            return self._bracket()
        if char == "\\" and self.pos < len(self.text):
            char = self.text[self.pos]
            self.pos += 1
        return re.escape(char)

    def _alternatives(self) -> str:
        start, kind = self.pos, self.text[self.pos]
        self.pos += 2
        choices = [self.extended(nested=True)]
        while self.text[self.pos : self.pos + 1] == "|":
            self.pos += 1
            choices.append(self.extended(nested=True))
        if self.text[self.pos : self.pos + 1] != ")":
            self.pos = start
            return self._token()
        self.pos += 1
        body = "|".join(choices)
        if kind != "!":
            return f"(?:{body}{_AFTER[kind]}"
        saved = self.pos
        rest = self.extended()
        self.pos = saved
        return f"(?!(?:{body}){rest}\\Z).*?" if rest else f"(?!(?:{body})\\Z).*"

    # ---- brackets ---------------------------------------------------------------------------------

    def _bracket(self) -> str:
        end = self._bracket_end()
        if end < 0:
            return r"\["
        body = self.text[self.pos : end]
        self.pos = end + 1
        negated = body[:1] in ("!", "^")
        inside = _bracket_body(body[1:] if negated else body)
        if not inside:
            return "." if negated else "(?!)"
        return f"[{'^' if negated else ''}{inside}]"

    def _bracket_end(self) -> int:
        pos = self.pos
        if self.text[pos : pos + 1] in ("!", "^"):
            pos += 1
        first = pos
        while pos < len(self.text):
            if self.text[pos] == "]" and pos > first:
                return pos
            named = _NAMED.match(self.text, pos)
            if named:
                pos = named.end()
            else:
                pos += 2 if self.text[pos] == "\\" else 1
        return -1


def _bracket_body(body: str) -> str:
    out: list[str] = []
    items: list[str] = []
    pos = 0
    while pos < len(body):
        named = _NAMED.match(body, pos)
        if named and named.group(1):
            out.append(_CLASSES.get(named.group(1), ""))
        elif named:
            items.append(named.group(3))
        elif body[pos] == "\\" and pos + 1 < len(body):
            items.append("\\" + body[pos + 1])
        else:
            items.append(body[pos])
        pos = named.end() if named else pos + len(items[-1])
    return "".join(out) + _ranges(items)


def _ranges(items: list[str]) -> str:
    out: list[str] = []
    pos = 0
    while pos < len(items):
        first = items[pos][-1]
        if pos + 2 < len(items) and items[pos + 1] == "-":
            last = items[pos + 2][-1]
            if first <= last:
                out.append(f"{re.escape(first)}-{re.escape(last)}")
            pos += 3
        else:
            out.append(re.escape(first))
            pos += 1
    return "".join(out)

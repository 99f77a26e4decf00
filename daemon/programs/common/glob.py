"""Shell patterns: `*`, `?`, brackets with classes, and bash's extended forms, as regular expressions."""

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
_SPECIAL = re.compile(r"[*?\[\\]")
_EXTENDED = {"?": ")?", "*": ")*", "+": ")+", "@": ")"}


def escape(text: str) -> str:
    """A pattern that matches `text` and nothing else."""
    return re.sub(r"([*?\[\]\\(|)!+@])", r"\\\1", text)


def has_magic(text: str, *, extended: bool = False) -> bool:
    """Whether `text`, unquoted, would be taken for a pattern."""
    if "*" in text or "?" in text or "[" in text:
        return True
    return extended and re.search(r"[+@!]\(", text) is not None


@lru_cache(maxsize=2000)
def compiled(pattern: str, *, extended: bool = False, ignore_case: bool = False) -> re.Pattern[str]:
    """The regular expression for `pattern`, in which a backslash quotes the next character."""
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.compile(_Translator(pattern, extended).translate(), flags)


def matches(pattern: str, text: str, *, extended: bool = False, ignore_case: bool = False) -> bool:
    """Whether all of `text` matches `pattern`."""
    return compiled(pattern, extended=extended, ignore_case=ignore_case).fullmatch(text) is not None


def unescape(pattern: str) -> str:
    """The text that a pattern without magic stands for."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL) if "\\" in pattern else pattern


class _Translator:
    """One pass over a pattern; a nested extended pattern ends at `|` or `)`."""

    def __init__(self, pattern: str, extended: bool) -> None:
        self.pattern = pattern
        self.extended = extended
        self.pos = 0

    def translate(self, nested: bool = False) -> str:
        out: list[str] = []
        while self.pos < len(self.pattern):
            char = self.pattern[self.pos]
            if nested and char in "|)":
                break
            followed = self.pattern[self.pos + 1 : self.pos + 2] == "("
            if self.extended and followed and char in "?*+@!":
                out.append(self._extended(char))
            else:
                out.append(self._single(char))
        return "".join(out)

    def _single(self, char: str) -> str:
        self.pos += 1
        if char == "*":
            while self.pattern[self.pos : self.pos + 1] == "*":
                self.pos += 1
            return ".*"
        if char == "?":
            return "."
        if char == "[":
            return self._bracket()
        if char == "\\" and self.pos < len(self.pattern):
            char = self.pattern[self.pos]
            self.pos += 1
        return re.escape(char)

    def _extended(self, kind: str) -> str:
        start = self.pos
        self.pos += 2
        alternatives = [self.translate(nested=True)]
        while self.pattern[self.pos : self.pos + 1] == "|":
            self.pos += 1
            alternatives.append(self.translate(nested=True))
        if self.pattern[self.pos : self.pos + 1] != ")":
            self.pos = start + 1
            return re.escape(kind) if kind not in "*?" else {"*": ".*", "?": "."}[kind]
        self.pos += 1
        body = "|".join(alternatives)
        if kind == "!":
            saved = self.pos
            rest = self.translate()
            self.pos = saved
            return f"(?!(?:{body}){rest}\\Z).*?" if rest else f"(?!(?:{body})\\Z).*"
        return f"(?:{body}{_EXTENDED[kind]}"

    def _bracket(self) -> str:
        end = self._bracket_end()
        if end < 0:
            return r"\["
        body = self.pattern[self.pos : end]
        self.pos = end + 1
        negated = body[:1] in ("!", "^")
        inside = _bracket_body(body[1:] if negated else body)
        if not inside:
            return "(?!)" if not negated else "."
        return f"[{'^' if negated else ''}{inside}]"

    def _bracket_end(self) -> int:
        pos = self.pos
        if self.pattern[pos : pos + 1] in ("!", "^"):
            pos += 1
        first = pos
        while pos < len(self.pattern):
            char = self.pattern[pos]
            if char == "]" and pos > first:
                return pos
            if char == "[" and self.pattern[pos + 1 : pos + 2] in (":", ".", "="):
                close = self.pattern.find(self.pattern[pos + 1] + "]", pos + 2)
                pos = close + 1 if close >= 0 else pos
            elif char == "\\":
                pos += 1
            pos += 1
        return -1


def _bracket_body(body: str) -> str:
    out: list[str] = []
    items: list[str] = []
    pos = 0
    while pos < len(body):
        named = re.compile(r"\[:(\w+):\]|\[([.=])(.+?)\2\]").match(body, pos)
        if named and named.group(1):
            out.append(_CLASSES.get(named.group(1), ""))
            pos = named.end()
            continue
        if named:
            items.append(named.group(3))
            pos = named.end()
        elif body[pos] == "\\" and pos + 1 < len(body):
            items.append("\\" + body[pos + 1])
            pos += 2
        else:
            items.append(body[pos])
            pos += 1
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

"""POSIX regular expressions, basic and extended, translated to Python's `re`.

Patterns and subjects are bytes, as in the C locale of a container. Alternatives that are plain words are tried longest
first, which is where POSIX's leftmost-longest rule shows in practice.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

CLASSES = {
    b"alpha": rb"a-zA-Z",
    b"digit": rb"0-9",
    b"alnum": rb"a-zA-Z0-9",
    b"upper": rb"A-Z",
    b"lower": rb"a-z",
    b"space": rb" \t\n\r\f\v",
    b"blank": rb" \t",
    b"punct": rb"!-/:-@\[-`{-~",
    b"print": rb" -~",
    b"graph": rb"!-~",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"xdigit": rb"0-9A-Fa-f",
}
ESCAPES = {
    b"w": rb"[A-Za-z0-9_]",
    b"W": rb"[^A-Za-z0-9_]",
    b"s": rb"[ \t\n\r\f\v]",
    b"S": rb"[^ \t\n\r\f\v]",
    b"b": rb"\b",
    b"B": rb"\B",
    b"<": rb"\b(?=\w)",
    b">": rb"\b(?<=\w)",
    b"`": rb"\A",
    b"'": rb"\Z",
}


class RegexError(Exception):
    """The pattern is wrong; the text is regcomp's."""


@dataclass(slots=True)
class _Group:
    """A group, or the whole pattern, while it is being translated."""

    branches: list[list[bytes]] = field(default_factory=lambda: [[]])
    plain: list[bool] = field(default_factory=lambda: [True])
    quantified: bool = False

    def add(self, atom: bytes, *, plain: bool = False) -> None:
        self.branches[-1].append(atom)
        self.plain[-1] = self.plain[-1] and plain
        self.quantified = False

    def alternate(self) -> None:
        self.branches.append([])
        self.plain.append(True)
        self.quantified = False

    @property
    def empty(self) -> bool:
        return not self.branches[-1]

    def text(self) -> bytes:
        branches = [b"".join(branch) for branch in self.branches]
        if len(branches) > 1 and all(self.plain):
            branches.sort(key=len, reverse=True)
        return b"|".join(branches)


class _Translator:
    def __init__(self, pattern: bytes, extended: bool, multiline: bool, awk: bool) -> None:
        self.pattern = pattern
        self.extended = extended
        self.multiline = multiline
        self.awk = awk
        self.at = 0
        self.stack = [_Group()]
        self.groups = 0

    @property
    def top(self) -> _Group:
        return self.stack[-1]

    def run(self) -> bytes:
        while self.at < len(self.pattern):
            char = self.pattern[self.at : self.at + 1]
            self.at += 1
            if char == b"\\":
                self._escape()
            elif char == b"[":
                self.top.add(self._bracket())
            elif char == b".":
                self.top.add(b"(?s:.)")
            elif char == b"^" and self._is_start_anchor():
                self.top.add(b"(?m:^)" if self.multiline else rb"\A")
            elif char == b"$" and self._is_end_anchor():
                self.top.add(b"(?m:$)" if self.multiline else rb"\Z")
            else:
                self._plain(char)
        if len(self.stack) > 1:
            raise RegexError("Unmatched ( or \\(")
        return self.top.text()

    def _plain(self, char: bytes) -> None:
        if (self.extended and char in b"()|+?{") or char == b"*":
            self._operator(char)
        else:
            self._literal(char)

    def _literal(self, char: bytes) -> None:
        self.top.add(re.escape(char), plain=True)

    def _escape(self) -> None:
        char = self.pattern[self.at : self.at + 1]
        if not char:
            raise RegexError("Trailing backslash")
        self.at += 1
        if not self.extended and char in b"(){|+?":
            self._operator(char)
        elif char.isdigit() and char != b"0" and not self.awk:
            if int(char) > self.groups:
                raise RegexError("Invalid back reference")
            self.top.add(rb"(?:\%b)" % char)
        elif char == b"n" or (self.awk and char == b"t"):
            self._literal(b"\n" if char == b"n" else b"\t")
        elif char in ESCAPES and not (self.awk and char in b"b"):
            self.top.add(ESCAPES[char])
        else:
            self._literal(char)

    def _operator(self, char: bytes) -> None:
        if char == b"(":
            self.stack.append(_Group())
            self.groups += 1
        elif char == b")":
            self._close()
        elif char == b"|":
            self.top.alternate()
        elif char == b"{":
            self._interval()
        else:
            self._quantify(char)

    def _close(self) -> None:
        if len(self.stack) == 1:
            if self.extended and not self.awk:
                self._literal(b")")
                return
            raise RegexError("Unmatched ) or \\)")
        group = self.stack.pop()
        self.top.add(b"(" + group.text() + b")")

    def _quantify(self, mark: bytes) -> None:
        group = self.top
        branch = group.branches[-1]
        if not branch or (not self.extended and branch == [rb"\A"]):
            if not self.extended or mark != b"{":
                self._leading(mark)
            return
        last = branch[-1]
        if group.quantified or last in (rb"\A", rb"\Z", rb"\b", b"(?m:^)", b"(?m:$)"):
            last = b"(?:" + last + b")"
        branch[-1] = last + mark
        group.plain[-1] = False
        group.quantified = True

    def _leading(self, mark: bytes) -> None:
        """A quantifier with nothing before it: basic expressions take it as itself, extended ones ignore it."""
        if not self.extended:
            self._literal(mark)

    def _interval(self) -> None:
        closing = b"}" if self.extended else rb"\}"
        end = self.pattern.find(closing, self.at)
        body = self.pattern[self.at : end] if end >= 0 else b""
        found = re.fullmatch(rb"(\d*)(,?)(\d*)", body)
        if not found or not (found[1] or found[2]) or (self.extended and self.top.empty):
            if self.extended:
                self._literal(b"{")
                return
            raise RegexError("Unmatched \\{" if end < 0 else "Invalid content of \\{\\}")
        low, comma, high = found.groups()
        if high and int(low or 0) > int(high):
            raise RegexError("Invalid content of \\{\\}")
        if int(high or low or 0) > 32767:
            raise RegexError("Regular expression too big")
        self.at = end + len(closing)
        self._quantify(b"{" + (low or b"0") + comma + high + b"}")

    def _is_start_anchor(self) -> bool:
        if self.extended:
            return True
        return self.top.empty

    def _is_end_anchor(self) -> bool:
        if self.extended:
            return True
        return self.pattern[self.at :][:2] in (b"", rb"\)", rb"\|")

    def _bracket(self) -> bytes:
        body: list[bytes] = []
        negated = self.pattern[self.at : self.at + 1] == b"^"
        self.at += negated
        first = True
        while True:
            char = self.pattern[self.at : self.at + 1]
            if not char:
                raise RegexError("Unmatched [, [^, [:, [., or [=")
            if char == b"]" and not first:
                self.at += 1
                break
            first = False
            body.append(self._bracket_item())
        return b"[" + (b"^" if negated else b"") + b"".join(body) + b"]"

    def _bracket_item(self) -> bytes:
        if self.pattern[self.at : self.at + 2] == b"[:":
            return self._class()
        low = self._bracket_char()
        if self.pattern[self.at : self.at + 1] == b"-" and self.pattern[
            self.at + 1 : self.at + 2
        ] not in (b"]", b""):
            self.at += 1
            high = self._bracket_char()
            if low > high:
                raise RegexError("Invalid range end")
            return re.escape(low) + b"-" + re.escape(high)
        return b"\\" + low if low in b"\\]^-[&~|" else low

    def _bracket_char(self) -> bytes:
        two = self.pattern[self.at : self.at + 2]
        if two in (b"[.", b"[="):
            end = self.pattern.find(two[1:] + b"]", self.at + 2)
            if end < 0:
                raise RegexError("Unmatched [, [^, [:, [., or [=")
            char = self.pattern[self.at + 2 : end]
            self.at = end + 2
            return char[:1]
        if two[:1] == b"\\" and (self.awk or two in (rb"\n", rb"\]")) and len(two) == 2:
            return self._bracket_escape(two)
        self.at += 1
        return two[:1]

    def _bracket_escape(self, two: bytes) -> bytes:
        if two == rb"\]" and not self.awk:
            self.at += 1
            return b"\\"
        self.at += 2
        return {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"f": b"\f", b"v": b"\v"}.get(
            two[1:], two[1:]
        )

    def _class(self) -> bytes:
        end = self.pattern.find(b":]", self.at)
        name = self.pattern[self.at + 2 : end] if end >= 0 else b""
        if name not in CLASSES:
            raise RegexError("Invalid character class name")
        self.at = end + 2
        return CLASSES[name]


def translate(
    pattern: bytes, *, extended: bool = False, multiline: bool = False, awk: bool = False
) -> bytes:
    """The Python pattern that matches what POSIX `pattern` matches.

    `multiline`: ^ and $ match at newlines too. `awk`: backslashes are escapes inside brackets as well, and digits are
    no back references.
    """
    return _Translator(pattern, extended or awk, multiline, awk).run()


@lru_cache(maxsize=256)
def compile_posix(
    pattern: bytes,
    *,
    extended: bool = False,
    ignore_case: bool = False,
    multiline: bool = False,
    awk: bool = False,
) -> re.Pattern[bytes]:
    """A compiled POSIX expression; RegexError with regcomp's text if it is wrong."""
    text = translate(pattern, extended=extended, multiline=multiline, awk=awk)
    try:
        return re.compile(text, re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise RegexError(f"Invalid regular expression: {error}") from error
    except RecursionError as error:
        raise RegexError("Regular expression too big") from error

"""awk's tokens; whether `/` divides or opens a regular expression is known from the token before."""

import re
from typing import NamedTuple


class AwkError(Exception):
    """The program is wrong, or it did something that awk cannot do."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.line = line


class Token(NamedTuple):
    """kind: "number", "string", "regex", "name", "funcname" (name with its parenthesis), "builtin", "newline", "end",
    or the keyword or operator itself."""

    kind: str
    text: str
    line: int


KEYWORDS = frozenset(
    [
        "BEGIN",
        "END",
        "function",
        "func",
        "if",
        "else",
        "while",
        "for",
        "do",
        "break",
        "continue",
        "next",
        "nextfile",
        "exit",
        "return",
        "delete",
        "in",
        "getline",
        "print",
        "printf",
    ]
)
BUILTINS = frozenset(
    [
        "length",
        "substr",
        "index",
        "split",
        "sub",
        "gsub",
        "match",
        "sprintf",
        "sin",
        "cos",
        "atan2",
        "exp",
        "log",
        "sqrt",
        "int",
        "rand",
        "srand",
        "tolower",
        "toupper",
        "system",
        "close",
        "fflush",
        "systime",
        "strftime",
        "mktime",
        "gensub",
        "and",
        "or",
        "xor",
        "lshift",
        "rshift",
        "compl",
    ]
)
_OPERATORS = re.compile(
    r"\*\*=|\*\*|\+\+|--|\+=|-=|\*=|/=|%=|\^=|&&|\|\||==|!=|<=|>=|>>|!~|[-+*/%^!<>|?:~$(){}\[\];,=]"
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n|#[^\n]*)+")
# After these a slash divides.
_OPERANDS = frozenset({"number", "string", "regex", "name", "builtin", ")", "]", "$", "++", "--"})
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    '"': '"',
    "/": "/",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}


def unescape(text: str) -> str:
    """String escapes; an unknown one keeps its backslash, which regular expressions rely on."""

    def replaced(found: re.Match[str]) -> str:
        octal, letter = found.groups()
        if octal:
            return chr(int(octal, 8) & 0xFF)
        if letter == "\n":
            return ""
        return _ESCAPES.get(letter, "\\" + letter)

    return re.sub(r"\\(?:([0-7]{1,3})|(.))", replaced, text, flags=re.S)


class Lexer:
    """Reads a program's text once, front to back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.last = ""

    def tokens(self) -> list[Token]:
        found = []
        while True:
            token = self._next()
            found.append(token)
            self.last = token.kind
            if token.kind == "end":
                return found

    def _skip(self) -> None:
        blank = _BLANK.match(self.text, self.at)
        if blank:
            self.line += blank[0].count("\n")
            self.at = blank.end()

    def _take(self, kind: str, end: int) -> Token:
        token = Token(kind, self.text[self.at : end], self.line)
        self.at = end
        return token

    def _next(self) -> Token:
        self._skip()
        if self.at >= len(self.text):
            return Token("end", "", self.line)
        char = self.text[self.at]
        if char == "\n":
            token = self._take("newline", self.at + 1)
            self.line += 1
            return token
        if char == '"':
            return self._string()
        if char == "/" and self.last not in _OPERANDS:
            return self._regex()
        if found := _NUMBER.match(self.text, self.at):
            return self._take("number", found.end())
        if found := _NAME.match(self.text, self.at):
            return self._word(found.end())
        operator = _OPERATORS.match(self.text, self.at)
        if not operator:
            raise AwkError(f"unexpected character '{char}'", self.line)
        kind = {"**": "^", "**=": "^="}.get(operator[0], operator[0])
        return self._take(kind, operator.end())

    def _word(self, end: int) -> Token:
        text = self.text[self.at : end]
        if text in KEYWORDS:
            return self._take("function" if text == "func" else text, end)
        if text in BUILTINS:
            return self._take("builtin", end)
        return self._take("funcname" if self.text[end : end + 1] == "(" else "name", end)

    def _string(self) -> Token:
        end = self.at + 1
        while end < len(self.text) and self.text[end] not in '"\n':
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text) or self.text[end] == "\n":
            raise AwkError("unterminated string", self.line)
        token = Token("string", unescape(self.text[self.at + 1 : end]), self.line)
        self.at = end + 1
        return token

    def _regex(self) -> Token:
        end = self.at + 1
        bracket = False
        while end < len(self.text) and (self.text[end] != "/" or bracket):
            char = self.text[end]
            if char == "\n":
                break
            if char == "\\":
                end += 1
            elif char == "[" and not bracket:
                bracket = True
                if self.text[end + 1 : end + 2] == "^":
                    end += 1
                if self.text[end + 1 : end + 2] == "]":
                    end += 1
            elif char == "]":
                bracket = False
            end += 1
        if end >= len(self.text) or self.text[end] != "/":
            raise AwkError("unterminated regex", self.line)
        token = Token("regex", self.text[self.at + 1 : end].replace("\\/", "/"), self.line)
        self.at = end + 1
        return token

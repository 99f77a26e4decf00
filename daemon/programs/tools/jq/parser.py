"""jq's grammar: text to nodes, by precedence climbing."""

import json
import re
from dataclasses import dataclass, field
from typing import Any


class JqSyntaxError(Exception):
    """The program cannot be read."""


@dataclass(slots=True)
class Node:
    """An expression: its kind, a name or literal, and its parts; parts left out are None."""

    kind: str
    value: Any = None
    parts: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Definition:
    """`def name(params): body;`"""

    name: str
    params: list[str]
    body: Node


_TOKEN = re.compile(
    r"""(?P<blank>(?:\s|\#[^\n]*)+)
      | (?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
      | (?P<field>\.[A-Za-z_]\w*)
      | (?P<variable>\$__loc__|\$[A-Za-z_]\w*)
      | (?P<format>@[a-z0-9]+)
      | (?P<name>[A-Za-z_]\w*(?:::\w+)*)
      | (?P<op>\?//|//=|\|=|\+=|-=|\*=|/=|%=|==|!=|<=|>=|//|\.\.|[-+*/%=<>|,.:;()\[\]{}?])
      | (?P<quote>")""",
    re.X,
)
_BINARY = {
    "//": (3, "right"),
    "=": (4, "none"),
    "|=": (4, "none"),
    "+=": (4, "none"),
    "-=": (4, "none"),
    "*=": (4, "none"),
    "/=": (4, "none"),
    "%=": (4, "none"),
    "//=": (4, "none"),
    "or": (5, "left"),
    "and": (6, "left"),
    "==": (7, "none"),
    "!=": (7, "none"),
    "<": (7, "none"),
    "<=": (7, "none"),
    ">": (7, "none"),
    ">=": (7, "none"),
    "+": (8, "left"),
    "-": (8, "left"),
    "*": (9, "left"),
    "/": (9, "left"),
    "%": (9, "left"),
}
_KEYWORDS = frozenset(
    [
        "def",
        "if",
        "then",
        "elif",
        "else",
        "end",
        "as",
        "reduce",
        "foreach",
        "try",
        "catch",
        "label",
        "import",
        "include",
        "and",
        "or",
        "__loc__",
    ]
)
Token = tuple[str, Any]


def tokenize(text: str) -> list[Token]:
    """Tokens as (kind, text); a string is ("string", its pieces: text or the tokens of an interpolation)."""
    tokens, at = _tokens(text, 0, None)
    if at < len(text):
        raise JqSyntaxError("syntax error, unexpected ')'")
    return tokens


def _tokens(text: str, at: int, closing: str | None) -> tuple[list[Token], int]:
    found: list[Token] = []
    depth = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise JqSyntaxError(f"syntax error, unexpected INVALID_CHARACTER '{text[at]}'")
        kind = str(match.lastgroup)
        at = match.end()
        if kind == "quote":
            pieces, at = _string(text, at)
            found.append(("string", pieces))
            continue
        if kind == "op" and closing:
            depth += (match[0] == "(") - (match[0] == ")")
            if depth < 0:
                return found, at
        if kind != "blank":
            found.append((kind, match[0]))
    if closing:
        raise JqSyntaxError("unterminated string interpolation")
    return found, at


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", "/": "/", '"': '"'}


def _string(text: str, at: int) -> tuple[list[Any], int]:
    pieces: list[Any] = [""]
    while at < len(text):
        char = text[at]
        if char == '"':
            return pieces, at + 1
        if char != "\\":
            pieces[-1] += char
            at += 1
            continue
        letter = text[at + 1 : at + 2]
        if letter == "(":
            inside, at = _tokens(text, at + 2, ")")
            pieces += [inside, ""]
        elif letter == "u":
            pieces[-1] += json.loads(f'"{text[at : at + 6]}"')
            at += 6
        elif letter in _ESCAPES:
            pieces[-1] += _ESCAPES[letter]
            at += 2
        else:
            raise JqSyntaxError("invalid escape in string")
    raise JqSyntaxError("unterminated string literal")


class Parser:
    """Reads one program."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def is_(self, *texts: str) -> bool:
        kind, text = self.peek()
        return kind in ("op", "name") and text in texts

    def accept(self, text: str) -> bool:
        if self.is_(text):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.error()

    def error(self) -> JqSyntaxError:
        kind, text = self.peek()
        shown = "$end" if kind == "end" else f"'{text}'" if isinstance(text, str) else "string"
        return JqSyntaxError(f"syntax error, unexpected {shown}")

    def program(self) -> Node:
        """Definitions, then a pipe; nothing at all is identity."""
        if self.peek()[0] == "end":
            return Node("identity")
        made = self.pipe()
        if self.peek()[0] != "end":
            raise self.error()
        return made

    def definitions(self) -> list[Definition]:
        """A library: definitions only."""
        found = []
        while self.is_("def"):
            found.append(self._definition())
        return found

    def pipe(self) -> Node:
        if self.is_("def"):
            definition = self._definition()
            rest = Node("identity") if self.peek()[0] == "end" else self.pipe()
            return Node("def", definition, [rest])
        left = self._comma()
        if self.accept("as"):
            return self._binding(left)
        if self.accept("|"):
            return Node("pipe", None, [left, self.pipe()])
        return left

    def _binding(self, source: Node) -> Node:
        patterns = [self._pattern()]
        while self.accept("?//"):
            patterns.append(self._pattern())
        self.expect("|")
        return Node("as", patterns, [source, self.pipe()])

    def _pattern(self) -> Node:
        kind, text = self.peek()
        if kind == "variable":
            self.take()
            return Node("variable", text[1:])
        if self.accept("["):
            items = [self._pattern()]
            while self.accept(","):
                items.append(self._pattern())
            self.expect("]")
            return Node("array", None, items)
        self.expect("{")
        entries = []
        while not self.accept("}"):
            entries.append(self._pattern_entry())
            if not self.accept(",") and not self.is_("}"):
                raise self.error()
        return Node("object", None, entries)

    def _pattern_entry(self) -> tuple[Any, Node]:
        kind, text = self.take()
        if kind == "variable":
            key: Node = Node("literal", text[1:])
            own = Node("variable", text[1:])
            return (key, self._pattern() if self.accept(":") else own)
        key = (
            Node("literal", text)
            if kind == "name"
            else self._string_node(text)
            if kind == "string"
            else self._parenthesized()
        )
        self.expect(":")
        return (key, self._pattern())

    def _parenthesized(self) -> Node:
        inside = self.pipe()
        self.expect(")")
        return inside

    def _definition(self) -> Definition:
        self.take()
        name = self.take()[1]
        params = []
        if self.accept("("):
            params.append(self.take()[1])
            while self.accept(";"):
                params.append(self.take()[1])
            self.expect(")")
        self.expect(":")
        body = self.pipe()
        self.expect(";")
        return Definition(name, params, body)

    def _comma(self) -> Node:
        left = self._operators(3)
        while self.accept(","):
            left = Node("comma", None, [left, self._operators(3)])
        return left

    def _operators(self, least: int) -> Node:
        left = self._postfix()
        while True:
            kind, text = self.peek()
            if kind not in ("op", "name") or text not in _BINARY or _BINARY[text][0] < least:
                return left
            level, side = _BINARY[text]
            self.take()
            right = self._operators(level if side == "right" else level + 1)
            left = Node("binary", text, [left, right])

    def _postfix(self) -> Node:
        node = self._term()
        while True:
            kind, text = self.peek()
            if kind == "field":
                self.take()
                node = Node("index", None, [node, Node("literal", text[1:])])
            elif (
                kind == "op"
                and text == "."
                and self.tokens[self.at + 1 : self.at + 2]
                and self.tokens[self.at + 1][0] == "string"
            ):
                self.take()
                node = Node("index", None, [node, self._string_node(self.take()[1])])
            elif (
                kind == "op"
                and text == "."
                and self.tokens[self.at + 1 : self.at + 2] == [("op", "[")]
            ):
                self.take()
            elif kind == "op" and text == "[":
                self.take()
                node = self._brackets(node)
            elif self.accept("?"):
                node = Node("try", None, [node, None])
            elif self.is_("as"):
                self.take()
                return self._binding(node)
            else:
                return node

    def _brackets(self, node: Node) -> Node:
        if self.accept("]"):
            return Node("iterate", None, [node])
        if self.accept(":"):
            end = self.pipe()
            self.expect("]")
            return Node("slice", None, [node, None, end])
        start = self.pipe()
        if self.accept(":"):
            end_node = None if self.is_("]") else self.pipe()
            self.expect("]")
            return Node("slice", None, [node, start, end_node])
        self.expect("]")
        return Node("index", None, [node, start])

    def _string_node(self, pieces: list[Any], form: str = "@text") -> Node:
        parts: list[Any] = []
        for piece in pieces:
            parts.append(piece if isinstance(piece, str) else Parser(piece).program())
        return Node("literal", parts[0]) if len(parts) == 1 else Node("string", form, parts)

    def _term(self) -> Node:
        kind, text = self.take()
        if kind == "number":
            return Node(
                "literal",
                json.loads(text if text[0] != "." else "0" + text)
                if not text.endswith(".")
                else int(text[:-1]),
            )
        if kind == "string":
            return self._string_node(text)
        if kind == "field":
            return Node("index", None, [Node("identity"), Node("literal", text[1:])])
        if kind == "variable":
            return Node("variable", text[1:])
        if kind == "format":
            if self.peek()[0] == "string":
                return self._string_node(self.take()[1], text)
            return Node("format", text)
        if kind == "name":
            return self._word(text)
        return self._symbol(kind, text)

    def _symbol(self, kind: str, text: str) -> Node:
        if kind == "op" and text == ".":
            if self.peek()[0] == "string":
                return Node("index", None, [Node("identity"), self._string_node(self.take()[1])])
            return Node("identity")
        if kind == "op" and text == "..":
            return Node("call", "recurse")
        if kind == "op" and text == "(":
            return self._parenthesized()
        if kind == "op" and text == "[":
            if self.accept("]"):
                return Node("array", None, [None])
            inside = self.pipe()
            self.expect("]")
            return Node("array", None, [inside])
        if kind == "op" and text == "{":
            return self._object()
        if kind == "op" and text == "-":
            return Node("negate", None, [self._postfix()])
        self.at -= 1
        raise self.error()

    def _object(self) -> Node:
        entries = []
        while not self.accept("}"):
            entries.append(self._entry())
            if not self.accept(",") and not self.is_("}"):
                raise self.error()
        return Node("object", None, entries)

    def _entry(self) -> tuple[Node, Node]:
        kind, text = self.take()
        if kind == "variable":
            return Node("literal", text[1:]), Node("variable", text[1:])
        if kind == "string":
            key = self._string_node(text)
        elif kind in ("name", "number", "format"):
            key = Node("literal", text)
        elif (kind, text) == ("op", "("):
            key = self._parenthesized()
        else:
            self.at -= 1
            raise self.error()
        if self.accept(":"):
            return key, self._value()
        return key, Node("index", None, [Node("identity"), key])

    def _value(self) -> Node:
        left = self._operators(3)
        while self.accept("|"):
            left = Node("pipe", None, [left, self._operators(3)])
        return left

    def _word(self, text: str) -> Node:
        handler = (
            getattr(self, f"_{text}", None)
            if text in ("if", "reduce", "foreach", "try", "label")
            else None
        )
        if handler:
            made: Node = handler()
            return made
        if text in ("true", "false", "null"):
            return Node("literal", {"true": True, "false": False, "null": None}[text])
        if text == "break":
            return Node("break", self.take()[1][1:])
        if text in _KEYWORDS:
            self.at -= 1
            raise self.error()
        args = []
        if self.accept("("):
            args.append(self.pipe())
            while self.accept(";"):
                args.append(self.pipe())
            self.expect(")")
        return Node("call", text, args)

    def _if(self) -> Node:
        test = self.pipe()
        self.expect("then")
        yes = self.pipe()
        if self.accept("elif"):
            return Node("if", None, [test, yes, self._if()])
        no = self.pipe() if self.accept("else") else Node("identity")
        self.expect("end")
        return Node("if", None, [test, yes, no])

    def _reduce(self) -> Node:
        source = self._source()
        self.expect("as")
        pattern = self._pattern()
        self.expect("(")
        start = self.pipe()
        self.expect(";")
        update = self.pipe()
        self.expect(")")
        return Node("reduce", pattern, [source, start, update])

    def _foreach(self) -> Node:
        source = self._source()
        self.expect("as")
        pattern = self._pattern()
        self.expect("(")
        start = self.pipe()
        self.expect(";")
        update = self.pipe()
        extract = self.pipe() if self.accept(";") else None
        self.expect(")")
        return Node("foreach", pattern, [source, start, update, extract])

    def _source(self) -> Node:
        """A postfix term whose `as` belongs to reduce or foreach."""
        end = self.at
        depth = 0
        while end < len(self.tokens):
            kind, text = self.tokens[end]
            if kind == "op" and text in "([{":
                depth += 1
            elif kind == "op" and text in ")]}":
                depth -= 1
            elif (kind, text) == ("name", "as") and not depth:
                break
            end += 1
        inner = Parser(self.tokens[self.at : end])
        node = inner._postfix()
        if inner.peek()[0] != "end":
            raise inner.error()
        self.at = end
        return node

    def _try(self) -> Node:
        body = self._postfix()
        handler = self._postfix() if self.accept("catch") else None
        return Node("try", None, [body, handler])

    def _label(self) -> Node:
        name = self.take()[1][1:]
        self.expect("|")
        return Node("label", name, [self.pipe()])


def parse(text: str) -> Node:
    return Parser(tokenize(text)).program()

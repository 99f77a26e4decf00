"""The grammar inside `[[ ... ]]`."""

from typing import TYPE_CHECKING

from daemon.programs.shell.lexer import Token
from daemon.programs.shell.syntax import (
    CondBinary,
    CondExpr,
    Conditional,
    CondLogic,
    CondNot,
    CondUnary,
)

if TYPE_CHECKING:
    from daemon.programs.shell.parser import Parser

_UNARY = frozenset("-" + letter for letter in "abcdefghknoprstuvwxzGLNORS")
_BINARY = frozenset(
    ["=", "==", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]
)


def parse_conditional(parser: "Parser", opening: Token) -> Conditional:
    """Parse what follows `[[` up to and including `]]`."""
    saved, parser.extglob = parser.extglob, parser.flavour.bash
    parser.skip_newlines()
    expression = _or(parser)
    parser.extglob = saved
    parser.expect("]]")
    return Conditional(expression, parser.line_at(opening.pos))


def _or(parser: "Parser") -> CondExpr:
    left = _and(parser)
    while parser.at_operator("||"):
        parser.take()
        parser.skip_newlines()
        left = CondLogic("||", left, _and(parser))
    return left


def _and(parser: "Parser") -> CondExpr:
    left = _not(parser)
    while parser.at_operator("&&"):
        parser.take()
        parser.skip_newlines()
        left = CondLogic("&&", left, _not(parser))
    return left


def _not(parser: "Parser") -> CondExpr:
    if parser.reserved() == "!":
        parser.take()
        return CondNot(_not(parser))
    inner = _primary(parser)
    parser.skip_newlines()
    return inner


def _primary(parser: "Parser") -> CondExpr:
    if parser.at_operator("("):
        parser.take()
        parser.skip_newlines()
        inner = _or(parser)
        parser.expect_operator(")")
        return inner
    token = parser.take()
    if token.word is None or token.word.literal == "]]":
        parser.unexpected(token, "]]" if token.kind == "eof" else "")
    following = parser.peek()
    unary = token.word.literal in _UNARY and parser.reserved() not in (*_BINARY, "]]")
    if unary and following.word is not None:
        parser.take()
        return CondUnary(token.word.literal or "", following.word)
    binary = parser.reserved() in _BINARY or parser.at_operator("<", ">")
    if not binary:
        return CondUnary("-n", token.word)
    operator = parser.take()
    if operator.text == "=~":
        right = parser.regex_word()
    else:
        operand = parser.take()
        if operand.word is None or operand.word.literal == "]]":
            parser.unexpected(operand)
        right = operand.word
    return CondBinary(operator.text, token.word, right)

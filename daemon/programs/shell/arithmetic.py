"""Shell arithmetic: C's expressions on 64-bit integers, compiled to closures and cached by their text."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol


class ArithmeticFault(Exception):
    """`kind` is a row of the messages table; `token` is the rest of the expression where it went wrong.

    `text` is that expression, where it was not the whole one but a variable's value.
    """

    text = ""

    def __init__(self, kind: str, token: str = "") -> None:
        super().__init__(kind, token)
        self.kind = kind
        self.token = token


class Environment(Protocol):
    """The variables of an expression. `index` is the raw text between brackets, for bash arrays."""

    def arithmetic_get(self, name: str, index: str | None) -> int: ...

    def arithmetic_set(self, name: str, index: str | None, value: int) -> None: ...


Compiled = Callable[[Environment], int]
Binary = Callable[[int, int], int]

_TOKEN = re.compile(
    r"[ \t\n]*(?:"
    r"(?P<number>[0-9][0-9A-Za-z@_#]*)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<op><<=|>>=|\*\*|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&^|]=|[-+*/%&^|<>=!~?:,()\[\]])"
    r")"
)
_LIMIT = 1 << 63
_MASK = (1 << 64) - 1
_DEEPEST = 40


def wrap(value: int) -> int:
    """`value` as a signed 64-bit integer."""
    if -_LIMIT <= value < _LIMIT:
        return value
    return ((value + _LIMIT) & _MASK) - _LIMIT


def parse_number(text: str) -> int:
    """An integer constant: decimal, 0 octal, 0x hexadecimal or base#digits."""
    if "#" in text:
        base_text, digits = text.split("#", 1)
        return _in_base(digits, int(base_text) if base_text.isdigit() else 0, text)
    if text[:2] in ("0x", "0X"):
        return _in_base(text[2:] or "0", 16, text)
    if len(text) > 1 and text[0] == "0":
        return _in_base(text[1:], 8, text)
    if not text.isdigit():
        raise ArithmeticFault("base", text)
    return wrap(int(text))


def _in_base(digits: str, base: int, text: str) -> int:
    if not 2 <= base <= 64 or not digits:
        raise ArithmeticFault("base", text)
    value = 0
    for char in digits:
        digit = _digit(char, base)
        if digit >= base:
            raise ArithmeticFault("base", text)
        value = value * base + digit
    return wrap(value)


def _digit(char: str, base: int) -> int:
    if char.isdigit():
        return int(char)
    if "a" <= char <= "z":
        return ord(char) - 87
    if "A" <= char <= "Z":
        return ord(char) - (55 if base <= 36 else 29)
    return {"@": 62, "_": 63}.get(char, 99)


def _divide(left: int, right: int) -> int:
    if not right:
        raise ArithmeticFault("division")
    quotient = abs(left) // abs(right)
    return wrap(quotient if (left < 0) == (right < 0) else -quotient)


def _remainder(left: int, right: int) -> int:
    if not right:
        raise ArithmeticFault("division")
    rest = abs(left) % abs(right)
    return rest if left >= 0 else -rest


def _power(left: int, right: int) -> int:
    if right < 0:
        raise ArithmeticFault("exponent")
    return wrap(pow(left, right, 1 << 64)) if right > 1 else (left if right else 1)


# The level binds tighter the higher it is; `&&`, `||`, `?:` and assignments are not in here, they evaluate lazily.
_BINARY: dict[str, tuple[int, Binary]] = {
    "|": (3, lambda a, b: a | b),
    "^": (4, lambda a, b: a ^ b),
    "&": (5, lambda a, b: a & b),
    "==": (6, lambda a, b: int(a == b)),
    "!=": (6, lambda a, b: int(a != b)),
    "<": (7, lambda a, b: int(a < b)),
    ">": (7, lambda a, b: int(a > b)),
    "<=": (7, lambda a, b: int(a <= b)),
    ">=": (7, lambda a, b: int(a >= b)),
    "<<": (8, lambda a, b: wrap(a << (b & 63))),
    ">>": (8, lambda a, b: a >> (b & 63)),
    "+": (9, lambda a, b: wrap(a + b)),
    "-": (9, lambda a, b: wrap(a - b)),
    "*": (10, lambda a, b: wrap(a * b)),
    "/": (10, _divide),
    "%": (10, _remainder),
    "**": (11, _power),
}
_LAZY = {"||": 1, "&&": 2}
_ASSIGN = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "<<=", ">>="])


@lru_cache(maxsize=4000)
def compile_expression(text: str, extended: bool = True) -> Compiled:
    """Compile; `extended` adds what dash lacks: `++`, `--`, `**`, the comma and array elements."""
    return _Compiler(text, extended).whole()


class _Compiler:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, text: str, extended: bool) -> None:
        self.text = text
        self.extended = extended
        self.pos = 0
        self.kind = ""
        self.token = ""
        self.start = 0
        self.before = 0
        self.depth = 0
        self.advance()

    def advance(self) -> None:
        self.before = self.start
        matched = _TOKEN.match(self.text, self.pos)
        if matched is None:
            rest = self.text[self.pos :].strip()
            self.kind, self.token = ("bad", rest) if rest else ("end", "")
            self.start = len(self.text) - len(self.text[self.pos :].lstrip())
            return
        self.kind = matched.lastgroup or ""
        self.token = matched.group(self.kind)
        self.start = matched.start(self.kind)
        self.pos = matched.end()
        if not self.extended and self.token in ("++", "--", "**"):
            self.token = self.token[0]
            self.pos -= 1

    def fault(self, kind: str) -> ArithmeticFault:
        """At this token; at the end of the text the one before it is to blame."""
        start = self.before if self.kind == "end" else self.start
        return ArithmeticFault(kind, self.text[start:].lstrip())

    def whole(self) -> Compiled:
        if self.kind == "end":
            if not self.extended:
                raise ArithmeticFault("primary", self.text)
            return lambda env: 0
        result = self.comma()
        if self.kind != "end":
            raise self.fault("assignment" if self.token in _ASSIGN else "trailing")
        return result

    def comma(self) -> Compiled:
        left = self.assignment()
        while self.token == "," and self.extended:
            self.advance()
            left = _sequence(left, self.assignment())
        return left

    def assignment(self) -> Compiled:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.fault("depth")
        try:
            return self.conditional()
        finally:
            self.depth -= 1

    def conditional(self) -> Compiled:
        condition = self.binary(1)
        if self.token != "?":
            return condition
        self.advance()
        chosen = self.comma()
        if self.token != ":":
            raise self.fault("colon")
        self.advance()
        other = self.assignment()
        return lambda env: chosen(env) if condition(env) else other(env)

    def binary(self, lowest: int) -> Compiled:
        left = self.unary()
        while True:
            operator = self.token if self.kind == "op" else ""
            if operator in _LAZY and _LAZY[operator] >= lowest:
                self.advance()
                left = _lazy(operator, left, self.binary(_LAZY[operator] + 1))
                continue
            level, function = _BINARY.get(operator, (0, None))
            if function is None or level < lowest:
                return left
            self.advance()
            start = self.start
            right = self.binary(level if operator == "**" else level + 1)
            if operator in ("/", "%", "**"):
                rest = self.text[start:] if operator != "**" else self.text[self.start :]
                token = (rest or self.text[start:]).lstrip().lstrip("-")
                left = _apply_partial(function, left, right, token)
            else:
                left = _apply(function, left, right)

    def unary(self) -> Compiled:
        operator = self.token if self.kind == "op" else ""
        if operator in ("-", "+", "!", "~"):
            self.advance()
            self.depth += 1
            if self.depth > _DEEPEST:
                raise self.fault("depth")
            operand = self.unary()
            self.depth -= 1
            return _UNARY[operator](operand)
        if operator in ("++", "--"):
            return self._prefix_step(operator)
        return self.primary()

    def _prefix_step(self, operator: str) -> Compiled:
        self.advance()
        if self.kind != "name":
            if self.kind != "end":
                operand = self.unary()
                return (lambda env: operand(env)) if operator == "++" else operand
            raise self.fault("operand")
        name, index = self.reference()
        step = 1 if operator == "++" else -1

        def stepped(env: Environment) -> int:
            value = wrap(env.arithmetic_get(name, index) + step)
            env.arithmetic_set(name, index, value)
            return value

        return stepped

    def primary(self) -> Compiled:
        if self.kind == "number":
            value = parse_number(self.token)
            if not self.extended and self.token.isdigit() and int(self.token) >= _LIMIT:
                value = _LIMIT - 1
            self.advance()
            return lambda env: value
        if self.kind == "name":
            return self.variable()
        if self.token == "(":
            self.advance()
            inner = self.comma()
            if self.token != ")":
                raise self.fault("parenthesis")
            self.advance()
            return inner
        raise self.fault("primary")

    def reference(self) -> tuple[str, str | None]:
        name = self.token
        index: str | None = None
        if self.extended and self.text[self.pos : self.pos + 1] == "[":
            end = _closing_bracket(self.text, self.pos)
            index = self.text[self.pos + 1 : end]
            self.pos = end + 1
        self.advance()
        return name, index

    def variable(self) -> Compiled:
        name, index = self.reference()
        operator = self.token if self.kind == "op" else ""
        if operator in _ASSIGN:
            self.advance()
            return _assigned(name, index, operator, self.assignment())
        if operator in ("++", "--"):
            self.advance()
            return _post_step(name, index, 1 if operator == "++" else -1)
        return lambda env: env.arithmetic_get(name, index)


_UNARY: dict[str, Callable[[Compiled], Compiled]] = {
    "-": lambda operand: lambda env: wrap(-operand(env)),
    "+": lambda operand: operand,
    "!": lambda operand: lambda env: int(not operand(env)),
    "~": lambda operand: lambda env: ~operand(env),
}


def _sequence(left: Compiled, right: Compiled) -> Compiled:
    def run(env: Environment) -> int:
        left(env)
        return right(env)

    return run


def _apply(function: Binary, left: Compiled, right: Compiled) -> Compiled:
    return lambda env: function(left(env), right(env))


def _apply_partial(function: Binary, left: Compiled, right: Compiled, token: str) -> Compiled:
    """An operator that is not defined for every right operand; `token` is that operand's text."""

    def run(env: Environment) -> int:
        try:
            return function(left(env), right(env))
        except ArithmeticFault as fault:
            raise ArithmeticFault(fault.kind, fault.token or token) from None

    return run


def _lazy(operator: str, left: Compiled, right: Compiled) -> Compiled:
    if operator == "&&":
        return lambda env: int(bool(left(env)) and bool(right(env)))
    return lambda env: int(bool(left(env)) or bool(right(env)))


def _post_step(name: str, index: str | None, step: int) -> Compiled:
    def stepped(env: Environment) -> int:
        value = env.arithmetic_get(name, index)
        env.arithmetic_set(name, index, wrap(value + step))
        return value

    return stepped


def _assigned(name: str, index: str | None, operator: str, right: Compiled) -> Compiled:
    function = _BINARY[operator[:-1]][1] if operator != "=" else None

    def assign(env: Environment) -> int:
        value = right(env)
        if function is not None:
            value = function(env.arithmetic_get(name, index), value)
        env.arithmetic_set(name, index, value)
        return value

    return assign


def _closing_bracket(text: str, pos: int) -> int:
    depth = 0
    for at in range(pos, len(text)):
        depth += (text[at] == "[") - (text[at] == "]")
        if not depth:
            return at
    raise ArithmeticFault("bracket", text[pos:])

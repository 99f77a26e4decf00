"""bc: arbitrary precision on the command line; expressions, variables, scale, comparisons, sqrt and the -l functions."""

import math
import re
from collections.abc import Callable
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation, localcontext

from daemon.process.process import Process
from daemon.programs.tools.kit import opened, tool
from daemon.programs.tools.lines import LineReader
from daemon.programs.tools.options import Options

PRECISION = 200
_TOKEN = re.compile(
    r"\s*(\d+\.?\d*|\.\d+|[a-z_][a-z0-9_]*|[-+*/%^]=|==|!=|<=|>=|\+\+|--|&&|\|\||[-+*/%^()<>=!;])"
)


class CalculatorError(Exception):
    """A line that bc cannot make sense of."""


class Calculator:
    """Evaluates statements; keeps variables and scale between them."""

    def __init__(self, *, library: bool = False) -> None:
        self.variables: dict[str, Decimal] = {}
        self.scale = 20 if library else 0
        self.tokens: list[str] = []
        self.at = 0

    def run(self, line: str) -> list[str]:
        """What a line prints, value by value."""
        shown = []
        for statement in line.split("#")[0].split(";"):
            if not statement.strip():
                continue
            self.tokens = self._tokens(statement)
            self.at = 0
            assigns = len(self.tokens) > 1 and self.tokens[1] in (
                "=",
                "+=",
                "-=",
                "*=",
                "/=",
                "%=",
                "^=",
            )
            value = self._expression()
            if self.at < len(self.tokens):
                raise CalculatorError("syntax error")
            if not assigns:
                shown.append(self.show(value))
        return shown

    def _tokens(self, text: str) -> list[str]:
        found, at = [], 0
        text = text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise CalculatorError(f"bad character '{text[at:].strip()[:1]}'")
            found.append(match[1])
            at = match.end()
        return found

    def show(self, value: Decimal) -> str:
        text = f"{value:f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".") if not value else text
        if text.startswith(("0.", "-0.")):
            text = text.replace("0.", ".", 1)
        return text if text not in ("", "-", "-0") else "0"

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def _expression(self) -> Decimal:
        name, operator = [*self.tokens[self.at : self.at + 2], "", ""][:2]
        if name.isidentifier() and operator in ("=", "+=", "-=", "*=", "/=", "%=", "^="):
            self.at += 2
            value = self._expression()
            if operator != "=":
                value = self._apply(operator[0], self._variable(name), value)
            return self._assign(name, value)
        return self._logic()

    def _assign(self, name: str, value: Decimal) -> Decimal:
        if name == "scale":
            self.scale = int(value)
        else:
            self.variables[name] = value
        return value

    def _variable(self, name: str) -> Decimal:
        return Decimal(self.scale) if name == "scale" else self.variables.get(name, Decimal(0))

    def _logic(self) -> Decimal:
        left = self._comparison()
        while self.peek() in ("&&", "||"):
            both = self.take() == "&&"
            right = self._comparison()
            left = Decimal(int(bool(left) and bool(right) if both else bool(left) or bool(right)))
        return left

    def _comparison(self) -> Decimal:
        left = self._sum()
        while self.peek() in ("==", "!=", "<", "<=", ">", ">="):
            operator = self.take()
            right = self._sum()
            order = (left > right) - (left < right)
            held = {
                "==": order == 0,
                "!=": order != 0,
                "<": order < 0,
                "<=": order <= 0,
                ">": order > 0,
                ">=": order >= 0,
            }
            left = Decimal(int(held[operator]))
        return left

    def _sum(self) -> Decimal:
        left = self._product()
        while self.peek() in ("+", "-"):
            operator = self.take()
            left = self._apply(operator, left, self._product())
        return left

    def _product(self) -> Decimal:
        left = self._power()
        while self.peek() in ("*", "/", "%"):
            operator = self.take()
            left = self._apply(operator, left, self._power())
        return left

    def _power(self) -> Decimal:
        base = self._unary()
        if self.peek() == "^":
            self.take()
            return self._apply("^", base, self._power())
        return base

    def _unary(self) -> Decimal:
        if self.peek() == "-":
            self.take()
            return -self._unary()
        if self.peek() == "!":
            self.take()
            return Decimal(int(not self._unary()))
        return self._primary()

    def _primary(self) -> Decimal:
        token = self.take()
        if token == "(":
            value = self._expression()
            if self.take() != ")":
                raise CalculatorError("syntax error")
            return value
        if not token:
            raise CalculatorError("syntax error")
        if token[0].isdigit() or token[0] == ".":
            return Decimal(token)
        if not token.isidentifier():
            raise CalculatorError("syntax error")
        if self.peek() == "(":
            return self._call(token)
        return self._variable(token)

    def _call(self, name: str) -> Decimal:
        self.take()
        value = self._expression()
        if self.take() != ")":
            raise CalculatorError("syntax error")
        if name == "sqrt":
            return self._cut(value.sqrt(Context(prec=PRECISION)), max(self.scale, _places(value)))
        if name == "length":
            return Decimal(len(value.as_tuple().digits))
        functions: dict[str, Callable[[float], float]] = {
            "s": math.sin,
            "c": math.cos,
            "a": math.atan,
            "l": math.log,
            "e": math.exp,
        }
        if name not in functions:
            raise CalculatorError(f"undefined function: {name}()")
        return self._cut(Decimal(functions[name](float(value))), self.scale)

    def _apply(self, operator: str, a: Decimal, b: Decimal) -> Decimal:
        with localcontext(Context(prec=PRECISION)):
            if operator == "+":
                return a + b
            if operator == "-":
                return a - b
            if operator == "*":
                places = min(_places(a) + _places(b), max(self.scale, _places(a), _places(b)))
                return self._cut(a * b, places)
            if operator == "^":
                return self._cut(a ** int(b), self.scale if b < 0 else max(self.scale, _places(a)))
            if not b:
                raise CalculatorError("divide by zero")
            quotient = self._cut(a / b, self.scale)
            return quotient if operator == "/" else a - quotient * b

    def _cut(self, value: Decimal, places: int) -> Decimal:
        with localcontext(Context(prec=PRECISION)):
            if not places and value == value.to_integral_value():
                return value.quantize(Decimal(1))
            return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@tool(
    "[-sqlw] [FILE]...",
    "sqlwih",
    about="Arbitrary precision calculator",
    long="mathlib=l quiet=q standard=s warn=w",
    package="1.07.1",
)
async def bc(proc: Process, options: Options) -> int:
    calculator = Calculator(library="l" in options)
    for path in [*options.args, "-"]:
        async with opened(proc, path) as fd:
            reader = LineReader(proc, fd)
            while (line := await reader.next()) is not None:
                text = line.decode(errors="replace").strip()
                if text in ("quit", "halt"):
                    return 0
                await _one_line(proc, calculator, text)
    return 0


async def _one_line(proc: Process, calculator: Calculator, text: str) -> None:
    try:
        for value in calculator.run(text):
            await proc.out(f"{value}\n")
    except (CalculatorError, InvalidOperation, OverflowError, ValueError) as error:
        await proc.err(f"(standard_in) 1: {error}\n")

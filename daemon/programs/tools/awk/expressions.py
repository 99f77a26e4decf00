"""awk's expressions, compiled to closures over a runtime."""

import math
from collections.abc import Callable
from typing import Any

from daemon.programs.tools.awk.builtins import PLAIN, gensub, split_into, substituted
from daemon.programs.tools.awk.code import Code, choose, constant, lift, lift_waiting
from daemon.programs.tools.awk.lexer import AwkError
from daemon.programs.tools.awk.runtime import SPECIAL, Runtime
from daemon.programs.tools.awk.syntax import Function, Node, Program
from daemon.programs.tools.awk.values import (
    UNSET,
    Array,
    Input,
    Value,
    compare,
    number,
    regex,
    text,
    truth,
)
from daemon.programs.tools.kit import is_gnu

_COMPARE: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _divide(a: float, b: float) -> float:
    if not b:
        raise AwkError("Division by zero")
    return a / b


def _divide_freely(a: float, b: float) -> float:
    """mawk's division knows infinity."""
    if b:
        return a / b
    return math.copysign(math.inf, a) if a else math.nan


def _modulo(a: float, b: float) -> float:
    if not b:
        raise AwkError("Division by zero")
    return math.fmod(a, b)


def _power(a: float, b: float) -> float:
    try:
        result = a**b
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return result if isinstance(result, float) else math.nan


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": _modulo,
    "^": _power,
}
_WATCHED = frozenset({"NF", *SPECIAL})
"""Names whose assignment the runtime must hear of."""


class Expressions:
    """Compiles expressions; `function` is the user's function that is being compiled, if any."""

    def __init__(self, runtime: Runtime, program: Program) -> None:
        self.m = runtime
        self.program = program
        self.function: Function | None = None
        self.call_user: Callable[[str, list[Value | Array]], Any] = _no_functions

    def compile(self, node: Node | None) -> Code:
        if node is None:
            return constant(UNSET)
        made: Code = getattr(self, f"_{node.kind}")(node)
        return made

    def parts(self, node: Node) -> list[Code]:
        return [self.compile(part) for part in node.parts]

    # --- operands

    def _number(self, node: Node) -> Code:
        digits = node.value
        return constant(float(int(digits, 16)) if digits[:2] in ("0x", "0X") else float(digits))

    def _string(self, node: Node) -> Code:
        return constant(node.value)

    def _regex(self, node: Node) -> Code:
        search = regex(node.value).search
        current = self.m.current
        return Code(lambda: 1.0 if search(current()) else 0.0)

    def _group(self, node: Node) -> Code:
        return self.compile(node.parts[0])

    def _name(self, node: Node) -> Code:
        m, name = self.m, node.value
        local = self._local(name)
        if local is not None:
            return Code(lambda: m.locals[local])
        if name == "NF":
            return Code(m.count)
        slots, index = m.globals, m.slots[name]
        return Code(lambda: slots[index])

    def _local(self, name: str) -> int | None:
        if self.function and name in self.function.params:
            return self.function.params.index(name)
        return None

    def array(self, name: str) -> Callable[[], Array]:
        """How to get at an array by name; a local one comes into being at its first use."""
        m = self.m
        local = self._local(name)
        if local is None:
            array = m.array(name)
            return lambda: array

        def find() -> Array:
            found = m.locals[local]
            if not isinstance(found, dict):
                if found is not UNSET:
                    raise AwkError(f"{name} is no array")
                found = m.locals[local] = {}
            return found

        return find

    def key(self, node: Node | None) -> Code:
        m = self.m

        def made(value: Value) -> str:
            return str(value) if isinstance(value, str) else text(value, m.text_of("CONVFMT"))

        return lift(made, self.compile(node))

    def _subscript(self, node: Node) -> Code:
        m = self.m

        def joined(*values: Value) -> str:
            form = m.text_of("CONVFMT")
            return m.text_of("SUBSEP").join(text(value, form) for value in values)

        return lift(joined, *self.parts(node))

    def _index(self, node: Node) -> Code:
        array = self.array(node.value)

        def get(key: str) -> Value:
            return array().setdefault(key, UNSET)

        return lift(get, self.key(node.parts[0]))

    def _field(self, node: Node) -> Code:
        field = self.m.field
        part = node.parts[0]
        if part and part.kind == "number" and part.value.isdigit():
            index = float(part.value)
            return Code(lambda: field(index))
        return lift(lambda value: field(number(value)), self.compile(part))

    # --- operators

    def _ternary(self, node: Node) -> Code:
        test, yes, no = self.parts(node)
        return choose(test, yes, no, truth)

    def _or(self, node: Node) -> Code:
        left, right = self.parts(node)
        return choose(left, constant(1.0), lift(lambda v: 1.0 if truth(v) else 0.0, right), truth)

    def _and(self, node: Node) -> Code:
        left, right = self.parts(node)
        return choose(left, lift(lambda v: 1.0 if truth(v) else 0.0, right), constant(0.0), truth)

    def _in(self, node: Node) -> Code:
        array = self.array(node.value)
        return lift(lambda key: 1.0 if key in array() else 0.0, self.key(node.parts[0]))

    def _match(self, node: Node) -> Code:
        m = self.m
        wanted = node.value == "~"
        left = self.compile(node.parts[0])
        pattern = self.pattern(node.parts[1])

        def test(value: Value, made: str) -> float:
            found = regex(made).search(text(value, m.text_of("CONVFMT"))) is not None
            return 1.0 if found == wanted else 0.0

        return lift(test, left, pattern)

    def pattern(self, node: Node | None) -> Code:
        """A regular expression's text: a literal's own, or the value of any other expression."""
        if node is not None and node.kind == "regex":
            return constant(node.value)
        return lift(text, self.compile(node))

    def _compare(self, node: Node) -> Code:
        m = self.m
        test = _COMPARE[node.value]

        def run(left: Value, right: Value) -> float:
            if isinstance(left, float) and isinstance(right, float):
                order = (left > right) - (left < right)
            else:
                order = compare(left, right, m.text_of("CONVFMT"))
            return 1.0 if test(order) else 0.0

        return lift(run, *self.parts(node))

    def _concat(self, node: Node) -> Code:
        m = self.m

        def run(left: Value, right: Value) -> str:
            form = m.text_of("CONVFMT")
            return text(left, form) + text(right, form)

        return lift(run, *self.parts(node))

    def _binary(self, node: Node) -> Code:
        operator = self._arithmetic(node.value)
        return lift(lambda a, b: operator(number(a), number(b)), *self.parts(node))

    def _arithmetic(self, mark: str) -> Callable[[float, float], float]:
        if mark == "/" and is_gnu(self.m.proc):
            return _divide_freely
        return _ARITHMETIC[mark]

    def _unary(self, node: Node) -> Code:
        operators: dict[str, Callable[[Value], float]] = {
            "!": lambda value: 0.0 if truth(value) else 1.0,
            "-": lambda value: -number(value),
            "+": number,
        }
        return lift(operators[node.value], *self.parts(node))

    # --- assignments

    def setter(self, target: Node) -> tuple[list[Code], Callable[..., Value], Callable[..., Value]]:
        """What locates an lvalue, and how to read and store there: get(*place), set(value, *place)."""
        m = self.m
        if target.kind == "field":
            index = lift(number, self.compile(target.parts[0]))
            return [index], m.field, lambda value, at: _stored(m.set_field, at, value)
        if target.kind == "index":
            array = self.array(target.value)
            key = self.key(target.parts[0])
            return [key], lambda k: array().get(k, UNSET), lambda value, k: _put(array(), k, value)
        return self._name_setter(target.value)

    def _name_setter(
        self, name: str
    ) -> tuple[list[Code], Callable[..., Value], Callable[..., Value]]:
        m = self.m
        local = self._local(name)
        get = self._name(Node("name", name)).run
        if local is not None:
            return [], get, lambda value: _put(m.locals, local, value)
        if name in _WATCHED:
            return [], get, lambda value: _stored(m.set, name, value)
        slots, index = m.globals, m.slots[name]
        return [], get, lambda value: _put(slots, index, value)

    def _assign(self, node: Node) -> Code:
        target, source = node.parts
        if target is None:
            raise AwkError("nothing to assign to")
        place, get, store = self.setter(target)
        value = self.compile(source)
        if node.value == "=":
            return lift(lambda *all_: store(all_[-1], *all_[:-1]), *place, value)
        operator = self._arithmetic(node.value[0])

        def run(*all_: Any) -> Value:  # noqa: ANN401
            *where, amount = all_
            return store(operator(number(get(*where)), number(amount)), *where)

        return lift(run, *place, value)

    def _step(self, node: Node, after: bool) -> Code:
        target = node.parts[0]
        if target is None:
            raise AwkError("nothing to count")
        place, get, store = self.setter(target)
        step = 1.0 if node.value == "++" else -1.0

        def run(*where: Any) -> float:  # noqa: ANN401
            before = number(get(*where))
            store(before + step, *where)
            return before if after else before + step

        return lift(run, *place)

    def _pre(self, node: Node) -> Code:
        return self._step(node, False)

    def _post(self, node: Node) -> Code:
        return self._step(node, True)

    # --- calls

    def _call(self, node: Node) -> Code:
        function = self.program.functions.get(node.value)
        if function is None:
            raise AwkError(self._undefined(node.value), node.line)
        if len(node.parts) > len(function.params):
            raise AwkError(f"too many arguments in call to {node.value}", node.line)
        codes = []
        for param, part in zip(function.params, node.parts, strict=False):
            if param in function.arrays and part is not None and part.kind == "name":
                codes.append(Code(self.array(part.value)))
            else:
                codes.append(self.compile(part))
        name = node.value

        async def run(*values: Any) -> Value:  # noqa: ANN401
            result: Value = await self.call_user(name, list(values))
            return result

        return lift_waiting(run, *codes)

    def _undefined(self, name: str) -> str:
        return (
            f"function {name} never defined"
            if is_gnu(self.m.proc)
            else "Call to undefined function"
        )

    def _builtin(self, node: Node) -> Code:
        special = getattr(self, f"_do_{node.value}", None)
        if special:
            made: Code = special(node)
            return made
        function, m = PLAIN[node.value], self.m
        codes = self.parts(node)
        if node.value == "match":
            codes = [codes[0], self.pattern(node.parts[1])]
        return lift(lambda *values: _called(function, m, values), *codes)

    def _do_length(self, node: Node) -> Code:
        m = self.m
        part = node.parts[0] if node.parts else None
        if part is None:
            return Code(lambda: float(len(m.current())))
        if part.kind == "name" and self._is_array(part.value):
            array = self.array(part.value)
            return Code(lambda: float(len(array())))
        form = "CONVFMT"
        return lift(lambda value: float(len(text(value, m.text_of(form)))), self.compile(part))

    def _is_array(self, name: str) -> bool:
        if self.function and name in self.function.params:
            return name in self.function.arrays
        return name in self.m.arrays

    def _do_split(self, node: Node) -> Code:
        m = self.m
        name = node.parts[1]
        if name is None or name.kind != "name":
            raise AwkError("split needs an array", node.line)
        array = self.array(name.value)
        separator = node.parts[2] if len(node.parts) > 2 else None
        literal = separator is not None and separator.kind == "regex"
        source = self.compile(node.parts[0])
        if separator is None:
            return lift(lambda value: split_into(m, array(), value, None, False), source)
        return lift(
            lambda value, made: split_into(m, array(), value, made, literal),
            source,
            self.pattern(separator),
        )

    def _substitution(self, node: Node, every: bool) -> Code:
        m = self.m
        target = node.parts[2] if len(node.parts) > 2 else Node("field", "", [Node("number", "0")])
        if target is None:
            raise AwkError("nothing to substitute in", node.line)
        if target.kind == "group" and target.parts[0] is not None:
            target = target.parts[0]
        if target.kind in ("name", "index", "field"):
            place, get, store = self.setter(target)
        else:
            place, get, store = [self.compile(target)], lambda value: value, lambda value, _: value

        def run(pattern: str, replacement: Value, *where: Any) -> float:  # noqa: ANN401
            form = m.text_of("CONVFMT")
            changed, count = substituted(
                pattern, text(replacement, form), text(get(*where), form), every
            )
            if count:
                store(changed, *where)
            return float(count)

        return lift(run, self.pattern(node.parts[0]), self.compile(node.parts[1]), *place)

    def _do_sub(self, node: Node) -> Code:
        return self._substitution(node, False)

    def _do_gsub(self, node: Node) -> Code:
        return self._substitution(node, True)

    def _do_gensub(self, node: Node) -> Code:
        m = self.m
        codes = [self.pattern(node.parts[0]), *[self.compile(part) for part in node.parts[1:]]]
        if len(codes) < 4:
            codes.append(Code(m.current))
        return lift(lambda *values: gensub(m, *values), *codes)

    # --- what waits: commands and files

    def _do_system(self, node: Node) -> Code:
        m = self.m

        async def run(command: Value) -> Value:
            await m.flush()
            child = await m.proc.spawn(m.shell_words(text(command)), path="/bin/sh")
            _, status = await m.proc.wait(child.pid)
            return float(getattr(status, "shell_code", 0))

        return lift_waiting(run, *self.parts(node))

    def _do_close(self, node: Node) -> Code:
        m = self.m

        async def run(name: Value, *_: Value) -> Value:
            return await m.close(text(name))

        return lift_waiting(run, *self.parts(node))

    def _do_fflush(self, node: Node) -> Code:
        m = self.m

        async def run(*_: Value) -> Value:
            await m.flush()
            return 0.0

        return lift_waiting(run, *self.parts(node))

    next_record: Callable[[], Any]

    def _getline(self, node: Node) -> Code:
        m = self.m
        target = node.parts[0]
        place, _, store = self.setter(target) if target else ([], None, None)
        source = [self.compile(node.parts[1])] if node.value else []
        mode = node.value

        async def run(*all_: Any) -> Value:  # noqa: ANN401
            name, where = (all_[0], all_[1:]) if mode else ("", all_)
            line = await self._line_from(text(name), mode)
            if not isinstance(line, str):
                return line
            if mode in ("", "|"):
                m.set("NR", number(m.get("NR")) + 1)
            if not mode:
                m.set("FNR", number(m.get("FNR")) + 1)
            if store:
                store(Input(line), *where)
            else:
                m.set_record(line)
            return 1.0

        return lift_waiting(run, *source, *place)

    async def _line_from(self, name: str, mode: str) -> str | float:
        if not mode:
            line = await self.next_record()
            return 0.0 if line is None else str(line)
        reader = await self.m.reader(name, mode)
        if reader is None:
            return -1.0
        try:
            line = await reader.next(self.m.text_of("RS"))
        except OSError:
            return -1.0
        return 0.0 if line is None else str(line)


def _called(function: Callable[..., Any], m: Runtime, values: tuple[Any, ...]) -> Any:  # noqa: ANN401
    try:
        return function(m, *values)
    except TypeError as error:
        raise AwkError("wrong number of arguments to a function") from error


def _no_functions(name: str, values: list[Value | Array]) -> Any:  # noqa: ANN401
    raise AwkError(f"function {name} never defined")


def _put(container: Any, key: Any, value: Value) -> Value:  # noqa: ANN401
    container[key] = value
    return value


def _stored(store: Callable[[Any, Value], None], where: Any, value: Value) -> Value:  # noqa: ANN401
    store(where, value)
    return value

"""Runs a small part of Python by walking its syntax tree, every step a checkpoint of the simulated process.

Expressions, assignments, print and input, conditions, loops, comprehensions, functions, exceptions, and the modules of
python_modules. What is missing is refused by name; nothing of the host is reachable (see python_values).
"""

import ast
import operator
from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable
from typing import Any

from daemon.process.process import Process
from daemon.programs.services.python_values import (
    BINARY,
    BUILTINS,
    COMPARE,
    EXCEPTIONS,
    UNARY,
    ExceptionClass,
    Namespace,
    NotSimulated,
    PyError,
    Value,
    attribute,
    formatted,
    measured,
    represented,
    shown,
)

DEPTH_LIMIT = 60
STEPS_PER_ACCOUNT = 256
"""How often what the variables hold is charged to the container."""
CAUGHT = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, UnicodeError)
Scope = dict[str, Value]


class _Break(Exception):
    """break."""


class _Continue(Exception):
    """continue."""


class _Return(Exception):
    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Function:
    """def and lambda."""

    def __init__(
        self,
        name: str,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        scopes: list[Scope],
    ) -> None:
        self.name = name
        self.node = node
        self.scopes = scopes

    def __repr__(self) -> str:
        return f"<function {self.name}>"


class Interpreter:
    """One program. `modules` are made by the caller, who also takes what is printed."""

    def __init__(self, proc: Process, modules: Callable[[str], Namespace | None]) -> None:
        self.proc = proc
        self.modules = modules
        self.builtins: Scope = {
            **BUILTINS,
            **{name: ExceptionClass(name) for name in EXCEPTIONS},
            "isinstance": self._isinstance,
            "type": lambda value: ExceptionClass(type(value).__name__),
        }
        self.globals: Scope = {"__name__": "__main__"}
        self.scopes: list[Scope] = [self.globals]
        self.line = 1
        self.depth = 0
        self.steps = 0
        self.charged = 0

    def _isinstance(self, value: Value, kinds: Value) -> bool:
        for kind in kinds if isinstance(kinds, tuple) else (kinds,):
            if (
                isinstance(kind, ExceptionClass)
                and isinstance(value, PyError)
                and kind.covers(value.kind)
            ):
                return True
            if isinstance(kind, type) and isinstance(value, kind):
                return True
        return False

    # --- statements

    async def run(self, body: list[ast.stmt]) -> None:
        for statement in body:
            await self._step(statement)
            method = getattr(self, f"_do_{type(statement).__name__}", None)
            if method is None:
                raise NotSimulated(type(statement).__name__)
            await method(statement)

    async def _step(self, statement: ast.stmt) -> None:
        await self.proc.checkpoint()
        self.line = statement.lineno
        self.steps += 1
        if self.steps % STEPS_PER_ACCOUNT == 0:
            used = sum(_weight(value) for scope in self.scopes for value in scope.values())
            self.charged, change = used, used - self.charged
            self.proc.charge(change)

    async def _do_Expr(self, node: ast.Expr) -> None:
        await self.value(node.value)

    async def _do_Pass(self, node: ast.Pass) -> None:
        """Nothing."""

    async def _do_Assign(self, node: ast.Assign) -> None:
        value = await self.value(node.value)
        for target in node.targets:
            await self._assign(target, value)

    async def _do_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            await self._assign(node.target, await self.value(node.value))

    async def _do_AugAssign(self, node: ast.AugAssign) -> None:
        left, right = await self.value(node.target), await self.value(node.value)
        await self._assign(node.target, self._binary(node.op, left, right))

    async def _do_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scopes[-1].pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                holder, key = await self.value(target.value), await self.value(target.slice)
                self._guard(partial(operator.delitem, holder, key))
            else:
                raise NotSimulated("del")

    async def _assign(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self._home_of(target.id)[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            values = list(self._iterated(measured(value)))
            if len(values) != len(target.elts):
                few = (
                    "not enough values to unpack"
                    if len(values) < len(target.elts)
                    else "too many values to unpack"
                )
                raise PyError("ValueError", f"{few} (expected {len(target.elts)})")
            for one, item in zip(target.elts, values, strict=True):
                await self._assign(one, item)
        elif isinstance(target, ast.Subscript):
            holder, key = await self.value(target.value), await self.value(target.slice)
            if not isinstance(holder, list | dict):
                raise PyError(
                    "TypeError",
                    f"'{type(holder).__name__}' object does not support item assignment",
                )
            self._guard(lambda: holder.__setitem__(key, value))
            measured(holder)
        else:
            raise NotSimulated("assignment to an attribute")

    def _home_of(self, name: str) -> Scope:
        return self.globals if name in self.scopes[-1].get("\0global", ()) else self.scopes[-1]

    async def _do_Global(self, node: ast.Global) -> None:
        self.scopes[-1]["\0global"] = {*self.scopes[-1].get("\0global", ()), *node.names}

    async def _do_If(self, node: ast.If) -> None:
        await self.run(node.body if await self.value(node.test) else node.orelse)

    async def _do_While(self, node: ast.While) -> None:
        while await self.value(node.test):
            await self.proc.checkpoint()
            try:
                await self.run(node.body)
            except _Break:
                return
            except _Continue:
                continue
        await self.run(node.orelse)

    async def _do_For(self, node: ast.For) -> None:
        for item in self._iterated(await self.value(node.iter)):
            await self._assign(node.target, item)
            try:
                await self.run(node.body)
            except _Break:
                return
            except _Continue:
                continue
        await self.run(node.orelse)

    def _iterated(self, value: Value) -> Any:  # noqa: ANN401
        if (
            not isinstance(value, str | bytes | list | tuple | dict | set | range)
            and not hasattr(value, "__next__")
            and type(value).__name__ not in ("dict_keys", "dict_values", "dict_items")
        ):
            raise PyError("TypeError", f"'{type(value).__name__}' object is not iterable")
        return list(value) if isinstance(value, list | dict | set) else value

    async def _do_Break(self, node: ast.Break) -> None:
        raise _Break

    async def _do_Continue(self, node: ast.Continue) -> None:
        raise _Continue

    async def _do_Return(self, node: ast.Return) -> None:
        raise _Return(None if node.value is None else await self.value(node.value))

    async def _do_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            raise NotSimulated("decorators")
        self._home_of(node.name)[node.name] = Function(node.name, node, list(self.scopes))

    async def _do_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            module = self._module(alias.name)
            name = alias.asname or alias.name.partition(".")[0]
            self.scopes[-1][name] = (
                module if alias.asname or "." not in alias.name else self._module(name)
            )

    async def _do_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = self._module(node.module or "")
        for alias in node.names:
            self.scopes[-1][alias.asname or alias.name] = attribute(module, alias.name)

    def _module(self, name: str) -> Namespace:
        module = self.modules(name)
        if module is None:
            raise PyError("ModuleNotFoundError", f"No module named '{name}'")
        return module

    async def _do_Assert(self, node: ast.Assert) -> None:
        if not await self.value(node.test):
            raise PyError("AssertionError", *([await self.value(node.msg)] if node.msg else []))

    async def _do_Raise(self, node: ast.Raise) -> None:
        if node.exc is None:
            raise PyError("RuntimeError", "No active exception to reraise")
        value = await self.value(node.exc)
        if isinstance(value, ExceptionClass):
            value = PyError(value.name)
        if not isinstance(value, PyError):
            raise PyError("TypeError", "exceptions must derive from BaseException")
        raise value

    async def _do_Try(self, node: ast.Try) -> None:
        try:
            await self._tried(node)
        finally:
            await self.run(node.finalbody)

    async def _tried(self, node: ast.Try) -> None:
        try:
            await self.run(node.body)
        except PyError as error:
            for handler in node.handlers:
                if await self._handles(handler, error):
                    if handler.name:
                        self.scopes[-1][handler.name] = error
                    await self.run(handler.body)
                    return
            raise
        else:
            await self.run(node.orelse)

    async def _do_With(self, node: ast.With) -> None:
        """Whatever can be closed is a context: files and sockets."""
        held = []
        try:
            for item in node.items:
                value = await self.value(item.context_expr)
                held.append(attribute(value, "close"))
                if item.optional_vars is not None:
                    await self._assign(item.optional_vars, value)
            await self.run(node.body)
        finally:
            for close in reversed(held):
                await self.call(close, [], {})

    async def _handles(self, handler: ast.ExceptHandler, error: PyError) -> bool:
        if handler.type is None:
            return True
        wanted = await self.value(handler.type)
        kinds = wanted if isinstance(wanted, tuple) else (wanted,)
        return any(isinstance(kind, ExceptionClass) and kind.covers(error.kind) for kind in kinds)

    # --- expressions

    async def value(self, node: ast.expr) -> Value:
        method = getattr(self, f"_of_{type(node).__name__}", None)
        if method is None:
            raise NotSimulated(type(node).__name__)
        return await method(node)

    def _guard(self, compute: Callable[[], Value]) -> Value:
        """Host errors of plain values are the simulated code's own."""
        try:
            return compute()
        except PyError:
            raise
        except CAUGHT as error:
            raise PyError(type(error).__name__, *error.args) from None

    async def _of_Constant(self, node: ast.Constant) -> Value:
        return node.value

    async def _of_Name(self, node: ast.Name) -> Value:
        for scope in [*reversed(self.scopes), self.builtins]:
            if node.id in scope:
                return scope[node.id]
        raise PyError("NameError", f"name '{node.id}' is not defined")

    async def _of_List(self, node: ast.List) -> Value:
        return measured([await self.value(item) for item in node.elts])

    async def _of_Tuple(self, node: ast.Tuple) -> Value:
        return measured(tuple([await self.value(item) for item in node.elts]))

    async def _of_Set(self, node: ast.Set) -> Value:
        return {await self.value(item) for item in node.elts}

    async def _of_Dict(self, node: ast.Dict) -> Value:
        result: dict[Value, Value] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                result |= await self.value(item)
            else:
                result[await self.value(key)] = await self.value(item)
        return measured(result)

    async def _of_BinOp(self, node: ast.BinOp) -> Value:
        return self._binary(node.op, await self.value(node.left), await self.value(node.right))

    def _binary(self, op: ast.operator, left: Value, right: Value) -> Value:
        return self._guard(lambda: BINARY[type(op).__name__](left, right))

    async def _of_UnaryOp(self, node: ast.UnaryOp) -> Value:
        value = await self.value(node.operand)
        return self._guard(lambda: UNARY[type(node.op).__name__](value))

    async def _of_BoolOp(self, node: ast.BoolOp) -> Value:
        wanted = isinstance(node.op, ast.Or)
        value: Value = None
        for item in node.values:
            value = await self.value(item)
            if bool(value) == wanted:
                break
        return value

    async def _of_Compare(self, node: ast.Compare) -> Value:
        left = await self.value(node.left)
        for op, other in zip(node.ops, node.comparators, strict=True):
            right = await self.value(other)
            result = self._guard(partial(COMPARE[type(op).__name__], left, right))
            if not result:
                return result
            left = right
        return True

    async def _of_IfExp(self, node: ast.IfExp) -> Value:
        return await self.value(node.body if await self.value(node.test) else node.orelse)

    async def _of_Subscript(self, node: ast.Subscript) -> Value:
        value = await self.value(node.value)
        if not isinstance(value, str | bytes | list | tuple | dict | range):
            raise PyError("TypeError", f"'{type(value).__name__}' object is not subscriptable")
        key = await self.value(node.slice)
        return self._guard(lambda: value[key])

    async def _of_Slice(self, node: ast.Slice) -> Value:
        parts = [
            None if part is None else await self.value(part)
            for part in (node.lower, node.upper, node.step)
        ]
        return slice(*parts)

    async def _of_Attribute(self, node: ast.Attribute) -> Value:
        return attribute(await self.value(node.value), node.attr)

    async def _of_JoinedStr(self, node: ast.JoinedStr) -> Value:
        return "".join([shown(await self.value(part)) for part in node.values])

    async def _of_FormattedValue(self, node: ast.FormattedValue) -> Value:
        value = await self.value(node.value)
        if node.conversion in (ord("r"), ord("a")):
            value = represented(value)
        elif node.conversion == ord("s"):
            value = shown(value)
        spec = await self.value(node.format_spec) if node.format_spec else ""
        return self._guard(lambda: formatted(value, spec))

    async def _of_Lambda(self, node: ast.Lambda) -> Value:
        return Function("<lambda>", node, list(self.scopes))

    async def _of_NamedExpr(self, node: ast.NamedExpr) -> Value:
        value = await self.value(node.value)
        await self._assign(node.target, value)
        return value

    async def _of_ListComp(self, node: ast.ListComp) -> Value:
        return await self._comprehended(node.generators, lambda: self.value(node.elt))

    async def _of_GeneratorExp(self, node: ast.GeneratorExp) -> Value:
        return await self._comprehended(node.generators, lambda: self.value(node.elt))

    async def _of_SetComp(self, node: ast.SetComp) -> Value:
        return set(await self._comprehended(node.generators, lambda: self.value(node.elt)))

    async def _of_DictComp(self, node: ast.DictComp) -> Value:
        async def pair() -> Value:
            return await self.value(node.key), await self.value(node.value)

        return dict(await self._comprehended(node.generators, pair))

    async def _comprehended(
        self, generators: list[ast.comprehension], element: Callable[[], Awaitable[Value]]
    ) -> list[Value]:
        found: list[Value] = []

        async def level(index: int) -> None:
            if index == len(generators):
                found.append(await element())
                return
            generator = generators[index]
            for item in self._iterated(await self.value(generator.iter)):
                await self.proc.checkpoint()
                await self._assign(generator.target, item)
                if all([await self.value(condition) for condition in generator.ifs]):
                    await level(index + 1)

        self.scopes.append({})
        try:
            await level(0)
        finally:
            self.scopes.pop()
        return found

    # --- calls

    async def _of_Call(self, node: ast.Call) -> Value:
        function = await self.value(node.func)
        args: list[Value] = []
        for word in node.args:
            if isinstance(word, ast.Starred):
                args += self._iterated(measured(await self.value(word.value)))
            else:
                args.append(await self.value(word))
        named: dict[str, Value] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                named |= await self.value(keyword.value)
            else:
                named[keyword.arg] = await self.value(keyword.value)
        return await self.call(function, args, named)

    async def call(self, function: Value, args: list[Value], named: dict[str, Value]) -> Value:
        if isinstance(function, Function):
            return await self._call_function(function, args, named)
        if isinstance(function, ExceptionClass):
            return PyError(function.name, *args)
        if not callable(function):
            raise PyError("TypeError", f"'{type(function).__name__}' object is not callable")
        if function is not BUILTINS["len"]:
            measured(args)
        result = self._guard(lambda: function(*args, **named))
        return await result if isawaitable(result) else result

    async def _call_function(
        self, function: Function, args: list[Value], named: dict[str, Value]
    ) -> Value:
        if self.depth >= DEPTH_LIMIT:
            raise PyError("RecursionError", "maximum recursion depth exceeded")
        scope = await self._bound(function, args, named)
        outer, self.scopes = self.scopes, [*function.scopes, scope]
        self.depth += 1
        try:
            if isinstance(function.node, ast.Lambda):
                return await self.value(function.node.body)
            await self.run(function.node.body)
        except _Return as returned:
            return returned.value
        finally:
            self.scopes = outer
            self.depth -= 1
        return None

    async def _bound(self, function: Function, args: list[Value], named: dict[str, Value]) -> Scope:
        spec = function.node.args
        names = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
        scope: Scope = {}
        defaults = dict(zip(reversed(names), reversed(spec.defaults), strict=False))
        for name, node in defaults.items():
            scope[name] = await self.value(node)
        scope |= dict(zip(names, args, strict=False)) | named
        if spec.vararg:
            scope[spec.vararg.arg] = tuple(args[len(names) :])
        elif len(args) > len(names):
            raise PyError(
                "TypeError",
                f"{function.name}() takes {len(names)} positional arguments but {len(args)} were given",
            )
        missing = [name for name in names if name not in scope]
        if missing:
            raise PyError(
                "TypeError",
                f"{function.name}() missing {len(missing)} required positional argument: '{missing[0]}'",
            )
        return scope


def _weight(value: Value) -> int:
    """About how many bytes a value takes, its elements judged by the first few."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, list | tuple | set | dict):
        few = [
            len(item)
            for item, _ in zip(value, range(16), strict=False)
            if isinstance(item, str | bytes)
        ]
        return len(value) * (64 + (sum(few) // len(few) if few else 0))
    return 0

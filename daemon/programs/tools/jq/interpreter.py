"""jq's evaluation: each node yields values, and beside them the paths by which they were reached."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from daemon.programs.tools.jq.builtins import FORMATS, FUNCTIONS, PRELUDE
from daemon.programs.tools.jq.parser import Definition, Node, Parser, tokenize
from daemon.programs.tools.jq.values import (
    JqError,
    Json,
    Path,
    arithmetic,
    compare,
    delete_path,
    dump,
    get,
    set_path,
    sort_key,
    truth,
    type_of,
)

Result = tuple[Path | None, Json]
"""A value and where it is in the input; None where it is nowhere (it was computed)."""


class Break(Exception):
    """break $label."""

    def __init__(self, label: object) -> None:
        self.label = label


class Halt(Exception):
    """halt and halt_error."""

    def __init__(self, code: int, message: Json = None) -> None:
        self.code = code
        self.message = message


@dataclass(slots=True)
class Closure:
    """A filter with the scope it was written in; a definition has parameters as well."""

    params: list[str]
    body: Node
    scope: "Scope"


class Scope:
    """Names: variables as $x, functions as name/arity; inner ones hide outer ones."""

    __slots__ = ("names", "outer")

    def __init__(self, outer: "Scope | None" = None) -> None:
        self.names: dict[str, Json] = {}
        self.outer = outer

    def find(self, name: str) -> Json:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None

    def with_(self, name: str, value: Json) -> "Scope":
        made = Scope(self)
        made.names[name] = value
        return made


@cache
def prelude() -> tuple[Definition, ...]:
    """What is defined in jq itself."""
    return tuple(Parser(tokenize(PRELUDE)).definitions())


def define(scope: Scope, definition: Definition) -> Scope:
    made = Scope(scope)
    made.names[f"{definition.name}/{len(definition.params)}"] = Closure(
        definition.params, definition.body, made
    )
    return made


class Interpreter:
    """Runs one program; `inputs` is where input and inputs get their values."""

    def __init__(
        self, inputs: Callable[[], Json], now: float, special: "dict[tuple[str, int], Special]"
    ) -> None:
        self.inputs = inputs
        self.special = special
        self.now = now

    def scope(self, variables: dict[str, Json]) -> Scope:
        scope = Scope()
        scope.names.update({f"${name}": value for name, value in variables.items()})
        for definition in prelude():
            scope.names[f"{definition.name}/{len(definition.params)}"] = Closure(
                definition.params, definition.body, scope
            )
        return scope

    def values(self, node: Node, value: Json, scope: Scope) -> Iterator[Json]:
        for _, found in self.run(node, None, value, scope):
            yield found

    def run(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        """The results of `node` for an input that is at `path`."""
        handler = getattr(self, f"_{node.kind}")
        yield from handler(node, path, value, scope)

    # --- terms

    def _identity(
        self, node: Node, path: Path | None, value: Json, scope: Scope
    ) -> Iterator[Result]:
        yield path, value

    def _literal(
        self, node: Node, path: Path | None, value: Json, scope: Scope
    ) -> Iterator[Result]:
        yield None, node.value

    def _variable(
        self, node: Node, path: Path | None, value: Json, scope: Scope
    ) -> Iterator[Result]:
        name = f"${node.value}"
        found = scope.find(name)
        if found is None and not _is_bound(scope, name):
            raise JqError(f"{name} is not defined")
        yield None, found

    def _string(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        form = _format(node.value)

        def pieces(index: int) -> Iterator[str]:
            if index == len(node.parts):
                yield ""
                return
            part = node.parts[index]
            heads = (
                [part]
                if isinstance(part, str)
                else [form(v) for v in self.values(part, value, scope)]
            )
            for tail in pieces(index + 1):
                for head in heads:
                    yield head + tail

        for text in pieces(0):
            yield None, text

    def _format(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        yield None, _format(node.value)(value)

    def _array(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        inside = node.parts[0]
        yield None, ([] if inside is None else list(self.values(inside, value, scope)))

    def _object(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        def build(index: int, made: dict[str, Json]) -> Iterator[dict[str, Json]]:
            if index == len(node.parts):
                yield made
                return
            key_node, value_node = node.parts[index]
            for key in self.values(key_node, value, scope):
                if not isinstance(key, str):
                    raise JqError(f"Object keys must be strings, not {type_of(key)}")
                for item in self.values(value_node, value, scope):
                    yield from build(index + 1, {**made, key: item})

        for made in build(0, {}):
            yield None, made

    def _negate(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        for found in self.values(node.parts[0], value, scope):
            yield None, arithmetic("-", 0, found)

    # --- access

    def _index(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        for at, target in self.run(node.parts[0], path, value, scope):
            for key in self.values(node.parts[1], value, scope):
                yield _below(at, key), get(target, key)

    def _slice(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        starts = [None] if node.parts[1] is None else list(self.values(node.parts[1], value, scope))
        ends = [None] if node.parts[2] is None else list(self.values(node.parts[2], value, scope))
        for at, target in self.run(node.parts[0], path, value, scope):
            for end in ends:
                for start in starts:
                    key = {"start": start, "end": end}
                    yield _below(at, key), get(target, key)

    def _iterate(
        self, node: Node, path: Path | None, value: Json, scope: Scope
    ) -> Iterator[Result]:
        for at, target in self.run(node.parts[0], path, value, scope):
            if isinstance(target, list):
                for index, item in enumerate(target):
                    yield _below(at, index), item
            elif isinstance(target, dict):
                for key, item in target.items():
                    yield _below(at, key), item
            else:
                raise JqError(
                    f"Cannot iterate over {type_of(target)}"
                    + (f" ({_short(target)})" if target is not None else "")
                )

    # --- combination

    def _pipe(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        for at, found in self.run(node.parts[0], path, value, scope):
            yield from self.run(node.parts[1], at, found, scope)

    def _comma(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        for part in node.parts:
            yield from self.run(part, path, value, scope)

    def _binary(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        operator = node.value
        if operator == "//":
            yield from self._alternative(node, path, value, scope)
        elif operator in ("and", "or"):
            yield from self._logic(node, value, scope)
        elif operator.endswith("=") and operator not in ("==", "!=", "<=", ">="):
            yield from self._assign(node, value, scope)
        else:
            for right in self.values(node.parts[1], value, scope):
                for left in self.values(node.parts[0], value, scope):
                    yield None, _combined(operator, left, right)

    def _alternative(
        self, node: Node, path: Path | None, value: Json, scope: Scope
    ) -> Iterator[Result]:
        some = False
        try:
            for at, found in self.run(node.parts[0], path, value, scope):
                if truth(found):
                    some = True
                    yield at, found
        except JqError:
            if some:
                return
        if not some:
            yield from self.run(node.parts[1], path, value, scope)

    def _logic(self, node: Node, value: Json, scope: Scope) -> Iterator[Result]:
        both = node.value == "and"
        for left in self.values(node.parts[0], value, scope):
            if truth(left) != both:
                yield None, not both
                continue
            for right in self.values(node.parts[1], value, scope):
                yield None, truth(right)

    def _assign(self, node: Node, value: Json, scope: Scope) -> Iterator[Result]:
        target, source = node.parts
        paths = [self.path_of(at) for at, _ in self.run(target, [], value, scope)]
        if node.value == "|=":
            yield None, self._updated(paths, source, value, scope)
            return
        for right in self.values(source, value, scope):
            made = value
            for at in paths:
                made = set_path(made, at, self._new_value(node.value, get_path(made, at), right))
            yield None, made

    def _new_value(self, operator: str, old: Json, right: Json) -> Json:
        if operator == "=":
            return right
        if operator == "//=":
            return old if truth(old) else right
        return arithmetic(operator[0], old, right)

    def _updated(self, paths: list[Path], source: Node, value: Json, scope: Scope) -> Json:
        doomed: list[Path] = []
        for at in paths:
            new = next(self.values(source, get_path(value, at), scope), _NOTHING)
            if new is _NOTHING:
                doomed.append(at)
            else:
                value = set_path(value, at, new)
        return without(value, doomed)

    def path_of(self, at: Path | None) -> Path:
        if at is None:
            raise JqError("Invalid path expression")
        return at

    # --- control

    def _if(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        for test in self.values(node.parts[0], value, scope):
            yield from self.run(node.parts[1 if truth(test) else 2], path, value, scope)

    def _try(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        try:
            yield from self.run(node.parts[0], path, value, scope)
        except JqError as error:
            if node.parts[1] is not None:
                yield from self.run(node.parts[1], None, error.value, scope)

    def _label(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        mark = object()
        try:
            yield from self.run(node.parts[0], path, value, scope.with_(f"*{node.value}", mark))
        except Break as leaving:
            if leaving.label is not mark:
                raise

    def _break(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        raise Break(scope.find(f"*{node.value}"))
        yield None, None

    def _def(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        yield from self.run(node.parts[0], path, value, define(scope, node.value))

    def _as(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        for found in self.values(node.parts[0], value, scope):
            for inner in self._bound(node.value[0], found, scope):
                yield from self.run(node.parts[1], path, value, inner)

    def _bound(self, pattern: Node, found: Json, scope: Scope) -> Iterator[Scope]:
        """The scopes in which the pattern's variables have their values."""
        if pattern.kind == "variable":
            yield scope.with_(f"${pattern.value}", found)
        elif pattern.kind == "array":
            yield from self._bound_all(
                [(index, part) for index, part in enumerate(pattern.parts)], found, scope
            )
        else:
            pairs = [
                (key, part)
                for node, part in pattern.parts
                for key in self.values(node, found, scope)
            ]
            yield from self._bound_all(pairs, found, scope)

    def _bound_all(
        self, pairs: list[tuple[Json, Node]], found: Json, scope: Scope
    ) -> Iterator[Scope]:
        if not pairs:
            yield scope
            return
        key, part = pairs[0]
        for inner in self._bound(part, get(found, key), scope):
            yield from self._bound_all(pairs[1:], found, inner)

    def _reduce(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        source, start, update = node.parts
        for state in self.values(start, value, scope):
            for found in self.values(source, value, scope):
                for inner in self._bound(node.value, found, scope):
                    last = None
                    for last in self.values(update, state, inner):  # noqa: B007  the last one counts
                        pass
                    state = last
            yield None, state

    def _foreach(
        self, node: Node, path: Path | None, value: Json, scope: Scope
    ) -> Iterator[Result]:
        source, start, update, extract = node.parts
        for state in self.values(start, value, scope):
            for found in self.values(source, value, scope):
                for inner in self._bound(node.value, found, scope):
                    for state in self.values(update, state, inner):  # noqa: B020  the state goes on
                        if extract is None:
                            yield None, state
                        else:
                            yield from self.run(extract, None, state, inner)

    # --- calls

    def _call(self, node: Node, path: Path | None, value: Json, scope: Scope) -> Iterator[Result]:
        args: list[Node] = node.parts
        closure = scope.find(f"{node.value}/{len(args)}")
        if closure is not None:
            yield from self._apply(closure, args, path, value, scope)
            return
        special = self.special.get((node.value, len(args)))
        if special:
            yield from special(self, args, path, value, scope)
            return
        function = FUNCTIONS.get((node.value, len(args)))
        if function is None:
            raise JqError(f"{node.value}/{len(args)} is not defined")
        for values in self.products(args, value, scope):
            yield None, _called(function, node.value, value, values)

    def products(self, args: list[Node], value: Json, scope: Scope) -> Iterator[list[Json]]:
        if not args:
            yield []
            return
        for rest in self.products(args[1:], value, scope):
            for first in self.values(args[0], value, scope):
                yield [first, *rest]

    def _apply(
        self, closure: Closure, args: list[Node], path: Path | None, value: Json, scope: Scope
    ) -> Iterator[Result]:
        plain = [
            (param, arg)
            for param, arg in zip(closure.params, args, strict=True)
            if param.startswith("$")
        ]
        inner = Scope(closure.scope)
        for param, arg in zip(closure.params, args, strict=True):
            name = param.lstrip("$")
            inner.names[f"{name}/0"] = Closure([], arg, scope)
        for values in self.products([arg for _, arg in plain], value, scope):
            bound = Scope(inner)
            for (param, _), item in zip(plain, values, strict=True):
                bound.names[param] = item
            yield from self.run(closure.body, path, value, bound)


_NOTHING = object()


def _is_bound(scope: Scope | None, name: str) -> bool:
    while scope is not None:
        if name in scope.names:
            return True
        scope = scope.outer
    return False


def _short(value: Json) -> str:
    shown = dump(value)
    return shown if len(shown) < 12 else shown[:10] + "..."


def _below(path: Path | None, key: Json) -> Path | None:
    return None if path is None else [*path, key]


def get_path(value: Json, path: Path) -> Json:
    for key in path:
        value = get(value, key)
    return value


def without(value: Json, paths: list[Path]) -> Json:
    for path in sorted(paths, key=sort_key, reverse=True):
        value = delete_path(value, path) if path else None
    return value


def _format(name: str) -> Callable[[Json], str]:
    if name not in FORMATS:
        raise JqError(f"{name[1:]} is not a valid format")
    return FORMATS[name]


def _combined(operator: str, left: Json, right: Json) -> Json:
    tests: dict[str, Callable[[int], bool]] = {
        "==": lambda order: order == 0,
        "!=": lambda order: order != 0,
        "<": lambda order: order < 0,
        "<=": lambda order: order <= 0,
        ">": lambda order: order > 0,
        ">=": lambda order: order >= 0,
    }
    if operator in tests:
        return tests[operator](compare(left, right))
    return arithmetic(operator, left, right)


def _called(function: Callable[..., Json], name: str, value: Json, values: list[Json]) -> Json:
    try:
        return function(value, *values)
    except (TypeError, AttributeError, ValueError, KeyError, IndexError) as error:
        raise JqError(f"{name} cannot be applied to {type_of(value)}") from error


Special = Callable[[Interpreter, list[Node], "Path | None", Json, Scope], Iterator[Result]]
"""A function that is more than one of values: it sees its arguments as filters, and paths."""

"""What must be known before a program is compiled: its global names, and which parameters are arrays."""

from collections.abc import Iterator

from daemon.programs.tools.awk.runtime import SPECIAL
from daemon.programs.tools.awk.syntax import Function, Node, Program

_ARRAY_KINDS = frozenset({"index", "in", "delete"})


def walk(node: Node | None) -> Iterator[Node]:
    """The node and everything below it."""
    if node is None:
        return
    yield node
    for part in node.parts:
        yield from walk(part)


def all_nodes(program: Program) -> Iterator[Node]:
    roots: list[Node | None] = [*program.begin, *program.end]
    for rule in program.rules:
        roots += [rule.first, rule.second, rule.body]
    roots += [function.body for function in program.functions.values()]
    for root in roots:
        yield from walk(root)


def global_names(program: Program) -> list[str]:
    """Every scalar that may be used, the special ones included."""
    names = dict.fromkeys(SPECIAL)
    for node in all_nodes(program):
        if node.kind in ("name", "forin"):
            names.setdefault(node.value)
    return list(names)


def array_names(program: Program) -> set[str]:
    """Names that are used with subscripts somewhere."""
    found = {"ENVIRON", "ARGV"}
    for node in all_nodes(program):
        found |= used_as_arrays(node)
    return found


def used_as_arrays(node: Node) -> set[str]:
    """The names that this very node uses as arrays."""
    if node.kind in _ARRAY_KINDS:
        return {node.value}
    if node.kind == "forin" and node.parts[0]:
        return {node.parts[0].value}
    second = node.parts[1] if node.kind == "builtin" and len(node.parts) > 1 else None
    if node.value == "split" and second is not None and second.kind == "name":
        return {second.value}
    return set()


def mark_array_parameters(program: Program) -> None:
    """Until nothing changes: a parameter is an array if it is used as one or handed on as one."""
    changed = True
    while changed:
        changed = False
        for function in program.functions.values():
            before = len(function.arrays)
            _mark(function, program)
            changed |= len(function.arrays) != before


def _mark(function: Function, program: Program) -> None:
    for node in walk(function.body):
        used = used_as_arrays(node)
        if node.kind == "call" and node.value in program.functions:
            callee = program.functions[node.value]
            for param, part in zip(callee.params, node.parts, strict=False):
                if param in callee.arrays and part is not None and part.kind == "name":
                    used.add(part.value)
        function.arrays |= used & set(function.params)

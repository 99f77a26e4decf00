"""Names that a program uses without having them, found before it runs."""

from daemon.programs.tools.jq.builtins import FUNCTIONS
from daemon.programs.tools.jq.interpreter import prelude
from daemon.programs.tools.jq.parser import Definition, JqSyntaxError, Node
from daemon.programs.tools.jq.specials import SPECIAL


def known_functions() -> set[str]:
    names = {f"{name}/{count}" for name, count in (*FUNCTIONS, *SPECIAL)}
    return names | {f"{one.name}/{len(one.params)}" for one in prelude()}


def check(node: object, functions: set[str], variables: set[str]) -> None:
    """JqSyntaxError for the first function or variable that is not defined."""
    if isinstance(node, tuple | list):
        for part in node:
            check(part, functions, variables)
    if not isinstance(node, Node):
        return
    if node.kind == "call" and f"{node.value}/{len(node.parts)}" not in functions:
        raise JqSyntaxError(f"{node.value}/{len(node.parts)} is not defined")
    if node.kind == "variable" and node.value not in variables:
        raise JqSyntaxError(f"${node.value} is not defined")
    if node.kind == "def":
        definition: Definition = node.value
        own = functions | {f"{definition.name}/{len(definition.params)}"}
        _check_body(definition, own, variables)
        check(node.parts, own, variables)
    elif node.kind in ("as", "reduce", "foreach"):
        patterns = node.value if node.kind == "as" else [node.value]
        check(node.parts[0], functions, variables)
        check(node.parts[1:], functions, variables | _bound(patterns))
    else:
        check(node.parts, functions, variables)


def _check_body(definition: Definition, functions: set[str], variables: set[str]) -> None:
    params = {f"{name.lstrip('$')}/0" for name in definition.params}
    values = {name[1:] for name in definition.params if name.startswith("$")}
    check(definition.body, functions | params, variables | values)


def _bound(pattern: object) -> set[str]:
    """The variables that a pattern binds."""
    if isinstance(pattern, tuple | list):
        return set().union(*(_bound(part) for part in pattern)) if pattern else set()
    if not isinstance(pattern, Node):
        return set()
    return {pattern.value} if pattern.kind == "variable" else _bound(pattern.parts)

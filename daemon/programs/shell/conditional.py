"""Evaluates `[[ ... ]]`."""

import re
from typing import TYPE_CHECKING

from daemon.programs.common import glob
from daemon.programs.common.conditions import compare_files, compare_numbers, unary_file_test
from daemon.programs.shell.errors import ShellError
from daemon.programs.shell.special import option_table
from daemon.programs.shell.syntax import CondBinary, CondExpr, CondLogic, CondNot, CondUnary

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_NUMERIC = frozenset(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"])


async def evaluate_conditional(shell: "Shell", node: CondExpr) -> bool:
    """Whether the expression holds; ShellError if it makes no sense."""
    if isinstance(node, CondLogic):
        left = await evaluate_conditional(shell, node.left)
        if left == (node.op == "||"):
            return left
        return await evaluate_conditional(shell, node.right)
    if isinstance(node, CondNot):
        return not await evaluate_conditional(shell, node.operand)
    if isinstance(node, CondUnary):
        return _unary(shell, node.op, await shell.expander.text(node.operand))
    return await _binary(shell, node)


def _unary(shell: "Shell", op: str, operand: str) -> bool:
    if op == "-n":
        return operand != ""
    if op == "-z":
        return operand == ""
    if op == "-v":
        return variable_is_set(shell, operand)
    if op == "-o":
        return any(
            letter in shell.options for name, letter in option_table(shell) if name == operand
        )
    if op == "-R":
        variable = shell.variables.table.get(operand)
        return variable is not None and variable.nameref
    return unary_file_test(shell.proc, op, operand)


def variable_is_set(shell: "Shell", name: str) -> bool:
    """`-v name` or `-v name[key]`."""
    base, bracket, rest = name.partition("[")
    if bracket:
        key = rest.removesuffix("]")
        if key in ("@", "*"):
            return bool(shell.elements(base))
        return shell.element(base, key) is not None
    return shell.parameter(name) is not None if name else False


async def _binary(shell: "Shell", node: CondBinary) -> bool:
    left = await shell.expander.text(node.left)
    if node.op in ("=", "==", "!="):
        pattern = await shell.expander.pattern(node.right)
        ignore_case = "nocasematch" in shell.shopts
        extended = shell.flavour.bash
        holds = glob.matches(pattern, left, extended=extended, ignore_case=ignore_case)
        return holds != (node.op == "!=")
    if node.op == "=~":
        return _regex(shell, left, await shell.expander.regex(node.right))
    right = await shell.expander.text(node.right)
    if node.op in ("<", ">"):
        return left < right if node.op == "<" else left > right
    if node.op in _NUMERIC:
        evaluate = shell.expander.evaluate
        return compare_numbers(node.op, evaluate(left), evaluate(right))
    return compare_files(shell.proc, node.op, left, right)


_CLASS = re.compile(r"\[:(\w+):\]")
_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "xdigit": "0-9A-Fa-f",
    "punct": r"!-/:-@\[-`{-~",
}


def _regex(shell: "Shell", text: str, source: str) -> bool:
    source = _CLASS.sub(lambda m: _CLASSES.get(m.group(1), ""), source)
    flags = re.IGNORECASE if "nocasematch" in shell.shopts else 0
    try:
        matched = re.search(source, text, flags)
    except re.error:
        raise ShellError("bad regex", source, status=2) from None
    if shell.flavour.bash:
        groups = (matched.group(), *matched.groups(default="")) if matched else ()
        shell.variables.set_array("BASH_REMATCH", dict(enumerate(groups)))
    return matched is not None

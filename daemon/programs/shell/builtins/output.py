"""echo, printf and test as builtins."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from daemon.programs.common import glob
from daemon.programs.common.conditions import BINARY, ConditionError, Test
from daemon.programs.common.echo import render
from daemon.programs.common.printf import Printf
from daemon.programs.shell import parameters
from daemon.programs.shell.conditional import variable_is_set
from daemon.programs.shell.errors import ShellError
from daemon.programs.shell.special import option_table

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


def echo(shell: "Shell", argv: list[str]) -> Awaitable[int]:
    """`echo`."""
    return _write(shell, render(argv[1:], shell.flavour.name))


async def _write(shell: "Shell", text: str) -> int:
    if text:
        await shell.proc.out(text)
    return 0


async def printf(shell: "Shell", argv: list[str]) -> int:
    """`printf [-v name] format [args]`."""
    args, name = _printf_arguments(shell, argv[1:])
    flavour = shell.flavour
    printed = Printf(
        args[0],
        args[1:],
        quote=parameters.backslash_quote if flavour.bash else None,
        now=shell.proc.machine.clock.now() // 1_000_000_000 if flavour.bash else None,
        style=flavour.name,
    ).run()
    for kind, argument in printed.complaints:
        error = ShellError(f"printf {kind}", argument)
        await shell.report(error, command="" if flavour.name == "ash" else "printf")
    if name is not None:
        _assign(shell, name, printed.text)
    elif printed.text:
        await shell.proc.out(printed.text)
    return printed.status


def _printf_arguments(shell: "Shell", args: list[str]) -> tuple[list[str], str | None]:
    """The format with its arguments, and the variable that `-v` names."""
    name = None
    bash = shell.flavour.bash
    if args[:1] == ["-v"] and bash:
        if len(args) < 2:
            raise ShellError("option argument", "v", status=2)
        name, args = args[1], args[2:]
    if args[:1] == ["--"]:
        args = args[1:]
    elif args and len(args[0]) > 1 and args[0].startswith("-") and bash:
        raise ShellError("bad option", args[0][1:2], status=2)
    if not args:
        raise ShellError("printf usage", status=2, usage=bash)
    return args, name


def _assign(shell: "Shell", name: str, text: str) -> None:
    base, bracket, rest = name.partition("[")
    if bracket:
        key = shell.array_key(base, rest.removesuffix("]"))
        shell.variables.set_element(base, key, text)
    else:
        shell.variables.set(name, text)


def test(shell: "Shell", argv: list[str]) -> int:
    """`test` and `[`."""
    args = argv[1:]
    if argv[0] == "[":
        if not args or args[-1] != "]":
            raise ShellError("test bracket", status=2)
        args.pop()
    if len(args) == 3 and (fast := _FAST.get(args[1])) is not None:
        return fast(args[0], args[2])
    try:
        return int(not Test(shell.proc, _extra(shell), shell.flavour.name).evaluate(args))
    except ConditionError as error:
        raise ShellError(f"test {error.kind}", error.token, error.before, status=2) from None


_FAST = {
    "=": lambda left, right: int(left != right),
    "!=": lambda left, right: int(left == right),
}


def double_bracket(shell: "Shell", argv: list[str]) -> int:
    """ash's `[[`: test, with patterns to the right of `=` and `=~`."""
    args = argv[1:]
    if not args or args.pop() != "]]":
        raise ShellError("test double bracket", status=2)
    try:
        return int(not PatternTest(shell.proc, style="ash").evaluate(args))
    except ConditionError as error:
        raise ShellError(f"test {error.kind}", error.token, error.before, status=2) from None


class PatternTest(Test):
    """What `[[` of ash compares."""

    operators = BINARY | {"=~"}

    def compare(self, op: str, left: str, right: str) -> bool:
        if op in ("=", "==", "!="):
            return glob.matches(right, left) == (op != "!=")
        if op == "=~":
            try:
                return re.search(right, left) is not None
            except re.error:
                return False
        return super().compare(op, left, right)


def _extra(shell: "Shell") -> Callable[[str, str], bool | None] | None:
    """bash's `-v`, `-R` and `-o`; ash and dash know none of them."""
    if not shell.flavour.bash:
        return None

    def answer(op: str, operand: str) -> bool | None:
        if op == "-v":
            return variable_is_set(shell, operand)
        if op == "-R":
            variable = shell.variables.table.get(operand)
            return variable is not None and variable.nameref
        if op == "-o":
            rows = option_table(shell)
            return any(letter in shell.options for name, letter in rows if name == operand)
        return None

    return answer

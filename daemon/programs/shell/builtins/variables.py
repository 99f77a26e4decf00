"""Builtins about variables: export, readonly, local, declare, unset, shift, let."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from daemon.programs.shell import parameters
from daemon.programs.shell.builtins.base import is_name, take_options
from daemon.programs.shell.errors import ShellError
from daemon.programs.shell.parser import Parser
from daemon.programs.shell.unparse import function_text
from daemon.programs.shell.variables import Variable, in_order

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


def _split(shell: "Shell", arg: str) -> tuple[str, str | None, bool]:
    """`name`, `name=value` or `name+=value`: name, value, and whether it is appended."""
    name, equals, value = arg.partition("=")
    append = bool(equals) and name.endswith("+") and shell.flavour.bash
    return name.removesuffix("+") if append else name, value if equals else None, append


async def _bad_name(shell: "Shell", command: str, arg: str) -> int:
    if not shell.flavour.bash:
        raise ShellError("bad name", arg.partition("=")[0], status=2)
    await shell.report(ShellError("bad name", arg), command=command)
    return 1


async def export(shell: "Shell", argv: list[str]) -> int:
    """`export [-np] [name[=value]...]`."""
    letters, args = take_options(shell, argv[1:], "npf" if shell.flavour.name != "dash" else "p")
    if not args or "p" in letters:
        await _list(shell, "export", lambda variable: variable.exported)
        return 0
    if "f" in letters:
        return 0
    status = 0
    for arg in args:
        name, value, append = _split(shell, arg)
        if not is_name(name):
            status = await _bad_name(shell, "export", arg)
            continue
        if value is not None:
            shell.variables.set(name, value, append=append)
        (shell.variables.find(name) or shell.variables.declare(name)).exported = "n" not in letters
    return status


async def readonly(shell: "Shell", argv: list[str]) -> int:
    """`readonly [-p] [name[=value]...]`."""
    letters, args = take_options(shell, argv[1:], "paAf" if shell.flavour.bash else "p")
    if not args or "p" in letters:
        await _list(shell, "readonly", lambda variable: variable.readonly)
        return 0
    status = 0
    for arg in args:
        name, value, append = _split(shell, arg)
        if not is_name(name):
            status = await _bad_name(shell, "readonly", arg)
            continue
        if value is not None:
            await _assign(shell, name, value, append)
        shell.variables.declare(name).readonly = True
    return status


async def _list(shell: "Shell", command: str, wanted: Callable[[Variable], bool]) -> None:
    lines = []
    for name in sorted(shell.variables.table):
        variable = shell.variables.table[name]
        if not wanted(variable):
            continue
        if shell.flavour.bash:
            lines.append(declaration(name, variable))
        elif variable.text is None:
            lines.append(f"{command} {name}\n")
        else:
            lines.append(f"{command} {name}={parameters.posix_quote(variable.text)}\n")
    await shell.proc.out("".join(lines))


def declaration(name: str, variable: Variable) -> str:
    """`declare -p name`."""
    attributes = variable.attributes or "-"
    if variable.value is None:
        return f"declare -{attributes} {name}\n"
    if isinstance(variable.value, dict):
        items = variable.value if variable.associative else in_order(variable.value)
        body = " ".join(f"[{key}]={parameters.double_quote(text)}" for key, text in items.items())
        tail = " " if variable.associative and body else ""
        return f"declare -{attributes} {name}=({body}{tail})\n"
    return f"declare -{attributes} {name}={parameters.double_quote(variable.value)}\n"


async def _assign(shell: "Shell", name: str, value: str, append: bool) -> None:
    """Assign a builtin's argument; `(...)` makes an array in bash."""
    if shell.flavour.bash and value.startswith("(") and value.endswith(")"):
        await assign_literal(shell, name, value, append)
    else:
        shell.variables.set(name, value, append=append)


async def assign_literal(shell: "Shell", name: str, value: str, append: bool) -> None:
    """`name=(...)` given as text: parsed again, as bash's declare does."""
    word = Parser(f"{name}{'+' if append else ''}={value}", shell.flavour).word()
    await shell.interpreter.commands.assign(word)


async def local(shell: "Shell", argv: list[str]) -> int:
    """`local [name[=value]...]`."""
    if not shell.calls:
        raise ShellError("local outside", status=1 if shell.flavour.bash else 2)
    if shell.flavour.bash:
        return await declare(shell, argv)
    for arg in argv[1:]:
        name, value, append = _split(shell, arg)
        if not is_name(name) and name != "-":
            return await _bad_name(shell, "local", arg)
        shell.variables.localize(name, inherit=shell.flavour.name == "dash")
        if value is not None:
            shell.variables.set(name, value, append=append)
    return 0


_ATTRIBUTES = "aAfFgiIlnprtux"


async def declare(shell: "Shell", argv: list[str]) -> int:
    """bash's `declare`, `typeset` and `local`."""
    on, off, args = "", "", argv[1:]
    while args and len(args[0]) > 1 and args[0][0] in "-+" and args[0] != "--":
        for letter in args[0][1:]:
            if letter not in _ATTRIBUTES:
                raise ShellError("bad option", letter, status=2)
        if args[0][0] == "-":
            on += args[0][1:]
        else:
            off += args[0][1:]
        args = args[1:]
    if args and args[0] == "--":
        args = args[1:]
    if "f" in on or "F" in on:
        return await _declare_functions(shell, args, names_only="F" in on)
    if "p" in on or not args:
        return await _declare_list(shell, args)
    status = 0
    for arg in args:
        status |= await _declare_one(shell, argv[0], arg, on, off)
    return status


async def _declare_functions(shell: "Shell", names: list[str], *, names_only: bool) -> int:
    status = 0
    for name in names or sorted(shell.functions):
        if name not in shell.functions:
            status = 1
        elif names_only:
            await shell.proc.out(f"{name}\n" if names else f"declare -f {name}\n")
        else:
            await shell.proc.out(f"{function_text(shell.functions[name])}\n")
    return status


async def _declare_list(shell: "Shell", names: list[str]) -> int:
    status = 0
    table = shell.variables.table
    for name in names or sorted(table):
        variable = table.get(name)
        if variable is None:
            await shell.complain(f"{name}: not found", command="declare")
            status = 1
        else:
            await shell.proc.out(declaration(name, variable))
    return status


async def _declare_one(shell: "Shell", command: str, arg: str, on: str, off: str) -> int:
    name, value, append = _split(shell, arg)
    base, bracket, rest = name.partition("[")
    if not is_name(base):
        return await _bad_name(shell, command, arg)
    if shell.calls and "g" not in on:
        fresh = base not in shell.variables.frames[-1]
        variable = shell.variables.localize(base, inherit="I" in on)
        if fresh and value is None and "I" not in on:
            variable.value = None
    else:
        variable = shell.variables.declare(base)
    _set_attributes(shell, variable, on, off)
    if value is not None and bracket:
        key = shell.array_key(base, rest.removesuffix("]"))
        shell.variables.set_element(base, key, value, append=append)
    elif value is not None and "n" in on:
        variable.value = value
        variable.nameref = True
    elif value is not None:
        await _assign(shell, base, value, append)
    if "n" in on:
        variable.nameref = True
    if "r" in on:
        variable.readonly = True
    return 0


def _set_attributes(shell: "Shell", variable: Variable, on: str, off: str) -> None:
    if "a" in on and not isinstance(variable.value, dict):
        variable.value = {} if variable.value is None else {0: variable.value}
    if "A" in on and not variable.associative:
        variable.associative, variable.value = True, {}
    for letters, value in ((on, True), (off, False)):
        if "x" in letters:
            variable.exported = value
        if "i" in letters:
            variable.integer = value
        if "n" in letters and not value:
            variable.nameref = False
        for letter in "lu":
            if letter in letters:
                variable.case = letter if value else ""


async def unset(shell: "Shell", argv: list[str]) -> int:
    """`unset [-fvn] name...`."""
    letters, names = take_options(shell, argv[1:], "fvn" if shell.flavour.bash else "fv")
    status = 0
    for name in names:
        base, bracket, rest = name.partition("[")
        if "f" in letters:
            shell.functions.pop(name, None)
        elif bracket and shell.flavour.bash:
            _unset_element(shell, base, rest.removesuffix("]"))
        elif not is_name(name):
            if not shell.flavour.bash:
                raise ShellError("bad name", name, status=2)
            shell.functions.pop(name, None)
        elif "n" in letters:
            shell.variables.table.pop(name, None)
        elif shell.flavour.bash and name not in shell.variables.table and "v" not in letters:
            shell.functions.pop(name, None)
            shell.variables.unset(name)
        else:
            try:
                shell.variables.unset(name)
            except ShellError as error:
                if not shell.flavour.bash:
                    raise
                await shell.report(error, command="unset")
                status = 1
    return status


def _unset_element(shell: "Shell", name: str, index: str) -> None:
    variable = shell.variables.find(name)
    if variable is None or not isinstance(variable.value, dict):
        return
    if index in ("@", "*"):
        shell.variables.unset(name)
        return
    key = shell.array_key(name, index)
    if isinstance(key, int) and key < 0:
        key += max((k for k in variable.value if isinstance(k, int)), default=-1) + 1
    variable.value.pop(key, None)


def shift(shell: "Shell", argv: list[str]) -> int:
    """`shift [n]`."""
    text = argv[1] if len(argv) > 1 else "1"
    if not text.isdigit():
        raise ShellError(
            "illegal status" if not shell.flavour.bash else "numeric",
            text,
            status=2 if not shell.flavour.bash else 1,
        )
    count = int(text)
    if count > len(shell.args):
        if shell.flavour.name == "dash":
            raise ShellError("shift count", status=2)
        return 1
    del shell.args[:count]
    return 0


def let(shell: "Shell", argv: list[str]) -> int:
    """`let expression...`: 0 if the last one is not 0."""
    if len(argv) < 2:
        raise ShellError("expression expected", status=1)
    value = 0
    for text in argv[1:]:
        try:
            value = shell.expander.evaluate(text)
        except ShellError as error:
            raise ShellError(error.kind, *error.arguments, status=1) from None
    return int(value == 0)

"""Builtins that decide what runs next: exit, return, break, eval, exec, `.`, trap."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from daemon.programs.common.signals import name_of, number_of
from daemon.programs.shell import parameters
from daemon.programs.shell.control import FunctionReturn, LoopExit, ShellExit
from daemon.programs.shell.errors import ShellError, ShellSyntaxError
from daemon.programs.shell.lookup import find_command
from daemon.programs.shell.messages import open_error
from daemon.programs.shell.traps import PSEUDO

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


def true(shell: "Shell", argv: list[str]) -> int:
    """`:` and `true`."""
    return 0


def false(shell: "Shell", argv: list[str]) -> int:
    """`false`."""
    return 1


def _status_argument(shell: "Shell", argv: list[str]) -> int:
    args = [arg for arg in argv[1:] if arg != "--"]
    if not args:
        return shell.status
    text = args[0]
    digits = text.removeprefix("-") if shell.flavour.bash else text
    if not digits.isdigit():
        raise ShellError("illegal status", text, status=2)
    return int(text) & 0xFF


async def leave(shell: "Shell", argv: list[str]) -> int:
    """`exit [status]`; with too many arguments bash leaves as well."""
    if len(argv) > 2 and shell.flavour.bash and argv[1].removeprefix("-").isdigit():
        await shell.report(ShellError("too many arguments"), command=argv[0])
        raise ShellExit(1)
    status = _status_argument(shell, argv)
    stopped = any(job.stopped for job in shell.jobs.table)
    if stopped and shell.interactive and not shell.warned_of_jobs:
        shell.warned_of_jobs = True
        bash = "exit\nThere are stopped jobs.\n"
        await shell.say(bash if shell.flavour.bash else "You have stopped jobs.\n")
        return 1
    raise ShellExit(status)


def return_(shell: "Shell", argv: list[str]) -> int:
    """`return [status]`, from a function or a sourced file; elsewhere ash and dash leave."""
    status = _status_argument(shell, argv)
    if not shell.calls and not shell.sourcing and shell.flavour.bash:
        raise ShellError("return outside", status=2)
    raise FunctionReturn(status)


def leave_loop(shell: "Shell", argv: list[str]) -> int | Awaitable[int]:
    """`break [n]` and `continue [n]`."""
    text = argv[1] if len(argv) > 1 else "1"
    if not text.isdigit() or int(text) < 1:
        if shell.flavour.bash and text.isdigit():
            raise ShellError("loop count", text, status=1)
        raise ShellError("illegal status" if not shell.flavour.bash else "numeric", text, status=2)
    if not shell.loops:
        if shell.flavour.bash:
            return _outside(shell, argv[0])
        return 0
    raise LoopExit(min(int(text), shell.loops), again=argv[0] == "continue")


async def _outside(shell: "Shell", command: str) -> int:
    await shell.report(ShellError("not in loop"), command=command)
    return 0


async def evaluate(shell: "Shell", argv: list[str]) -> int:
    """`eval args...`."""
    args = argv[1:]
    if args and args[0] == "--":
        args = args[1:]
    text = " ".join(args)
    if not text.strip():
        return 0
    saved, dash = shell.source, shell.flavour.name == "dash"
    if dash:
        shell.source = "eval"
    try:
        return await shell.interpreter.run_text(text, line=1 if dash else shell.line)
    except ShellSyntaxError as error:
        if not shell.flavour.bash:
            await shell.report_syntax(error, command="eval")
            raise ShellExit(2) from None
        await shell.report_syntax(error, where="eval")
        return 2
    finally:
        shell.source = saved


async def execute(shell: "Shell", argv: list[str]) -> int:
    """`exec [program args...]`; without a program its redirections stay."""
    args, env, arg0 = argv[1:], shell.variables.environment(), None
    while args and args[0].startswith("-") and len(args[0]) > 1:
        option = args.pop(0)
        if option == "--":
            break
        if option == "-a" and args and shell.flavour.name != "dash":
            arg0 = args.pop(0)
        elif option in ("-c", "-l") and shell.flavour.bash:
            env = {} if option == "-c" else env
            arg0 = "-" + args[0] if option == "-l" and args else arg0
        else:
            raise ShellError("bad option", option[1:2], status=2)
    if not args:
        return 0
    try:
        path = find_command(shell, args[0])
    except ShellError as error:
        if shell.interactive:
            raise
        bare = shell.flavour.bash and error.kind != "not found"
        kind = "exec not found" if error.kind == "not found" else error.kind
        await shell.report(ShellError(kind, *error.arguments), command="" if bare else "exec")
        raise ShellExit(error.status) from None
    for name in [name for name, text in shell.traps.commands.items() if text]:
        shell.traps.set(name, None)
    status = await shell.interpreter.commands.replace([arg0 or args[0], *args[1:]], path, env)
    raise ShellExit(status)


async def source(shell: "Shell", argv: list[str]) -> int:
    """`. file [args]`."""
    args = argv[1:]
    if args and args[0] == "--":
        args = args[1:]
    if not args:
        if shell.flavour.bash:
            raise ShellError("filename required", status=2)
        return 0
    path = _find_source(shell, args[0])
    text = await _source_text(shell, path, args[0])
    saved = shell.source, shell.args, shell.line
    given = len(args) > 1 and shell.flavour.name != "dash"
    shell.source, shell.args = path, args[1:] if given else shell.args
    shell.sourcing += 1
    try:
        return await _run_sourced(shell, text)
    finally:
        shell.sourcing -= 1
        kept = saved[1] if given else shell.args
        shell.source, shell.args, shell.line = saved[0], kept, saved[2]


async def _run_sourced(shell: "Shell", text: str) -> int:
    """Run a sourced file: what goes wrong in it is told with its name."""
    try:
        return await shell.interpreter.run_text(text)
    except FunctionReturn as returned:
        return returned.status
    except ShellSyntaxError as error:
        await shell.report_syntax(error)
        if not shell.flavour.bash:
            raise ShellExit(2) from None
        return 2
    except ShellError as error:
        if shell.interactive:
            raise
        raise await shell.fatal(error) from None


async def _source_text(shell: "Shell", path: str, name: str) -> str:
    try:
        return await _file_text(shell, path)
    except OSError as error:
        if shell.flavour.name == "ash":
            raise ShellError("source open", name, error.strerror or "", status=2) from None
        failure = open_error("cannot open", name, error, shell.flavour)
        bare = shell.flavour.bash
        raise ShellError(failure.kind, *failure.arguments, bare=bare) from None


def _find_source(shell: "Shell", name: str) -> str:
    """Without a slash the file is looked up in PATH, by bash in the current folder after that."""
    if "/" in name:
        return name
    for folder in (shell.variables.get("PATH") or "").split(":"):
        path = f"{folder}/{name}" if folder else name
        try:
            if shell.proc.stat(path).mode & 0o170000 == 0o100000:
                return path
        except OSError:
            continue
    if shell.flavour.bash:
        return name
    raise ShellError("source not found", name, status=2)


async def _file_text(shell: "Shell", path: str) -> str:
    proc = shell.proc
    fd = await proc.open(path)
    try:
        return await shell.interpreter.commands.read_all(fd)
    finally:
        proc.close(fd)


# ---- trap -----------------------------------------------------------------------------------------


async def trap(shell: "Shell", argv: list[str]) -> int:
    """`trap [action] [signal...]`."""
    args = argv[1:]
    if args and args[0] == "-l" and shell.flavour.bash:
        await shell.proc.out(signal_table())
        return 0
    if args and args[0] == "-p":
        await _show_traps(shell, args[1:])
        return 0
    if args and args[0] == "--":
        args = args[1:]
    if not args:
        await _show_traps(shell, [])
        return 0
    action: str | None
    if len(args) == 1 or (args[0].isdigit() and not shell.flavour.bash):
        action, signals = None, args
    else:
        action, signals = (None if args[0] == "-" else args[0]), args[1:]
    status = 0
    for signal in signals:
        name = _trap_name(shell, signal)
        if name is None:
            status = 1
            await _bad_trap(shell, signal)
            continue
        shell.traps.set(name, action)
    return status


async def _bad_trap(shell: "Shell", signal: str) -> None:
    if shell.flavour.name == "dash":
        await shell.say(f"trap: {signal}: bad trap\n")
        return
    await shell.report(ShellError("bad signal spec", signal), command="trap")


def _trap_name(shell: "Shell", text: str) -> str | None:
    if text in ("0", "EXIT"):
        return "EXIT"
    upper = text.upper()
    if shell.flavour.bash and upper.removeprefix("SIG") in PSEUDO:
        return upper.removeprefix("SIG")
    if shell.flavour.name == "ash" and upper == "ERR":
        return None
    if text.upper().startswith("SIG") and shell.flavour.name == "dash":
        return None
    number = number_of(text)
    return name_of(number) if number is not None else None


def _trap_order(name: str) -> int:
    if name in PSEUDO:
        return -1 if name == "EXIT" else 99
    return number_of(name) or 0


async def _show_traps(shell: "Shell", wanted: list[str]) -> None:
    commands = shell.traps.commands
    quote = parameters.single_quote if shell.flavour.bash else parameters.posix_quote
    chosen = {_trap_name(shell, text) for text in wanted}
    for name in sorted(commands, key=_trap_order):
        if wanted and name not in chosen:
            continue
        bash_signal = shell.flavour.bash and name not in PSEUDO
        shown = "SIG" + name if bash_signal else name
        await shell.proc.out(f"trap -- {quote(commands[name])} {shown}\n")


def signal_table() -> str:
    """`kill -l` and `trap -l` of bash: five columns."""
    numbers = [n for n in range(1, 65) if n not in (32, 33)]
    cells = [f"{n:2d}) SIG{name_of(n)}" for n in numbers]
    rows = [cells[n : n + 5] for n in range(0, len(cells), 5)]
    return "".join("\t".join(row) + ("\t" if len(row) < 5 else "") + "\n" for row in rows)

"""Builtins about the current folder: cd, pwd, pushd, popd, dirs."""

import os
from typing import TYPE_CHECKING

from daemon.programs.shell.builtins.base import take_options
from daemon.programs.shell.errors import ShellError

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


def logical(shell: "Shell", path: str) -> str:
    """`path` as an absolute path without `.` and `..`, symbolic links kept."""
    base = shell.variables.get("PWD") or shell.proc.cwd
    joined = os.path.normpath(os.path.join(base, path))
    return "/" + joined.lstrip("/") if joined.startswith("//") else joined


def change(shell: "Shell", path: str, *, physical: bool = False) -> None:
    """chdir, PWD and OLDPWD; OSError if it is impossible."""
    target = path if physical else logical(shell, path)
    shell.proc.chdir(target)
    old = shell.variables.get("PWD")
    if old is not None:
        shell.variables.set("OLDPWD", old)
    shell.variables.set("PWD", shell.proc.cwd if physical else target)


async def cd(shell: "Shell", argv: list[str]) -> int:
    """`cd [-LP] [folder]`; `-` is OLDPWD; CDPATH is searched."""
    args = argv[1:]
    letters = ""
    if args != ["-"]:
        letters, args = take_options(shell, args, "LPe@")
    if len(args) > 1 and shell.flavour.bash:
        raise ShellError("too many arguments", status=1)
    target, announce = _cd_target(shell, args)
    try:
        announce = (
            _change_by_cdpath(shell, target, "P" in letters or "P" in shell.options) or announce
        )
    except OSError as error:
        kind = "cd no such" if error.errno == 2 else "cd failed"
        status = 1 if shell.flavour.bash else 2
        raise ShellError(kind, target, error.strerror or "", status=status) from None
    if announce:
        await shell.proc.out(f"{shell.variables.get('PWD')}\n")
    return 0


def _cd_target(shell: "Shell", args: list[str]) -> tuple[str, bool]:
    if not args:
        home = shell.variables.get("HOME")
        if home is None:
            if shell.flavour.bash:
                raise ShellError("HOME not set", status=1)
            return ".", False
        return home, False
    if args[0] == "-":
        old = shell.variables.get("OLDPWD")
        if old is None:
            if shell.flavour.bash:
                raise ShellError("OLDPWD not set", status=1)
            return ".", True
        return old, True
    return args[0], False


def _change_by_cdpath(shell: "Shell", target: str, physical: bool) -> bool:
    """Change folder; True if CDPATH led elsewhere, which is announced."""
    search = shell.variables.get("CDPATH")
    if search and not target.startswith(("/", "./", "../")) and target not in (".", ".."):
        for folder in search.split(":"):
            try:
                change(shell, os.path.join(folder, target) if folder else target, physical=physical)
            except OSError:
                continue
            return folder not in ("", ".")
    change(shell, target, physical=physical)
    return False


async def pwd(shell: "Shell", argv: list[str]) -> int:
    """`pwd [-LP]`."""
    letters, _ = take_options(shell, argv[1:], "LP")
    where = shell.variables.get("PWD") or shell.proc.cwd
    if letters.endswith("P") or not _still_there(shell, where):
        where = shell.proc.cwd
    await shell.proc.out(f"{where}\n")
    return 0


def _still_there(shell: "Shell", where: str) -> bool:
    try:
        return shell.proc.realpath(where) == shell.proc.cwd
    except OSError:
        return False


# ---- bash's stack of folders ----------------------------------------------------------------------


def _stack(shell: "Shell") -> list[str]:
    return [shell.variables.get("PWD") or shell.proc.cwd, *shell.folders]


def _shown(shell: "Shell", path: str) -> str:
    home = shell.variables.get("HOME")
    if home and home != "/" and (path == home or path.startswith(home + "/")):
        return "~" + path[len(home) :]
    return path


async def dirs(shell: "Shell", argv: list[str]) -> int:
    """`dirs [-clpv]`."""
    letters, _ = take_options(shell, argv[1:], "clpv")
    if "c" in letters:
        shell.folders.clear()
        return 0
    stack = _stack(shell) if "l" in letters else [_shown(shell, path) for path in _stack(shell)]
    if "v" in letters:
        text = "".join(f"{number:2d}  {path}\n" for number, path in enumerate(stack))
    elif "p" in letters:
        text = "".join(f"{path}\n" for path in stack)
    else:
        text = " ".join(stack) + "\n"
    await shell.proc.out(text)
    return 0


def _position(shell: "Shell", text: str) -> int | None:
    """`+n` counts from the left, `-n` from the right."""
    if text[:1] not in ("+", "-") or not text[1:].isdigit():
        return None
    count = len(_stack(shell))
    number = int(text[1:]) if text[0] == "+" else count - 1 - int(text[1:])
    if not 0 <= number < count:
        raise ShellError("stack index", text, status=1)
    return number


async def pushd(shell: "Shell", argv: list[str]) -> int:
    """`pushd [folder | +n | -n]`."""
    stack = _stack(shell)
    if len(argv) == 1:
        if len(stack) < 2:
            raise ShellError("no other directory", status=1)
        stack = [stack[1], stack[0], *stack[2:]]
    elif (number := _position(shell, argv[1])) is not None:
        stack = stack[number:] + stack[:number]
    else:
        stack = [argv[1], *stack]
    return await _to_top(shell, stack)


async def popd(shell: "Shell", argv: list[str]) -> int:
    """`popd [+n | -n]`."""
    stack = _stack(shell)
    if len(stack) < 2:
        raise ShellError("directory stack empty", status=1)
    number = _position(shell, argv[1]) if len(argv) > 1 else 0
    del stack[number or 0]
    return await _to_top(shell, stack)


async def _to_top(shell: "Shell", stack: list[str]) -> int:
    try:
        change(shell, stack[0])
    except OSError as error:
        raise ShellError("cd no such", stack[0], error.strerror or "", status=1) from None
    shell.folders = stack[1:]
    return await dirs(shell, ["dirs"])

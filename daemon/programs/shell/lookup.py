"""Finding the file that a command name means."""

import os
import stat
from typing import TYPE_CHECKING

from daemon.programs.shell.errors import ShellError

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


def find_command(shell: "Shell", name: str, search: str | None = None) -> str:
    """The path of the program `name`; ShellError with status 127 or 126."""
    if "/" in name:
        return _named(shell, name)
    if search is None and name in shell.hashed:
        return shell.hashed[name]
    found, denied = _searched(shell, name, search)
    if found is not None:
        if search is None:
            shell.hashed[name] = found
        return found
    if denied:
        raise ShellError("permission", denied if shell.flavour.bash else name, status=126)
    pathless = shell.flavour.bash and not (search or shell.variables.get("PATH"))
    raise ShellError("no such command" if pathless else "not found", name, status=127)


def search_path(shell: "Shell", name: str) -> str | None:
    """The first executable file called `name` in PATH, or None."""
    return _searched(shell, name, None)[0]


def all_in_path(shell: "Shell", name: str) -> list[str]:
    """Every executable file called `name` in PATH."""
    candidates = [os.path.join(folder or ".", name) for folder in _folders(shell, None)]
    return [path for path in candidates if is_executable(shell, path)]


def _folders(shell: "Shell", search: str | None) -> list[str]:
    path = search if search is not None else shell.variables.get("PATH")
    return (path or "").split(":")


def _searched(shell: "Shell", name: str, search: str | None) -> tuple[str | None, str]:
    denied = ""
    if not name:
        return None, ""
    for folder in _folders(shell, search):
        path = f"{folder}/{name}" if folder else name
        path = path.replace("//", "/") if folder == "/" else path
        if is_executable(shell, path):
            return path, ""
        if not denied and _is_file(shell, path):
            denied = path
    return None, denied


def _is_file(shell: "Shell", path: str) -> bool:
    try:
        return stat.S_ISREG(shell.proc.stat(path).mode)
    except OSError:
        return False


def is_executable(shell: "Shell", path: str) -> bool:
    """Whether `path` is a regular file that may be executed."""
    try:
        status = shell.proc.stat(path)
    except OSError:
        return False
    return (
        stat.S_ISREG(status.mode) and bool(status.mode & 0o111) and shell.proc.access(path, os.X_OK)
    )


def _named(shell: "Shell", name: str) -> str:
    try:
        status = shell.proc.stat(name)
    except PermissionError:
        raise ShellError("permission", name, status=126) from None
    except NotADirectoryError:
        raise ShellError(
            "not a directory", name, status=126 if shell.flavour.bash else 127
        ) from None
    except OSError:
        raise ShellError("no such command", name, status=127) from None
    if stat.S_ISDIR(status.mode):
        raise ShellError("is a directory", name, status=126)
    if not is_executable(shell, name):
        raise ShellError("permission", name, status=126)
    return name

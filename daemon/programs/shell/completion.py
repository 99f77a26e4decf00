"""Tab: commands at the start of a line, files everywhere else."""

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_LAST_WORD = re.compile(r"(?:[^\s;|&()<>=\"'\\]|\\.)*\Z")
_SPECIAL = re.compile(r"([\s\"'\\$&;()<>|*?`])")


class Completion(NamedTuple):
    """What can be added to the line for certain, and what could follow."""

    addition: str
    candidates: list[str]


def complete(shell: "Shell", line: str) -> Completion:
    """Complete the last word of `line`."""
    matched = _LAST_WORD.search(line)
    typed = matched.group() if matched else ""
    before = line[: len(line) - len(typed)].rstrip()
    if typed.startswith("$"):
        names = ["$" + name for name in shell.variables.names(typed[1:])]
        return _choose(typed, typed, names, "")
    word = re.sub(r"\\(.)", r"\1", typed)
    first = not before or before[-1] in ";|&("
    if first and "/" not in word:
        return _choose(typed, word, _commands(shell, word), " ")
    return _files(shell, typed, word)


def _commands(shell: "Shell", prefix: str) -> list[str]:
    names = {*shell.functions, *shell.aliases, *shell.interpreter.commands.builtins}
    for folder in (shell.variables.get("PATH") or "").split(":"):
        try:
            names.update(shell.proc.listdir(folder or "."))
        except OSError:
            continue
    return sorted(name for name in names if name.startswith(prefix))


def _files(shell: "Shell", typed: str, word: str) -> Completion:
    folder, _, prefix = word.rpartition("/")
    where = "/" if word.startswith("/") and not folder else folder or "."
    if where.startswith("~"):
        where = (shell.variables.get("HOME") or "") + where[1:]
    try:
        names = shell.proc.listdir(where)
    except OSError:
        return Completion("", [])
    found = sorted(
        name for name in names if name.startswith(prefix) and (prefix or not name.startswith("."))
    )
    marked = [name + "/" if _is_folder(shell, f"{where}/{name}") else name for name in found]
    return _choose(typed, prefix, marked, " ")


def _is_folder(shell: "Shell", path: str) -> bool:
    try:
        return shell.proc.stat(path).mode & 0o170000 == 0o040000
    except OSError:
        return False


def _shared(first: str, last: str) -> str:
    """What the first and the last of a sorted list start with, so do all between."""
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first[:length] if length is not None else min(first, last, key=len)


def _choose(typed: str, prefix: str, candidates: list[str], tail: str) -> Completion:
    """Add what all candidates share; a single one is finished off with `tail`, a folder with its slash."""
    if not candidates:
        return Completion("", [])
    common = _shared(candidates[0], candidates[-1])
    addition = _SPECIAL.sub(r"\\\1", common[len(prefix) :])
    if len(candidates) == 1 and not common.endswith("/"):
        addition += tail
    return Completion(addition, candidates)

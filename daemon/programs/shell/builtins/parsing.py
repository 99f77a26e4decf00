"""getopts."""

from typing import TYPE_CHECKING

from daemon.programs.shell.builtins.base import is_name
from daemon.programs.shell.errors import ShellError

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


async def getopts(shell: "Shell", argv: list[str]) -> int:
    """`getopts optstring name [args]`: the next option into `name`, its argument into OPTARG."""
    if len(argv) < 3:
        raise ShellError("getopts usage", status=2, usage=shell.flavour.bash)
    letters, name = argv[1], argv[2]
    if not is_name(name):
        raise ShellError("bad name", name, status=1 if shell.flavour.bash else 2)
    args = argv[3:] if len(argv) > 3 else shell.args
    text = shell.parameter("OPTIND") or "1"
    index = max(int(text) if text.isdigit() else 1, 1)
    column = shell.getopts_column
    if index > len(args) + 1:
        index, column = (len(args) + 1 if shell.flavour.bash else 1), 0
    if column == 0:
        word = args[index - 1] if index <= len(args) else ""
        if len(word) < 2 or word[0] != "-" or word == "--":
            return _finished(shell, name, index + (word == "--"))
        column = 1
    letter = args[index - 1][column]
    where = letters.find(letter) if letter != ":" else -1
    wants = where >= 0 and letters[where + 1 : where + 2] == ":"
    index, column, argument = _advance(args, index, column + 1, wants)
    _store(shell, index, column)
    if where < 0:
        return await _refused(shell, name, letter, "?", letters[:1] == ":")
    if wants and argument is None:
        return await _refused(shell, name, letter, ":", letters[:1] == ":")
    shell.variables.set(name, letter)
    if argument is not None or not shell.flavour.bash:
        shell.variables.set("OPTARG", argument or "")
    else:
        shell.variables.table.pop("OPTARG", None)
    return 0


def _advance(args: list[str], index: int, column: int, wants: bool) -> tuple[int, int, str | None]:
    """Where the next option is, and the argument of this one: the rest of its word, or the next one."""
    word = args[index - 1]
    if not wants:
        return (index, column, None) if column < len(word) else (index + 1, 0, None)
    if column < len(word):
        return index + 1, 0, word[column:]
    if index < len(args):
        return index + 2, 0, args[index]
    return index + 1, 0, None


def _store(shell: "Shell", index: int, column: int) -> None:
    shell.variables.set("OPTIND", str(index))
    shell.getopts_column = column


def _finished(shell: "Shell", name: str, index: int) -> int:
    _store(shell, index, 0)
    shell.variables.set(name, "?")
    shell.variables.table.pop("OPTARG", None)
    return 1


async def _refused(shell: "Shell", name: str, letter: str, kind: str, silent: bool) -> int:
    """An unknown option (`?`), or one without its argument (`:`); a leading colon asks for silence."""
    shell.variables.set(name, kind if silent else "?")
    if silent:
        shell.variables.set("OPTARG", letter)
        return 0
    shell.variables.table.pop("OPTARG", None)
    if shell.parameter("OPTERR") == "0" and shell.flavour.name != "dash":
        return 0
    unknown = kind == "?"
    if shell.flavour.bash:
        text = "illegal option" if unknown else "option requires an argument"
        await shell.say(f"{shell.arg0}: {text} -- {letter}\n")
    else:
        await shell.say(
            f"Illegal option -{letter}\n" if unknown else f"No arg for -{letter} option\n"
        )
    return 0

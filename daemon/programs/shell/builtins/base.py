"""What a builtin is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.programs.shell.errors import ShellError

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

Run = Callable[["Shell", list[str]], "int | Awaitable[int]"]


@dataclass(frozen=True, slots=True)
class Builtin:
    """`run` gets the shell and the argv, name included; `bare` complaints do not name it in ash."""

    run: Run
    special: bool
    bare: bool


def take_options(shell: "Shell", args: list[str], known: str) -> tuple[str, list[str]]:
    """Single-letter options without arguments in front of `args`, and what follows them."""
    letters = ""
    while args and len(args[0]) > 1 and args[0][0] == "-":
        if args[0] == "--":
            return letters, args[1:]
        for letter in args[0][1:]:
            if letter not in known:
                raise bad_option(shell, letter)
            letters += letter
        args = args[1:]
    return letters, args


def bad_option(shell: "Shell", letter: str) -> ShellError:
    """The complaint about an unknown option."""
    return ShellError("bad option", letter, status=2)


def is_name(text: str) -> bool:
    """Whether `text` could name a variable."""
    return (
        text.isascii() and text != "" and not text[0].isdigit() and text.replace("_", "a").isalnum()
    )

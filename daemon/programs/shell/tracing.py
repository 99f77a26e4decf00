"""`set -x`: commands as they run, each flavour in its own spelling."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from daemon.programs.shell import parameters
from daemon.programs.shell.parser import Parser
from daemon.programs.shell.syntax import (
    ArithCommand,
    ArrayLiteral,
    Case,
    Conditional,
    For,
    Simple,
    Word,
)
from daemon.programs.shell.unparse import condition_text, word_text

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_ASH_BARE = re.compile(r"[A-Za-z0-9_./:+%@,^-]*|\]+")
_BASH_BARE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def _ash_quote(text: str) -> str:
    return text if _ASH_BARE.fullmatch(text) else parameters.posix_quote(text)


def _bash_quote(text: str) -> str:
    return text if _BASH_BARE.fullmatch(text) else parameters.single_quote(text)


_QUOTES: dict[str, Callable[[str], str]] = {"ash": _ash_quote, "dash": str, "bash": _bash_quote}


async def expand_parameters(shell: "Shell", text: str) -> str:
    """Parameter and command expansion of a prompt."""
    if "$" not in text and "`" not in text:
        return text
    return await shell.expander.text(Parser(text, shell.flavour).quoted_until(""))


async def trace(shell: "Shell", text: str) -> None:
    """One line of the trace, behind PS4; tracing is off while that is expanded."""
    shell.options.discard("x")
    try:
        ps4 = shell.variables.get("PS4")
        ps4 = "+ " if ps4 is None else ps4
        prefix = await expand_parameters(shell, ps4[:1] * shell.depth * shell.flavour.bash + ps4)
    finally:
        shell.options.add("x")
    await shell.say(f"{prefix}{text}\n")


async def trace_simple(shell: "Shell", node: Simple, argv: list[str]) -> None:
    """A simple command: bash gives its assignments lines of their own."""
    quote = _QUOTES[shell.flavour.name]
    assigned = [_assignment(shell, word, quote, bool(argv)) for word in node.assigns]
    words = " ".join(quote(word) for word in argv)
    if not shell.flavour.bash:
        await trace(shell, " ".join([*assigned, words] if argv else assigned))
        return
    for text in assigned:
        await trace(shell, text)
    if argv:
        await trace(shell, words)


def _assignment(shell: "Shell", word: Word, quote: Callable[[str], str], before: bool) -> str:
    """An assignment that was made, or (`before`) is about to be made for one command."""
    head = word.head
    assert head is not None
    value = word.value.plain
    if not before and head.index is None and not head.append and not _is_array(word):
        value = shell.variables.get(head.name) or ""
    shown = word_text(word.value) if value is None else quote(value) if value else ""
    return head.text + shown


def _is_array(word: Word) -> bool:
    return any(isinstance(part, ArrayLiteral) for part in word.parts)


async def trace_head(shell: "Shell", node: For | Case | ArithCommand) -> None:
    """bash traces the heads of `for` and `case`, and `((...))`."""
    if not shell.flavour.bash:
        return
    if isinstance(node, Case):
        await trace(shell, f"case {word_text(node.word)} in")
    elif isinstance(node, ArithCommand):
        await trace(shell, f"(( {word_text(node.expression)} ))")
    else:
        words = ['"$@"'] if node.words is None else [word_text(word) for word in node.words]
        await trace(shell, f"for {node.name} in {' '.join(words)}")


async def trace_conditional(shell: "Shell", node: Conditional) -> None:
    """`[[ ... ]]`, with its words expanded where that has no effect."""
    await trace(shell, f"[[ {await condition_text(node.expression, shell.expander.text)} ]]")

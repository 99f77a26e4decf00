"""From the syntax tree back to text: for `jobs`, traces and messages."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from daemon.programs.shell.syntax import (
    AndOr,
    ArithCommand,
    ArithFor,
    ArithSub,
    ArrayLiteral,
    AssignHead,
    Background,
    Case,
    Command,
    CommandSub,
    CondBinary,
    CondExpr,
    Conditional,
    CondNot,
    CondUnary,
    DoubleQuoted,
    For,
    Function,
    Group,
    HereDoc,
    If,
    List,
    Lit,
    Param,
    Part,
    Pipeline,
    ProcessSub,
    Quoted,
    Redirect,
    Redirected,
    Simple,
    Subshell,
    While,
    Word,
)

_BARE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")


def word_text(word: Word) -> str:
    """The word much as it was written; which quotes stood there is not remembered."""
    return "".join(_part(part, quoted=False) for part in word.parts)


def _part(part: Part, *, quoted: bool) -> str:
    if isinstance(part, Lit | AssignHead):
        return part.text
    if isinstance(part, Quoted):
        if quoted or _BARE.fullmatch(part.text):
            return part.text
        return f"'{part.text}'"
    if isinstance(part, DoubleQuoted):
        return '"' + "".join(_part(inner, quoted=True) for inner in part.parts) + '"'
    if isinstance(part, Param):
        return part.text or "$" + part.name
    if isinstance(part, CommandSub):
        return f"$({command_text(part.body)})"
    if isinstance(part, ArithSub):
        return f"$(({raw_text(part.expression)}))"
    if isinstance(part, ProcessSub):
        return f"{part.direction}({command_text(part.body)})"
    assert isinstance(part, ArrayLiteral)
    return "(" + " ".join(word_text(item) for item in part.items) + ")"


def raw_text(word: Word) -> str:
    """A word without quotes around its text: an arithmetic expression."""
    return "".join(_part(part, quoted=True) for part in word.parts)


def command_text(node: Command) -> str:
    """The command on one line."""
    return _WRITERS[type(node)](node)


def _simple(node: Simple) -> str:
    pieces = [word_text(word) for word in (*node.assigns, *node.words)]
    return " ".join(pieces + [redirect_text(redirect) for redirect in node.redirects])


def redirect_text(redirect: Redirect) -> str:
    """One redirection."""
    fd = "" if redirect.fd is None else str(redirect.fd)
    fd = f"{{{fd}}}" if isinstance(redirect.fd, str) else fd
    if isinstance(redirect.target, HereDoc):
        return f"{fd}<<{redirect.target.delimiter}"
    glue = "" if redirect.op in (">&", "<&") else " "
    return f"{fd}{redirect.op}{glue}{word_text(redirect.target)}"


def _list(node: List) -> str:
    out = ""
    for number, command in enumerate(node.commands):
        text = command_text(command)
        last = number == len(node.commands) - 1
        out += text + ("" if last else " " if isinstance(command, Background) else "; ")
    return out


def _closed(body: List) -> str:
    text = _list(body)
    return text if text.endswith("&") else text + ";"


def _and_or(node: AndOr) -> str:
    rest = "".join(f" {operator} {command_text(command)}" for operator, command in node.rest)
    return command_text(node.first) + rest


def _pipeline(node: Pipeline) -> str:
    timed = {"": "", "bash": "time ", "posix": "time -p "}[node.timed]
    head = timed + ("! " if node.negated else "")
    return head + " | ".join(command_text(command) for command in node.commands)


def _if(node: If) -> str:
    pieces = []
    for number, (condition, body) in enumerate(node.branches):
        word = "elif" if number else "if"
        pieces.append(f"{word} {_closed(condition)} then {_closed(body)}")
    if node.otherwise is not None:
        pieces.append(f"else {_closed(node.otherwise)}")
    return " ".join([*pieces, "fi"])


def _for(node: For) -> str:
    words = "" if node.words is None else " in " + " ".join(word_text(word) for word in node.words)
    keyword = "select" if node.select else "for"
    return f"{keyword} {node.name}{words}; do {_closed(node.body)} done"


def _arith_for(node: ArithFor) -> str:
    head = "; ".join(raw_text(word) for word in (node.first, node.test, node.step))
    return f"for (({head})); do {_closed(node.body)} done"


def _while(node: While) -> str:
    word = "until" if node.until else "while"
    return f"{word} {_closed(node.condition)} do {_closed(node.body)} done"


def _case(node: Case) -> str:
    arms = "".join(
        f" {' | '.join(word_text(p) for p in arm.patterns)}) {_list(arm.body)} {arm.end}"
        for arm in node.arms
    )
    return f"case {word_text(node.word)} in{arms} esac"


def _condition(node: CondExpr) -> str:
    if isinstance(node, CondUnary):
        return f"{node.op} {word_text(node.operand)}"
    if isinstance(node, CondBinary):
        return f"{word_text(node.left)} {node.op} {word_text(node.right)}"
    if isinstance(node, CondNot):
        return f"! {_condition(node.operand)}"
    return f"{_condition(node.left)} {node.op} {_condition(node.right)}"


def _redirected(node: Redirected) -> str:
    return " ".join([command_text(node.command), *map(redirect_text, node.redirects)])


_WRITERS: dict[type, Callable[[Any], str]] = {
    Simple: _simple,
    List: _list,
    AndOr: _and_or,
    Pipeline: _pipeline,
    Background: lambda node: f"{command_text(node.command)} &",
    Group: lambda node: f"{{ {_closed(node.body)} }}",
    Subshell: lambda node: f"( {_list(node.body)} )",
    If: _if,
    While: _while,
    For: _for,
    ArithFor: _arith_for,
    Case: _case,
    Function: lambda node: f"{node.name} () {command_text(node.body)}",
    ArithCommand: lambda node: f"(({raw_text(node.expression)}))",
    Conditional: lambda node: f"[[ {_condition(node.expression)} ]]",
    Redirected: _redirected,
}


async def condition_text(node: CondExpr, expand: Callable[[Word], Awaitable[str]]) -> str:
    """The inside of `[[ ]]` with its words expanded, for traces."""
    if isinstance(node, CondUnary):
        return f"{node.op} {await expand(node.operand)}"
    if isinstance(node, CondBinary):
        return f"{await expand(node.left)} {node.op} {await expand(node.right)}"
    if isinstance(node, CondNot):
        return f"! {await condition_text(node.operand, expand)}"
    left = await condition_text(node.left, expand)
    return f"{left} {node.op} {await condition_text(node.right, expand)}"


def function_text(node: Function) -> str:
    """A function as bash shows it: one command per line, four blanks per level."""
    redirects: tuple[Redirect, ...] = ()
    body = node.body
    if isinstance(body, Redirected):
        redirects = body.redirects
        body = body.command
    inner = body.body if isinstance(body, Group) else List((body,))
    tail = "".join(" " + redirect_text(redirect) for redirect in redirects)
    return f"{node.name} () \n{{ \n{_block(inner, 1)}\n}}{tail}"


def _block(body: List, level: int) -> str:
    lines = []
    for number, command in enumerate(body.commands):
        text = _indented(command, level)
        last = number == len(body.commands) - 1
        lines.append(text + ("" if last or isinstance(command, Background) else ";"))
    return "\n".join(lines)


def _indented(node: Command, level: int) -> str:
    pad = "    " * level
    if isinstance(node, If):
        out = ""
        for number, (condition, body) in enumerate(node.branches):
            word = f"{pad}elif" if number else f"{pad}if"
            out += f"{word} {_closed(condition)} then\n{_block(body, level + 1)};\n"
        if node.otherwise is not None:
            out += f"{pad}else\n{_block(node.otherwise, level + 1)};\n"
        return f"{out}{pad}fi"
    if isinstance(node, For | While):
        head = command_text(node).partition(" do ")[0]
        if isinstance(node, For):
            return f"{pad}{head}\n{pad}do\n{_block(node.body, level + 1)};\n{pad}done"
        return f"{pad}{head} do\n{_block(node.body, level + 1)};\n{pad}done"
    if isinstance(node, Group):
        return f"{pad}{{ \n{_block(node.body, level + 1)}\n{pad}}}"
    return pad + command_text(node)

"""What the programs of OpenSSH share: their options, their way to give up, and questions to whoever sits there."""

import functools
from collections.abc import Awaitable, Callable, Sequence
from socket import EAI_NONAME, gaierror

from daemon.process.process import Process
from daemon.programs.tools.kit import is_musl
from daemon.programs.tools.options import Options

FATAL = 255
LOG_NEWLINE = "\r\n"

Body = Callable[[Process, Options], Awaitable[int]]
Main = Callable[[Process], Awaitable[int]]


class End(Exception):
    """Ends a program with a line of its own, or without one."""

    newline = "\n"

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Fatal(End):
    """An end that is logged: OpenSSH's log goes to terminals, whoever reads it."""

    newline = LOG_NEWLINE

    def __init__(self, text: str) -> None:
        super().__init__(text, FATAL)


class Usage(Fatal):
    """The command line is wrong."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)


def getopt(words: Sequence[str], letters: str) -> Options:
    """Options up to the first operand, as BSD's getopt(3) reads them."""
    options, rest = Options(), list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        _bundle(word[1:], rest, letters, options)
    options.args = rest
    return options


def _bundle(word: str, rest: list[str], letters: str, options: Options) -> None:
    while word:
        letter, word = word[0], word[1:]
        at = letters.find(letter)
        if at < 0 or letter == ":":
            raise Usage(f"unknown option -- {letter}")
        value = None
        if letters[at + 1 : at + 2] == ":":
            if not word and not rest:
                raise Usage(f"option requires an argument -- {letter}")
            value, word = word or rest.pop(0), ""
        options.given.append((letter, value))


def program(usage: str, code: int) -> Callable[[Main], Main]:
    """Make a program of a body; `code` is that of a wrong command line."""

    def decorate(body: Main) -> Main:
        @functools.wraps(body)
        async def main(proc: Process) -> int:
            try:
                return await body(proc)
            except End as end:
                shown = f"usage: {usage}\n" if isinstance(end, Usage) else ""
                await proc.err((f"{end.text}{end.newline}" if end.text else "") + shown)
                return code if isinstance(end, Usage) else end.code

        return main

    return decorate


async def log(proc: Process, text: str) -> None:
    """What OpenSSH logs, line by line."""
    await proc.err("".join(f"{line}{LOG_NEWLINE}" for line in text.splitlines()))


async def asked(proc: Process, question: str) -> str:
    """The line that is typed as an answer; empty at the end of the input."""
    await proc.err(question)
    line = b""
    while (data := await proc.read(0, 1)) not in (b"", b"\n"):
        line += data
    return line.decode("utf-8", "surrogateescape")


MUSL = {
    "Name or service not known": "Name does not resolve",
    "Temporary failure in name resolution": "Try again",
}


class Unresolved(Exception):
    """A name without an address, in the C library's words."""


async def resolve(proc: Process, host: str) -> Sequence[str]:
    """Those of IPv4 first."""
    try:
        if not host or host.startswith("["):
            raise gaierror(EAI_NONAME, "Name or service not known")
        found = await proc.resolve(host)
    except gaierror as error:
        words = str(error.strerror)
        raise Unresolved(MUSL.get(words, words) if is_musl(proc) else words) from None
    return sorted(found, key=lambda address: ":" in address)

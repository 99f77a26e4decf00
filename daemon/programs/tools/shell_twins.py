"""Programs that shells have as builtins too: echo, printf, test, [, kill."""

import os

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.programs.common.conditions import ConditionError, Test
from daemon.programs.common.echo import render
from daemon.programs.common.printf import Printf
from daemon.programs.common.signals import name_of as signal_name
from daemon.programs.common.signals import number_of
from daemon.programs.tools.dates import NS
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    complain,
    either,
    is_gnu,
    missing_operand,
    name_of,
    reason,
    tool,
)
from daemon.programs.tools.options import Options


def _style(proc: Process) -> str:
    return "gnu" if is_gnu(proc) else "ash"


async def echo(proc: Process) -> int:
    await proc.out(render(proc.argv[1:], _style(proc)))
    return 0


_COMPLAINTS = {
    "not a number": ("'{}': expected a numeric value", "invalid number '{}'"),
    "trailing": ("'{}': value not completely converted", "invalid number '{}'"),
    "empty number": ("'{}': expected a numeric value", "invalid number '{}'"),
    "range": ("'{}': Numerical result out of range", "invalid number '{}'"),
    "invalid format": ("{}: invalid conversion specification", "{}: invalid format"),
    "missing format": ("missing operand", "{}: invalid format"),
}


@tool("FORMAT [ARG]...", raw=True, about="Format and print ARG(s) according to FORMAT")
async def printf(proc: Process, options: Options) -> int:
    words = options.args[1:] if options.args[:1] == ["--"] else options.args
    if not words:
        raise missing_operand(proc)
    printed = Printf(
        words[0], words[1:], now=proc.machine.clock.now() // NS, style=_style(proc)
    ).run()
    if printed.text:
        await proc.out(printed.text)
    complaints = [one for one in printed.complaints if not is_gnu(proc) or one[0] != "empty number"]
    for kind, argument in complaints:
        texts = _COMPLAINTS.get(kind, _COMPLAINTS["invalid format"])
        await complain(proc, either(proc, *texts).format(argument))
    return 1 if complaints else 0


async def test(proc: Process) -> int:
    """`test` and `[`; 2 for an expression that is none."""
    words = proc.argv[1:]
    bracket = os.path.basename(proc.argv[0]) in ("[", "[[")
    if bracket:
        if words[-1:] not in (["]"], ["]]"]):
            await complain(proc, either(proc, "missing ']'", "missing ]"))
            return 2
        words = words[:-1]
    try:
        return 0 if Test(proc, style=_style(proc)).evaluate(words) else 1
    except ConditionError as error:
        await complain(proc, _condition_text(proc, error))
        return 2


def _condition_text(proc: Process, error: ConditionError) -> str:
    gnu = {
        "number": f"invalid integer '{error.token}'",
        "unary": f"'{error.token}': unary operator expected",
        "binary": f"'{error.token}': binary operator expected",
        "argument": f"missing argument after '{error.before}'",
        "parenthesis": "')' expected",
    }
    busybox = {
        "number": f"invalid number '{error.token}'",
        "unary": f"{error.token}: unknown operand",
        "binary": f"{error.token}: unknown operand",
        "argument": f"{error.before}: unknown operand",
        "parenthesis": "closing paren expected",
    }
    return (gnu if is_gnu(proc) else busybox).get(error.kind, "syntax error")


@tool(
    "[-l] [-SIG] PID...",
    raw=True,
    about="Send a signal (default: TERM) to given PIDs",
    package="util-linux 2.38.1)",
)
async def kill(proc: Process, options: Options) -> int:
    words = list(options.args)
    if words[:1] in (["-l"], ["-L"], ["--list"]):
        return await _list_signals(proc, words[1:])
    number = int(Signal.SIGTERM)
    if words[:1] == ["-s"] and len(words) > 1:
        number = _signal(proc, words[1])
        words = words[2:]
    elif words and words[0].startswith("-") and words[0] != "--" and len(words) > 1:
        number = _signal(proc, words.pop(0)[1:])
    if words[:1] == ["--"]:
        words.pop(0)
    if not words:
        usage = "\nUsage:\n kill [options] <pid> [...]"
        raise UsageError(usage if is_gnu(proc) else "you need to specify whom to kill")
    code = 0
    for word in words:
        code |= await _kill_one(proc, word, number)
    return code


def _signal(proc: Process, text: str) -> int:
    number = number_of(text)
    if number is None:
        raise Failure(
            either(
                proc,
                f"unknown signal {text}; valid signals: see kill -l",
                f"bad signal name '{text}'",
            )
        )
    return number


async def _kill_one(proc: Process, word: str, number: int) -> int:
    try:
        pid = int(word)
    except ValueError:
        await complain(
            proc, either(proc, f'cannot find process "{word}"', f"invalid number '{word}'")
        )
        return 1
    try:
        proc.kill(pid, number)
    except OSError as error:
        text = either(proc, f"({word})", f"can't kill pid {word}")
        await complain(proc, f"{text}: {reason(error)}")
        return 1
    return 0


async def _list_signals(proc: Process, words: list[str]) -> int:
    if not words:
        numbers = range(1, 32)
        if is_gnu(proc):
            await proc.out(" ".join(signal_name(n) for n in numbers) + "\n")
        else:
            await proc.out("".join(f"{n:2d}) {signal_name(n)}\n" for n in numbers))
        return 0
    for word in words:
        number = number_of(word)
        if number is None:
            await proc.err(f"{name_of(proc)}: unknown signal '{word}'\n")
            return 1
        await proc.out(f"{signal_name(number & 0x7F)}\n" if word.isdigit() else f"{number}\n")
    return 0

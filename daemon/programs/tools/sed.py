"""sed: a stream editor; the script runs once a line with pattern space, hold space and branches."""

import os

from daemon.process.process import Process
from daemon.programs.tools.kit import Failure, UsageError, either, is_gnu, read_all, reason, tool
from daemon.programs.tools.options import Options
from daemon.programs.tools.sed_actions import ACTIONS
from daemon.programs.tools.sed_machine import Machine
from daemon.programs.tools.sed_parse import SedError, parse_script

_GNU_USAGE = "Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]..."
_LONG = (
    "quiet=n silent=n expression:=e file:=f in-place?=i regexp-extended=E separate=s null-data=z unbuffered=u "
    "line-length:=l posix=posix debug=debug follow-symlinks=follow-symlinks"
)


@tool(
    "[-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]...",
    "nrEi::e:f:",
    about="Edit lines: if there is no -e or -f, the first operand is the script",
    gnu="szul:",
    long=_LONG,
    busybox_long="quiet=n silent=n expression:=e file:=f in-place?=i regexp-extended=E",
    package="GNU sed) 4.9",
)
async def sed(proc: Process, options: Options) -> int:
    words = list(options.args)
    text = await _script_text(proc, options, words)
    try:
        script = parse_script(text, extended="E" in options or "r" in options, gnu=is_gnu(proc))
    except SedError as error:
        raise Failure(either(proc, error.gnu, error.busybox), error.code) from error
    return await Machine(proc, options, script, words or ["-"], ACTIONS).run()


async def _script_text(proc: Process, options: Options, words: list[str]) -> bytes:
    parts = []
    for key, value in options.given:
        if key == "e":
            parts.append(os.fsencode(value or ""))
        elif key == "f":
            try:
                data = await read_all(proc, value or "")
            except OSError as error:
                raise Failure(
                    f"couldn't open file {value}: {reason(error)}"
                    if is_gnu(proc)
                    else f"{value}: {reason(error)}"
                ) from error
            parts.append(data.removesuffix(b"\n"))
    if not parts:
        if not words:
            raise UsageError(_GNU_USAGE if is_gnu(proc) else "")
        parts.append(os.fsencode(words.pop(0)))
    return b"\n".join(parts)

"""The machine's git as a process: it ends with whoever waits for it, and so does all that it has started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from daemon.clock import Clock

CHUNK = 1 << 16
STDOUT, STDERR = 1, 2
GRACE_SECONDS = 10.0
"""From SIGTERM to SIGKILL."""
NOT_FOUND = 'exec: "git": executable file not found in $PATH'
REAL = Clock()
"""Processes of the host know of no simulated time."""
Hear = Callable[[bytes, int], None]
"""Told what git writes, in whole lines, and to which stream."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What git wrote, and Go's words for how it ended: nothing when all went well."""

    out: bytes = b""
    err: bytes = b""
    problem: str = ""


async def run_git(words: Sequence[str], env: Mapping[str, str], cwd: str, hear: Hear) -> Ended:
    """No terminal is ever asked for a password: the process is in a session of its own."""
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *words,
            env=env,
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        return Ended(problem=NOT_FOUND)
    try:
        out, err = await asyncio.gather(
            _read(process.stdout, lambda data: hear(data, STDOUT)),
            _read(process.stderr, lambda data: hear(data, STDERR)),
        )
        return Ended(out, err, _said(await process.wait()))
    except BaseException:
        await _end(process)
        raise


async def _read(stream: asyncio.StreamReader | None, hear: Callable[[bytes], None]) -> bytes:
    assert stream is not None
    whole, rest = bytearray(), b""
    while chunk := await stream.read(CHUNK):
        whole += chunk
        lines, newline, rest = (rest + chunk).rpartition(b"\n")
        if newline:
            hear(lines + newline)
    if rest:
        hear(rest)
    return bytes(whole)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Politely, for git removes its locks and what is half done; then not, if it takes its time or we have none."""
    _signal(process, signal.SIGTERM)
    try:
        async with REAL.timeout(GRACE_SECONDS):
            await process.communicate()
    except TimeoutError:
        pass
    finally:
        _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signum)


def _said(code: int) -> str:
    if code < 0:
        return f"signal: {signal.strsignal(-code) or -code}".lower()
    return f"exit status {code}" if code else ""


def as_with_usual_umask(mode: int) -> int:
    """The permissions that git would have given: those of the owner for all, but for writing."""
    owner = mode & 0o700
    return owner | owner >> 3 & 0o050 | owner >> 6 & 0o005

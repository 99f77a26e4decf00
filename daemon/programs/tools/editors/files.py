"""Files of the editors: read whole, written whole."""

import os

from daemon.process.process import Process
from daemon.programs.tools.kit import chunks, opened, reason

SIZE_LIMIT = 16 << 20
"""More than an editor takes; the rest of a larger file is not loaded, and such a file cannot be written."""


async def load(proc: Process, path: str) -> str | None:
    """The file's text, None if there is no such file."""
    try:
        async with opened(proc, path if path != "-" else "./-") as fd:
            parts = []
            size = 0
            async for data in chunks(proc, fd):
                proc.charge(len(data))
                parts.append(data)
                size += len(data)
                if size > SIZE_LIMIT:
                    break
    except OSError:
        return None
    return os.fsdecode(b"".join(parts))


async def store(proc: Process, path: str, content: str) -> str:
    """Write the file; "" or what went wrong."""
    try:
        async with opened(proc, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666) as fd:
            await proc.write(fd, os.fsencode(content))
    except OSError as error:
        return reason(error)
    return ""

"""envsubst: variables of the environment put into text, as nginx's templates need it."""

import os
import re

from daemon.process.process import Process

REFERENCE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


async def envsubst(proc: Process) -> int:
    """Of all variables, or of those that the one operand names."""
    words = [word for word in proc.argv[1:] if not word.startswith("-")]
    chosen = {a or b for a, b in REFERENCE.findall(words[0])} if words else None
    if {"-v", "--variables"} & set(proc.argv[1:]):
        await proc.out("".join(f"{a or b}\n" for a, b in REFERENCE.findall("".join(words))))
        return 0

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return match[0] if chosen is not None and name not in chosen else proc.env.get(name, "")

    async for line in proc.lines():
        await proc.out(REFERENCE.sub(value, os.fsdecode(line)))
    return 0

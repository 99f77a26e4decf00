"""The marker by which a file in an image names the simulated program that runs for it.

The bytes start as an ELF executable does, so that `file`, `head -c4` and image scanners see a binary; the marker
survives cp, COPY --from, save and load, because it is the content. A program string is `family/name`,
for example `busybox/busybox`, `gnu/ls` or `shell/bash`.
"""

import re

# e_ident of a 64-bit little-endian ELF, type EXEC, machine x86-64; the program header table is empty.
ELF_HEAD = (
    b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    + bytes.fromhex("02003e0001000000")
    + bytes(24)
    + bytes.fromhex("0000000040003800000040000000 0000".replace(" ", ""))
)
MARK = b"\nmockerd-program: "
HEAD_LIMIT = 512
"""How many leading bytes of a file `program_of` needs."""

_LINE = re.compile(re.escape(MARK) + rb"([a-z0-9_]+/[A-Za-z0-9_.+\[-]+)\n")


def simulated_binary(program: str) -> bytes:
    """The content of an executable that runs `program`; equal on every machine."""
    data = ELF_HEAD + MARK + program.encode() + b"\n"
    if program_of(data) != program:
        raise ValueError(f"not a program string: {program!r}")
    return data


def program_of(head: bytes) -> str | None:
    """The program that a file's first bytes name, or None for any other content."""
    if not head.startswith(b"\x7fELF"):
        return None
    match = _LINE.search(head[:HEAD_LIMIT])
    return match.group(1).decode() if match else None

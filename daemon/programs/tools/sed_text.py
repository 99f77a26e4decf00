"""sed's work on one pattern space: substitution, its replacement, the l command's form."""

import re

from daemon.programs.tools.sed_parse import Substitution


def substitute(pattern: re.Pattern[bytes], made: Substitution, space: bytes) -> bytes | None:
    """The space after s///, or None if nothing matched."""
    out: list[bytes] = []
    end = 0
    count = 0
    last_match = -1
    for found in pattern.finditer(space):
        if found.start() == found.end() == last_match:
            continue
        last_match = found.end()
        count += 1
        if count < made.nth:
            continue
        out.append(space[end : found.start()])
        out.append(expand(made.parts, found))
        end = found.end()
        if not made.every:
            break
    if not out:
        return None
    out.append(space[end:])
    return b"".join(out)


def expand(parts: list[bytes | int | str], found: re.Match[bytes]) -> bytes:
    """The replacement for one match, with \\U \\L \\u \\l \\E."""
    out = bytearray()
    mode = once = ""
    for part in parts:
        if isinstance(part, str):
            if part in "ul":
                once = part
            else:
                mode = "" if part == "E" else part
                once = ""
            continue
        text = (found[part] or b"") if isinstance(part, int) else part
        if mode:
            text = text.upper() if mode == "U" else text.lower()
        if once and text:
            text = (text[:1].upper() if once == "u" else text[:1].lower()) + text[1:]
            once = ""
        out += text
    return bytes(out)


def unambiguous(space: bytes, width: int) -> bytes:
    """The l command's form of a line."""
    names = {
        7: b"\\a",
        8: b"\\b",
        9: b"\\t",
        10: b"\\n",
        11: b"\\v",
        12: b"\\f",
        13: b"\\r",
        92: b"\\\\",
    }
    cells = [
        names.get(byte) or (bytes([byte]) if 32 <= byte < 127 else b"\\%03o" % byte)
        for byte in space
    ]
    lines: list[bytes] = []
    line = b""
    for cell in cells:
        if width > 1 and len(line) + len(cell) > width - 1:
            lines.append(line + b"\\")
            line = b""
        line += cell
    lines.append(line + b"$")
    return b"\n".join(lines)

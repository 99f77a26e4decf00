"""What a terminal shows of a build in the end: `screen.py ROWSxCOLUMNS COMMAND ...`.

With UNTIL=word in its environment ^C is typed as soon as the word is on the screen. Times and sizes come out as N.
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FIGURES = re.compile(r"\d+(\.\d+)?([kM]?B|s)(?= |$)| *\d+\.\d+s$|^\d+\.\d+(?= )")
FRAME = "[+] Building"


def shown(size: str, words: list[str], until: str) -> tuple[int, str]:
    """Exit code, and all that was written to the terminal."""
    child, terminal = pty.fork()
    if not child:
        rows, columns = map(int, size.split("x"))
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvp(words[0], words)
    text = ""
    while data := _read(terminal):
        text += data.decode(errors="replace")
        if until and until in text:
            os.write(terminal, b"\x03")
            until = ""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def _read(terminal: int) -> bytes:
    """The end is an error on Linux."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def last_frame(text: str) -> list[str]:
    """From where the last picture begins; each line that is drawn again there is drawn over."""
    at = text.rfind(FRAME)
    lines = [ESCAPE.sub("", line).rstrip() for line in re.split(r"[\r\n]+", text[max(at, 0) :])]
    return [re.sub(" +", " ", FIGURES.sub("N", line)) for line in lines if line]


if __name__ == "__main__":
    code, text = shown(sys.argv[1], sys.argv[2:], os.environ.get("UNTIL", ""))
    sys.stdout.write("\n".join([f"exit {code}", *last_frame(text), ""]))

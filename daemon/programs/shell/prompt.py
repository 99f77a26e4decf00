"""Prompts: the backslash escapes of bash and ash, and what a shell shows by default."""

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_ESCAPE = re.compile(r"\\(?:([0-7]{3})|(.))", re.DOTALL)


def default_prompt(shell: "Shell") -> str:
    """PS1 of a shell that nobody told otherwise."""
    if shell.flavour.bash:
        return r"\s-\v\$ "
    if shell.flavour.name == "ash":
        return r"\w \$ "
    return "# " if shell.proc.cred.uid == 0 else "$ "


def expand_prompt(shell: "Shell", text: str) -> str:
    """Replace the escapes; dash knows none."""
    if shell.flavour.name == "dash" or "\\" not in text:
        return text
    return _ESCAPE.sub(lambda matched: _escape(shell, matched), text)


def _escape(shell: "Shell", matched: re.Match[str]) -> str:
    octal, letter = matched.groups()
    if octal:
        return chr(int(octal, 8))
    hostname = shell.proc.machine.hostname
    plain = {
        "h": hostname.partition(".")[0],
        "H": hostname,
        "u": _user(shell),
        "w": _folder(shell),
        "W": os.path.basename(_folder(shell)) or "/",
        "$": "#" if shell.proc.cred.uid == 0 else "$",
        "n": "\n",
        "r": "\r",
        "a": "\a",
        "e": "\x1b",
        "s": os.path.basename(shell.arg0).lstrip("-"),
        "v": "5.2",
        "V": "5.2.15",
        "j": str(len(shell.jobs.table)),
        "!": str(len(shell.history) + 1),
        "#": str(len(shell.history) + 1),
        "l": "pts/0",
        "[": "",
        "]": "",
        "\\": "\\",
    }
    if letter in "dtTA@":
        return _time(shell, letter)
    return plain.get(letter, "\\" + letter)


def _time(shell: "Shell", letter: str) -> str:
    import datetime

    now = datetime.datetime.fromtimestamp(
        shell.proc.machine.clock.now() / 1_000_000_000, datetime.UTC
    )
    formats = {"d": "%a %b %d", "t": "%H:%M:%S", "T": "%I:%M:%S", "A": "%H:%M", "@": "%I:%M %p"}
    return now.strftime(formats[letter])


def _user(shell: "Shell") -> str:
    try:
        passwd = os.fsdecode(shell.proc.machine.fs.read_bytes("/etc/passwd"))
    except OSError:
        passwd = ""
    uid = str(shell.proc.cred.uid)
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2] == uid:
            return fields[0]
    return "I have no name!" if shell.flavour.bash else uid


def _folder(shell: "Shell") -> str:
    where = shell.variables.get("PWD") or shell.proc.cwd
    home = shell.variables.get("HOME")
    if home and home != "/" and (where == home or where.startswith(home + "/")):
        return "~" + where[len(home) :]
    return where

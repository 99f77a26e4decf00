"""The builtins: one table of who knows which."""

from functools import lru_cache

from daemon.programs.shell.builtins import (
    flow,
    folders,
    names,
    options,
    output,
    parsing,
    processes,
    reading,
    variables,
)
from daemon.programs.shell.builtins.base import Builtin, Run
from daemon.programs.shell.flavour import Flavour

__all__ = ["Builtin", "builtins_of"]

# name, function, special (POSIX: its errors end a shell), flavours by initial
_TABLE: list[tuple[str, Run, bool, str]] = [
    (":", flow.true, True, "adb"),
    (".", flow.source, True, "adb"),
    ("[", output.test, False, "adb"),
    ("[[", output.double_bracket, False, "a"),
    ("alias", names.alias, False, "adb"),
    ("bg", processes.background, False, "adb"),
    ("break", flow.leave_loop, True, "adb"),
    ("builtin", names.builtin, False, "b"),
    ("cd", folders.cd, False, "adb"),
    ("chdir", folders.cd, False, "ad"),
    ("command", names.command, False, "adb"),
    ("continue", flow.leave_loop, True, "adb"),
    ("declare", variables.declare, False, "b"),
    ("dirs", folders.dirs, False, "b"),
    ("disown", processes.disown, False, "b"),
    ("echo", output.echo, False, "adb"),
    ("enable", names.enable, False, "b"),
    ("eval", flow.evaluate, True, "adb"),
    ("exec", flow.execute, True, "adb"),
    ("exit", flow.leave, True, "adb"),
    ("export", variables.export, True, "adb"),
    ("false", flow.false, False, "adb"),
    ("fg", processes.foreground, False, "adb"),
    ("getopts", parsing.getopts, False, "adb"),
    ("hash", names.hash_paths, False, "adb"),
    ("help", names.help_text, False, "ab"),
    ("history", names.history, False, "ab"),
    ("jobs", processes.jobs, False, "adb"),
    ("kill", processes.kill, False, "adb"),
    ("let", variables.let, False, "ab"),
    ("local", variables.local, True, "adb"),
    ("logout", flow.leave, False, "b"),
    ("mapfile", reading.mapfile, False, "b"),
    ("popd", folders.popd, False, "b"),
    ("printf", output.printf, False, "adb"),
    ("pushd", folders.pushd, False, "b"),
    ("pwd", folders.pwd, False, "adb"),
    ("read", reading.read, False, "adb"),
    ("readarray", reading.mapfile, False, "b"),
    ("readonly", variables.readonly, True, "adb"),
    ("return", flow.return_, True, "adb"),
    ("set", options.set_, True, "adb"),
    ("shift", variables.shift, True, "adb"),
    ("shopt", options.shopt, False, "b"),
    ("source", flow.source, True, "ab"),
    ("suspend", processes.suspend, False, "b"),
    ("test", output.test, False, "adb"),
    ("times", processes.times, True, "adb"),
    ("trap", flow.trap, True, "adb"),
    ("true", flow.true, False, "adb"),
    ("type", names.type_, False, "adb"),
    ("typeset", variables.declare, False, "b"),
    ("ulimit", processes.ulimit, False, "adb"),
    ("umask", processes.umask, False, "adb"),
    ("unalias", names.unalias, False, "adb"),
    ("unset", variables.unset, True, "adb"),
    ("wait", processes.wait, False, "adb"),
]
_APPLETS = frozenset(["echo", "printf", "test", "[", "[[", "kill", "true", "false"])
"""In busybox these are applets first, whose complaints do not name the builtin."""


@lru_cache(maxsize=3)
def builtins_of(flavour: Flavour) -> dict[str, Builtin]:
    """The builtins of one flavour by name."""
    return {
        name: Builtin(run, special, name in _APPLETS)
        for name, run, special, known in _TABLE
        if flavour.name[0] in known
    }

"""Parameters that are computed, and the letters of the options."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

BASH_VERSION = "5.2.15(1)-release"
BASH_VERSION_INFO = ["5", "2", "15", "1", "release", "x86_64-pc-linux-gnu"]


LISTED = (
    *("BASH", "BASHOPTS", "BASH_VERSION", "EUID", "HOSTNAME", "HOSTTYPE", "MACHTYPE", "OSTYPE"),
    *("PPID", "SHELLOPTS", "UID"),
)
"""The computed variables that `set` shows; the others change all the time."""

# In the order in which `set -o` lists them: name, letter ("" if none), flavours that know it (a, d, b).
OPTION_NAMES: list[tuple[str, str, str]] = [
    ("errexit", "e", "adb"),
    ("noglob", "f", "adb"),
    ("ignoreeof", "I", "ad"),
    ("interactive", "i", "d"),
    ("monitor", "m", "adb"),
    ("noexec", "n", "adb"),
    ("stdin", "s", "d"),
    ("xtrace", "x", "adb"),
    ("verbose", "v", "adb"),
    ("noclobber", "C", "adb"),
    ("allexport", "a", "adb"),
    ("notify", "b", "adb"),
    ("nounset", "u", "adb"),
    ("errtrace", "E", "ab"),
    ("vi", "V", "ad"),
    ("emacs", "E", "d"),
    ("nolog", "", "d"),
    ("debug", "", "d"),
    ("pipefail", "pipefail", "ab"),
    ("braceexpand", "B", "b"),
    ("emacs", "emacs", "b"),
    ("functrace", "T", "b"),
    ("hashall", "h", "b"),
    ("histexpand", "H", "b"),
    ("history", "history", "b"),
    ("ignoreeof", "ignoreeof", "b"),
    ("interactive-comments", "interactive-comments", "b"),
    ("keyword", "k", "b"),
    ("nolog", "nolog", "b"),
    ("onecmd", "t", "b"),
    ("physical", "P", "b"),
    ("posix", "posix", "b"),
    ("privileged", "p", "b"),
    ("vi", "vi", "b"),
]


def option_table(shell: "Shell") -> list[tuple[str, str]]:
    """(name, letter) of every option this flavour knows."""
    rows = [(n, letter) for n, letter, known in OPTION_NAMES if shell.flavour.name[0] in known]
    return sorted(rows) if shell.flavour.bash else rows


def letters(shell: "Shell") -> str:
    """`$-`."""
    single = [letter for letter in shell.options if len(letter) == 1]
    if not shell.flavour.bash:
        order = "efIimnsxvVECabu"
        kept = sorted((c for c in single if c in order), key=order.index)
        return "".join(kept) + ("c" if shell.command_string and shell.flavour.name == "ash" else "")
    order = "abefhikmnprtuvxBCEHPT"
    kept = sorted((c for c in single if c in order), key=order.index)
    return "".join(kept) + ("c" if shell.command_string else "s" if "s" in single else "")


def install_dynamic(shell: "Shell") -> None:
    """Give the shell its computed variables, and the reactions to assignments."""
    proc = shell.proc
    random = proc.machine.ids.random
    clock = proc.machine.clock
    computed: dict[str, Callable[[], str | None]] = {
        "LINENO": lambda: str(shell.line),
        "PPID": lambda: str(proc.ppid),
    }
    if shell.flavour.name != "dash":
        computed["RANDOM"] = lambda: str(random.randrange(32768))
    if shell.flavour.bash:
        computed |= {
            "SECONDS": lambda: str(int(clock.monotonic() - shell.started)),
            "BASHPID": lambda: str(proc.pid),
            "BASH": lambda: "/bin/bash",
            "BASH_VERSION": lambda: BASH_VERSION,
            "BASH_SUBSHELL": lambda: str(shell.level),
            "_": lambda: shell.last_argument,
            "EPOCHSECONDS": lambda: str(clock.now() // 1_000_000_000),
            "EPOCHREALTIME": lambda: f"{clock.now() / 1e9:.6f}",
            "UID": lambda: str(proc.cred.uid),
            "EUID": lambda: str(proc.cred.uid),
            "GROUPS": lambda: str(proc.cred.gid),
            "HOSTNAME": lambda: proc.machine.hostname,
            "HOSTTYPE": lambda: "x86_64",
            "MACHTYPE": lambda: "x86_64-pc-linux-gnu",
            "OSTYPE": lambda: "linux-gnu",
            "PIPESTATUS": lambda: str((shell.pipe_status or [shell.status])[0]),
            "FUNCNAME": lambda: shell.calls[-1] if shell.calls else None,
            "BASH_SOURCE": lambda: shell.source or shell.arg0,
            "SRANDOM": lambda: str(random.getrandbits(32)),
            "SHELLOPTS": lambda: ":".join(
                name for name, letter in option_table(shell) if letter in shell.options
            ),
            "BASHOPTS": lambda: ":".join(sorted(shell.shopts)),
        }
    shell.variables.dynamic = computed
    shell.variables.assigned = {
        "OPTIND": lambda value: setattr(shell, "getopts_column", 0),
        "SECONDS": lambda value: _restart_seconds(shell, value),
        "PATH": lambda value: shell.hashed.clear(),
    }


def _restart_seconds(shell: "Shell", value: str) -> None:
    offset = int(value) if value.lstrip("-").isdigit() else 0
    shell.started = shell.proc.machine.clock.monotonic() - offset

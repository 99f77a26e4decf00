"""The columns that ps shows when no format names them: fixed ones, changed by modifiers."""

from __future__ import annotations

from daemon.engine.ps.columns import COLUMNS, Column
from daemon.engine.ps.options import Options

_BSD = {
    "": "pid tname stat bsdtime args",
    "j": "ppid pid pgid sid tname tpgid stat uid bsdtime args",
    "l": "f uid pid ppid pri ni vsz rss wchan stat tname bsdtime args",
    "s": "uid pid pending blocked ignored caught stat tname bsdtime args",
    "u": "user pid %cpu %mem vsz rss tname stat start_time bsdtime args",
    "v": "pid tname stat bsdtime maj_flt trs drs rss %mem args",
    "X": "pid stackp esp eip tmout alarm stat tname bsdtime args",
}
_BSD_LWP_AFTER = {"j": "sid", "l": "ppid"}
_CONTEXT = ("pid", "context", "args")


def columns_of(options: Options) -> list[Column]:
    if options.more:
        state = "state tname time args" if not options.bsd else "state tname time ucomm"
        usual = [COLUMNS[name] for name in state.split()]
        return [COLUMNS["pid"], *options.more, *usual, *options.columns]
    if options.columns:
        return options.columns
    bsd = [letter for letter in options.layouts if not letter.startswith("-")]
    if "context" in options.modifiers:
        names = list(_CONTEXT)
    elif bsd or (options.bsd and not options.layouts):
        names = _bsd(bsd[0] if bsd else "", options.modifiers)
    else:
        names = _sysv(options.layouts, options.modifiers)
    label = ["label"] if "label" in options.modifiers else []
    return [COLUMNS[name] for name in (*label, *names)]


def _bsd(layout: str, modifiers: set[str]) -> list[str]:
    names = _BSD[layout].split()
    if "-L" in modifiers:
        names.insert(names.index(_BSD_LWP_AFTER.get(layout, "pid")) + 1, "lwp")
        if layout == "u":
            names.insert(names.index("%cpu") + 1, "nlwp")
    if "-T" in modifiers:
        names.insert(names.index("pid") + 1, "spid")
    return names


def _sysv(layouts: set[str], modifiers: set[str]) -> list[str]:
    """Each column with the options that want it, in the order in which ps has them."""
    full, extra = bool(layouts & {"-f", "-F"}), "-F" in layouts
    long, short_long = "-l" in layouts, "-y" in modifiers
    classes = "-c" in modifiers
    wanted = {
        "f": long and not short_long,
        "s": long,
        "uid_hack": full,
        "uid": long and not full,
        "pid": True,
        "spid": "-T" in modifiers,
        "ppid": full or long,
        "pgid": "-j" in layouts,
        "sid": "-j" in layouts,
        "lwp": "-L" in modifiers,
        "psr": "-P" in modifiers,
        "c": (full or long) and not classes,
        "nlwp": "-L" in modifiers and full,
        "cls": classes,
        "pri": classes,
        "opri": long and not classes,
        "ni": long and not classes,
        "rss": long and short_long,
        "addr": long and not short_long,
        "sz": long or extra,
        "wchan": long,
    }
    names = [name for name, wants in wanted.items() if wants]
    if extra:
        names += ["rss"] if "rss" not in names else []
        names += ["psr"] if "psr" not in names else []
    return [*names, *(["stime"] if full else []), "tname", "time", "cmd" if full else "ucmd"]

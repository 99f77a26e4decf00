"""stty: the terminal's settings shown and changed."""

import re
from dataclasses import fields, replace

from daemon.process.line_discipline import Attributes
from daemon.process.process import Process
from daemon.process.tty import Terminal
from daemon.programs.tools.kit import Failure, either, is_gnu, opened, tool
from daemon.programs.tools.options import Options

_FIXED = {
    "control": "-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts",
    "input": "-ignbrk -brkint -ignpar -parmrk -inpck -istrip {inlcr} {igncr} {icrnl} {ixon} -ixoff\n-iuclc -ixany -imaxbel {iutf8}",
    "output": "{opost} -olcuc -ocrnl {onlcr} -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0",
    "local": "{isig} {icanon} {iexten} {echo} {echoe} {echok} {echonl} {noflsh} -xcase {tostop} -echoprt\n{echoctl} {echoke} -flusho -extproc",
}
_CHARACTERS = {
    "intr": "vintr",
    "quit": "vquit",
    "erase": "verase",
    "kill": "vkill",
    "eof": "veof",
    "eol": "veol",
    "start": "vstart",
    "stop": "vstop",
    "susp": "vsusp",
    "rprnt": "vreprint",
    "werase": "vwerase",
    "lnext": "vlnext",
}
_FLAGS = {field.name for field in fields(Attributes) if field.type in ("bool", bool)}
_UNKNOWN_FLAGS = frozenset(
    [
        "parenb",
        "parodd",
        "cs5",
        "cs6",
        "cs7",
        "cs8",
        "hupcl",
        "cstopb",
        "cread",
        "clocal",
        "crtscts",
        "ignbrk",
        "brkint",
        "ignpar",
        "parmrk",
        "inpck",
        "istrip",
        "ixoff",
        "iuclc",
        "ixany",
        "imaxbel",
        "olcuc",
        "ocrnl",
        "onocr",
        "onlret",
        "ofill",
        "ofdel",
        "xcase",
        "echoprt",
        "flusho",
        "extproc",
        "hup",
        "nl",
        "lcase",
        "tabs",
        "litout",
        "evenp",
        "oddp",
        "parity",
    ]
)
_COMBINED = {
    "echo": {"echo": True},
    "cooked": {"icanon": True, "isig": True, "icrnl": True, "ixon": True, "opost": True},
    "cbreak": {"icanon": False},
}


@tool(
    "[-a|g] [-F DEVICE] [SETTING]...",
    raw=True,
    about="Without arguments, print baud rate, line discipline, and deviations from stty sane",
)
async def stty(proc: Process, options: Options) -> int:
    words = list(options.args)
    device = "-"
    if words[:1] in (["-F"], ["--file"]) and len(words) > 1:
        device, words = words[1], words[2:]
    async with opened(proc, device) as fd:
        terminal = proc.description(fd).terminal
        if terminal is None:
            name = f"'{device}'" if device != "-" else "'standard input'"
            raise Failure(
                either(
                    proc,
                    f"{name}: Inappropriate ioctl for device",
                    "standard input: Inappropriate ioctl for device",
                )
            )
        return await _apply(proc, terminal, words)


async def _apply(proc: Process, terminal: Terminal, words: list[str]) -> int:
    if not words:
        await proc.out(_short(terminal, is_gnu(proc)))
    elif words in (["-a"], ["--all"]):
        await proc.out(_everything(terminal))
    elif words in (["-g"], ["--save"]):
        await proc.out(saved(terminal.attributes) + "\n")
    else:
        return await _settings(proc, terminal, words)
    return 0


async def _settings(proc: Process, terminal: Terminal, words: list[str]) -> int:
    attributes = replace(terminal.attributes)
    rest = iter(words)
    for word in rest:
        if word == "size":
            await proc.out(f"{terminal.rows} {terminal.cols}\n")
        elif word == "speed":
            await proc.out("38400\n")
        elif word in ("rows", "cols", "columns"):
            amount = int(next(rest, "0"))
            rows = amount if word == "rows" else terminal.rows
            terminal.resize(rows, terminal.cols if word == "rows" else amount)
        elif word in _CHARACTERS or word in ("min", "time", "erase"):
            name = _CHARACTERS.get(word, f"v{word}")
            setattr(attributes, name, _character(next(rest, "")))
        elif word in ("ispeed", "ospeed", "line"):
            next(rest, "")
        elif restored := from_saved(word):
            attributes = restored
        else:
            attributes = _switched(proc, attributes, word)
    terminal.set_attributes(attributes)
    return 0


def _switched(proc: Process, attributes: Attributes, word: str) -> Attributes:
    name = word.lstrip("-")
    on = not word.startswith("-")
    if word == "sane":
        return Attributes()
    if word in ("raw", "-cooked"):
        return attributes.make_raw()
    if name == "raw" or word == "cooked":
        return replace(attributes, **_COMBINED["cooked"])
    if name == "cbreak":
        return replace(attributes, icanon=not on)
    if name == "nl":
        return replace(attributes, icrnl=not on, onlcr=not on)
    if name in _FLAGS:
        return replace(attributes, **{name: on})
    if name in _UNKNOWN_FLAGS or word.isdigit():
        return attributes
    raise Failure(f"invalid argument '{word}'")


def _character(text: str) -> int:
    """`^C`, `undef`, a number, or the character itself."""
    if text in ("undef", "^-", ""):
        return 0
    if (text.isdigit() and len(text) > 1) or text in "0123456789":
        return int(text)
    if text[0] == "^" and len(text) == 2:
        return 0x7F if text[1] == "?" else ord(text[1].upper()) & 0x1F
    return ord(text[0]) & 0xFF


def _shown(value: int) -> str:
    if not value:
        return "<undef>"
    if value == 0x7F:
        return "^?"
    return f"^{chr(value + 64)}" if value < 32 else chr(value)


def _flags(form: str, attributes: Attributes) -> str:
    return re.sub(r"\{(\w+)\}", lambda f: f[1] if getattr(attributes, f[1]) else f"-{f[1]}", form)


def _everything(terminal: Terminal) -> str:
    a = terminal.attributes
    c = {name: _shown(getattr(a, field)) for name, field in _CHARACTERS.items()}
    return (
        f"speed 38400 baud; rows {terminal.rows}; columns {terminal.cols}; line = 0;\n"
        f"intr = {c['intr']}; quit = {c['quit']}; erase = {c['erase']}; kill = {c['kill']}; eof = {c['eof']}; eol = {c['eol']};\n"
        f"eol2 = <undef>; swtch = <undef>; start = {c['start']}; stop = {c['stop']}; susp = {c['susp']}; rprnt = {c['rprnt']};\n"
        f"werase = {c['werase']}; lnext = {c['lnext']}; discard = ^O; min = {a.vmin}; time = {a.vtime};\n"
        + "".join(_flags(form, a) + "\n" for form in _FIXED.values())
    )


def _short(terminal: Terminal, gnu: bool) -> str:
    sane, now = Attributes(), terminal.attributes
    changed = [
        name if getattr(now, name) else f"-{name}"
        for name in sorted(_FLAGS)
        if getattr(now, name) != getattr(sane, name)
    ]
    return "speed 38400 baud; line = 0;\n" + " ".join(["-brkint -imaxbel", *changed]) + "\n"


def saved(attributes: Attributes) -> str:
    """`stty -g`: every setting, in hexadecimal, in the order of the fields."""
    return ":".join(f"{int(getattr(attributes, field.name)):x}" for field in fields(attributes))


def from_saved(text: str) -> Attributes | None:
    names = [field.name for field in fields(Attributes)]
    parts = text.split(":")
    if len(parts) != len(names) or not all(re.fullmatch("[0-9a-f]+", part) for part in parts):
        return None
    restored = Attributes()
    for name, part in zip(names, parts, strict=True):
        number = int(part, 16)
        setattr(restored, name, bool(number) if name in _FLAGS else number)
    return restored

"""printf, for the shells and the program: formats, conversions and what each flavour complains about."""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.programs.common.echo import unescape
from daemon.programs.common.escapes import byte_text, rejoined

_DIRECTIVE = re.compile(
    r"%(?:(?P<percent>%)|(?P<flags>[-+ #0']*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|-?\d*))?"
    r"(?:hh|h|ll|l|L|q|j|z|t)?(?P<kind>\((?P<time>[^)]*)\)T|[diouxXeEfFgGaAcsbq]))"
)
_DIRECTIVE_START = re.compile(r"(%[-+ #0']*[\d*]*(?:\.[\d*]*)?)(?:hh|h|ll|l|L|j|z|t)?")
_ESCAPE = re.compile(
    r"\\(?:(?P<letter>[abeEfnrtv\\\"'?])|(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]{1,2})"
    r"|u(?P<short>[0-9a-fA-F]{1,4})|U(?P<long>[0-9a-fA-F]{1,8})|(?P<end>c))"
)
_LETTERS = dict(zip("abeEfnrtv\\\"'?", "\a\b\x1b\x1b\f\n\r\t\v\\\"'?", strict=True))
_NUMBER = re.compile(r"\s*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*|0)")
_FLOAT = re.compile(r"\s*[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf|nan)", re.I)
WIDTH_MAX = 1 << 20
"""Nobody needs wider fields, and a container must not fill this machine's memory with blanks."""
_MASK = (1 << 64) - 1


@dataclass
class Printed:
    """What printf wrote, what it complains about as (kind, argument), and its status."""

    text: str = ""
    complaints: list[tuple[str, str]] = field(default_factory=list)
    status: int = 0


class Printf:
    """One run of printf, in the `style` of ash, dash, bash or gnu.

    `quote` is `%q` and `now` the time for `%(...)T`, None for who lacks them.
    """

    def __init__(
        self,
        template: str,
        args: list[str],
        *,
        quote: Callable[[str], str] | None = None,
        now: int | None = None,
        style: str = "bash",
    ) -> None:
        self.template = template
        self.args = args
        self.quote = quote
        self.now = now
        self.style = style
        self.used = 0
        self.result = Printed()
        self.out: list[str] = []

    def run(self) -> Printed:
        """Apply the format again and again until the arguments are used up."""
        while True:
            before = self.used
            if self._once() or self.used == before or self.used >= len(self.args):
                break
        self.result.text = rejoined("".join(self.out))
        return self.result

    def _once(self) -> bool:
        """One pass over the format; whether `\\c` or an error ended the output."""
        pos = 0
        template = self.template
        while pos < len(template):
            char = template[pos]
            if char == "%":
                matched = _DIRECTIVE.match(template, pos)
                if matched is None or self._lacks(matched.group("kind")):
                    return self._invalid(pos)
                pos = matched.end()
                if self._convert(matched):
                    return True
            elif char == "\\" and (escaped := self._escape(pos)) is not None:
                pos = escaped.end()
                if escaped.group("end"):
                    return True
                self.out.append(_escaped(escaped))
            else:
                end = min(
                    (found for c in "%\\" if (found := template.find(c, pos + 1)) >= 0),
                    default=len(template),
                )
                self.out.append(template[pos:end])
                pos = end
        return False

    def _escape(self, pos: int) -> re.Match[str] | None:
        """The escape at `pos`; only ash and GNU end at `\\c`, dash knows no hexadecimal ones."""
        matched = _ESCAPE.match(self.template, pos)
        if matched is None or (matched.group("end") and self.style in ("dash", "bash")):
            return None
        return None if matched.group("hex") and self.style == "dash" else matched

    def _lacks(self, kind: str | None) -> bool:
        if kind is None:
            return False
        return (kind == "q" and self.quote is None) or (kind[-1] == "T" and self.now is None)

    def _invalid(self, pos: int) -> bool:
        """Complain about a directive that is none; each style shows another part of it."""
        rest = _DIRECTIVE_START.match(self.template, pos)
        assert rest is not None
        letter = self.template[rest.end() : rest.end() + 1]
        shown = {"ash": rest.group(1) + letter, "bash": letter or rest.group()}
        kind = "invalid format" if letter else "missing format"
        self._complain(kind, shown.get(self.style, rest.group() + letter))
        if self.style == "dash":
            self.result.status = 2
        return True

    def _complain(self, kind: str, argument: str) -> None:
        self.result.complaints.append((kind, argument))
        self.result.status = 1

    def _next(self) -> str | None:
        if self.used < len(self.args):
            self.used += 1
            return self.args[self.used - 1]
        return None

    def _convert(self, matched: re.Match[str]) -> bool:
        if matched.group("percent"):
            self.out.append("%")
            return False
        flags = matched.group("flags").replace("'", "")
        width = self._star(matched.group("width"))
        if width is not None and width < 0:
            flags, width = flags + "-", -width
        width = None if width is None else min(width, WIDTH_MAX)
        precision = self._star(matched.group("precision"), empty=0)
        precision = None if precision is None or precision < 0 else min(precision, WIDTH_MAX)
        kind = matched.group("kind")
        if kind in "sbqc":
            return self._text(kind, flags, width, precision)
        if kind in "diouxX":
            self.out.append(_integer_text(self._integer(kind), kind, flags, width, precision))
        elif kind.endswith("T"):
            self.out.append(_padded(self._time(matched.group("time")), flags, width))
        else:
            spec = f"%{flags}{'' if width is None else width}"
            spec += "" if precision is None else f".{precision}"
            self.out.append(_float_text(spec, kind, self._float()))
        return False

    def _star(self, text: str | None, empty: int | None = None) -> int | None:
        if text is None:
            return None
        if text == "*":
            return self._integer("d")
        return int(text) if text not in ("", "-") else empty

    def _text(self, kind: str, flags: str, width: int | None, precision: int | None) -> bool:
        argument = self._next()
        ended = False
        text = argument or ""
        if kind == "b":
            text, ended = unescape(text, bare_octal=True)
        elif kind == "q" and self.quote is not None:
            text = self.quote(text) if argument is not None else "''"
        elif kind == "c":
            text = text[:1]
        if precision is not None and kind != "c":
            text = text[:precision]
        self.out.append(_padded(text, flags, width))
        return ended

    def _integer(self, kind: str) -> int:
        argument = self._next()
        if not argument:
            if self.style == "ash":
                self._complain("empty number", "")
            return 0
        if argument[0] in "'\"":
            return ord(argument[1]) if len(argument) > 1 else 0
        matched = _NUMBER.match(argument)
        if matched is None:
            self._complain("not a number", argument)
            return 0
        digits = matched.group(2)
        octal = digits[0] == "0" and digits[1:2] not in ("x", "X")
        value = int(digits, 8 if octal else 0) if digits != "0" else 0
        if matched.group(1) == "-":
            value = -value
        if matched.end() != len(argument):
            self._complain("trailing", argument)
            if self.style == "ash":
                return 0
        return self._in_range(value, kind, argument)

    def _in_range(self, value: int, kind: str, argument: str) -> int:
        if kind in "di":
            low, high = -(1 << 63), (1 << 63) - 1
        else:
            low, high = -(1 << 63), _MASK
        if not low <= value <= high:
            status = self.result.status
            self._complain("range", argument)
            if self.style == "bash":
                self.result.status = status
            return 0 if self.style == "ash" else max(low, min(high, value))
        return value

    def _float(self) -> float:
        argument = self._next()
        if not argument:
            return 0.0
        if argument[0] in "'\"":
            return float(ord(argument[1])) if len(argument) > 1 else 0.0
        if re.fullmatch(r"\s*[-+]?0[xX][0-9a-fA-F]+", argument):
            return float(int(argument, 16))
        matched = _FLOAT.match(argument)
        if matched is None:
            self._complain("not a number", argument)
            return 0.0
        if matched.end() != len(argument):
            self._complain("trailing", argument)
        return float(matched.group())

    def _time(self, template: str) -> str:
        argument = self._next()
        now = self.now or 0
        seconds = now if argument in (None, "-1", "-2", "") else int(argument or 0)
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        return moment.strftime((template or "%X").replace("%s", str(seconds)))


def _escaped(matched: re.Match[str]) -> str:
    if letter := matched.group("letter"):
        return _LETTERS[letter]
    if octal := matched.group("octal"):
        return byte_text(int(octal, 8))
    if code := matched.group("hex"):
        return byte_text(int(code, 16))
    return chr(int(matched.group("short") or matched.group("long"), 16))


def _padded(text: str, flags: str, width: int | None) -> str:
    if width is None:
        return text
    return text.ljust(width) if "-" in flags else text.rjust(width)


def _integer_text(
    value: int, kind: str, flags: str, width: int | None, precision: int | None
) -> str:
    sign = ""
    if kind in "di":
        sign = "-" if value < 0 else "+" if "+" in flags else " " if " " in flags else ""
        digits = str(abs(value))
    else:
        form = {"u": "d"}.get(kind, kind)
        digits = format(value & _MASK, form)
        if "#" in flags and value:
            sign = {"o": "0", "x": "0x", "X": "0X"}.get(kind, "")
    if precision is not None:
        digits = digits.rjust(precision, "0") if value or precision else ""
    elif "0" in flags and "-" not in flags and width is not None:
        digits = digits.rjust(width - len(sign), "0")
    return _padded(sign + digits, flags, width)


def _float_text(spec: str, kind: str, value: float) -> str:
    if kind in "aA":
        text = value.hex()
        return text.upper() if kind == "A" else text
    return str(spec + kind) % value

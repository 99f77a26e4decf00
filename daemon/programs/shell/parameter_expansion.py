"""`${...}`: which value a parameter has, what the operator makes of it, and the segments that come out."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from daemon.programs.common.escapes import ansi_c
from daemon.programs.shell import parameters
from daemon.programs.shell.errors import ExpansionError, FatalExpansionError
from daemon.programs.shell.segments import BREAK, EXPANDED, QUOTED, Segment
from daemon.programs.shell.syntax import Param, Quoted, Word

if TYPE_CHECKING:
    from daemon.programs.shell.expand import Expander

Value = str | list[str] | None
_EMPTY = Word(())
_INDIRECT = re.compile(r"([A-Za-z_]\w*|\d+)(\[.*\])?|[-@*#?$!]", re.DOTALL)
"""What `${!x}` may find in x."""


class ParameterExpansion:
    """The expansion of one `${...}`; `quoted` says that it stands in double quotes."""

    def __init__(self, expander: "Expander", part: Param, out: list[Segment], quoted: bool) -> None:
        self.expander = expander
        self.shell = expander.shell
        self.part = part
        self.out = out
        self.quoted = quoted
        self.name = part.name
        self.op = part.op
        self.index: str | None = None
        self.star = False

    async def run(self) -> None:
        """Append the segments of this expansion."""
        if self.op == "bad":
            raise ExpansionError("bad substitution", self.part.text)
        if self.part.index is not None:
            self.index = await self.expander.text(self.part.index)
        if self.op.startswith("!") and self._names_asked():
            return
        self.star = self.name == "*" or self.index == "*"
        value = self._value()
        if self.op == "length":
            self._emit(self._length(value))
        elif self.op == "":
            self._emit(self._checked(value))
        elif self.op[-1] in "-=?+":
            await self._conditional(value)
        elif value is None or (value == [] and self.op == ":"):
            self._emit(self._checked(value))
        else:
            self._emit(await self._transformed(value))

    # ---- values -----------------------------------------------------------------------------------

    def _value(self) -> Value:
        if self.name in ("@", "*"):
            return list(self.shell.args)
        if self.index in ("@", "*"):
            return self.shell.elements(self.name)
        if self.index is not None:
            return self.shell.element(self.name, self.index)
        return self.shell.parameter(self.name)

    def _checked(self, value: Value) -> str | list[str]:
        if value is None:
            if "u" in self.shell.options:
                raise FatalExpansionError("unbound", self._label())
            return ""
        return value

    def _label(self) -> str:
        return self.name if self.index is None else f"{self.name}[{self.index}]"

    def _length(self, value: Value) -> str:
        if isinstance(value, list) and not self.shell.flavour.bash:
            value = " ".join(value)
        return str(len(self._checked(value)))

    def _names_asked(self) -> bool:
        """Handle `${!prefix@}` and `${!array[@]}`; otherwise go through the reference and say False."""
        if self.op.startswith("!names"):
            self.star = self.op.endswith("*")
            self._emit(self.shell.variables.names(self.name))
            return True
        if self.index in ("@", "*") and self.op == "!":
            self.star = self.index == "*"
            self._emit(self.shell.keys(self.name))
            return True
        variable = self.shell.variables.table.get(self.name)
        if variable is not None and variable.nameref:
            self._emit(str(variable.value))
            return True
        target = self._value()
        if not isinstance(target, str) or not target:
            raise ExpansionError("invalid indirect", self.name)
        if not _INDIRECT.fullmatch(target):
            raise ExpansionError("invalid name", target)
        self.op = self.op[1:]
        self.name, bracket, rest = target.partition("[")
        self.index = rest.removesuffix("]") if bracket else None
        return False

    # ---- ${x-word} and its kin --------------------------------------------------------------------

    async def _conditional(self, value: Value) -> None:
        word = self.part.word or _EMPTY
        missing = value is None or (isinstance(value, list) and not value)
        if self.op[0] == ":" and not missing:
            missing = " ".join(value or "") == "" if isinstance(value, list) else value == ""
        kind = self.op[-1]
        if kind == "+":
            if not missing:
                await self._emit_word(word)
            elif self.quoted:
                self.out.append((QUOTED, ""))
        elif not missing:
            self._emit(value or "")
        elif kind == "-":
            await self._emit_word(word)
        elif kind == "=":
            await self._assign(word)
        else:
            text = await self.expander.text(word)
            default = "null" if self.op[0] == ":" else "unset"
            raise FatalExpansionError("parameter", self._label(), text or default, text)

    async def _emit_word(self, word: Word) -> None:
        before = len(self.out)
        kind = QUOTED if self.quoted else EXPANDED
        await self.expander.parts(word.parts, self.out, kind, tilde=not self.quoted)
        if self.quoted and len(self.out) == before:
            self.out.append((QUOTED, ""))

    async def _assign(self, word: Word) -> None:
        if not (self.name[0].isalpha() or self.name[0] == "_"):
            raise ExpansionError("bad assignment", self.name)
        text = await self.expander.text(word)
        if self.index is None:
            self.shell.variables.set(self.name, text)
        else:
            key = self.shell.array_key(self.name, self.index)
            self.shell.variables.set_element(self.name, key, text)
        self._emit(self.shell.parameter(self.name) or "" if self.index is None else text)

    # ---- operators that transform -----------------------------------------------------------------

    async def _transformed(self, value: str | list[str]) -> str | list[str]:
        if self.op == ":":
            return await self._substring(value)
        change = await _OPERATORS[self.op[0]](self)
        return [change(item) for item in value] if isinstance(value, list) else change(value)

    async def _trim(self) -> Callable[[str], str]:
        pattern = await self.expander.pattern(self.part.word or _EMPTY)
        remove = parameters.remove_prefix if self.op[0] == "#" else parameters.remove_suffix
        longest, extended = len(self.op) == 2, self._extended
        return lambda item: remove(item, pattern, longest=longest, extended=extended)

    async def _replace(self) -> Callable[[str], str]:
        pattern = await self.expander.pattern(self.part.word or _EMPTY)
        word = self.part.word2 or _EMPTY
        if self.shell.flavour.bash:
            build = parameters.with_ampersand(await self.expander.pattern(word))
        else:
            text = await self.expander.text(word)
            build = lambda matched: text  # noqa: E731
        return lambda item: parameters.replace(
            item, pattern, build, self.op, extended=self._extended
        )

    async def _case(self) -> Callable[[str], str]:
        pattern = await self.expander.pattern(self.part.word or _EMPTY)
        return lambda item: parameters.change_case(item, pattern, self.op, extended=self._extended)

    async def _transform(self) -> Callable[[str], str]:
        letter = await self.expander.text(self.part.word or _EMPTY)
        if letter == "P":
            return self.shell.prompt_text
        if letter in ("A", "a"):
            return lambda item: self.shell.describe(self.name, item, letter)
        if letter not in _TRANSFORMS:
            raise FatalExpansionError("transformation", self.part.text)
        return _TRANSFORMS[letter]

    async def _substring(self, value: str | list[str]) -> str | list[str]:
        offset = await self._number(self.part.word)
        length = None
        if self.part.word2 is not None:
            length = await self._number(self.part.word2)
        if isinstance(value, list):
            return self._sublist(value, offset, length)
        piece = parameters.substring(value, offset, length)
        if piece is None:
            if not self.shell.flavour.bash:
                return ""
            raise ExpansionError("substring", (self.part.word2 or _EMPTY).plain or str(length))
        return piece

    async def _number(self, word: Word | None) -> int:
        try:
            return await self.expander.arithmetic(_expression(word))
        except ExpansionError as error:
            if not self.shell.flavour.bash or error.ends_bash:
                raise
            text, *rest = error.arguments
            raise ExpansionError(error.kind, f"{self._label()}: {text}", *rest) from None

    def _sublist(self, items: list[str], offset: int, length: int | None) -> list[str]:
        if self.name in ("@", "*"):
            items = [self.shell.arg0, *items]
        start = offset + len(items) if offset < 0 else offset
        if start < 0:
            return []
        if length is not None and length < 0:
            raise ExpansionError("substring", str(length))
        return items[start:] if length is None else items[start : start + length]

    @property
    def _extended(self) -> bool:
        return "extglob" in self.shell.shopts

    # ---- output -----------------------------------------------------------------------------------

    def _emit(self, value: str | list[str]) -> None:
        if isinstance(value, str):
            self.out.append((QUOTED if self.quoted else EXPANDED, value))
            return
        if self.star and self.quoted:
            ifs = self.shell.variables.get("IFS")
            self.out.append((QUOTED, (" " if ifs is None else ifs[:1]).join(value)))
            return
        for number, item in enumerate(value):
            if number:
                self.out.append((BREAK, ""))
            self.out.append((QUOTED if self.quoted else EXPANDED, item))


def _expression(word: Word | None) -> Word:
    """An empty offset or length means 0."""
    return word if word is not None and word.parts else Word((Quoted("0"),))


_OPERATORS: dict[str, Callable[[ParameterExpansion], Awaitable[Callable[[str], str]]]] = {
    "#": ParameterExpansion._trim,
    "%": ParameterExpansion._trim,
    "/": ParameterExpansion._replace,
    "^": ParameterExpansion._case,
    ",": ParameterExpansion._case,
    "~": ParameterExpansion._case,
    "@": ParameterExpansion._transform,
}
_TRANSFORMS: dict[str, Callable[[str], str]] = {
    "Q": parameters.quote,
    "K": parameters.quote,
    "E": ansi_c,
    "U": str.upper,
    "L": str.lower,
    "u": lambda item: item[:1].upper() + item[1:],
}

"""Word expansion: from the parts of a word to the fields of a command line."""

import re
from typing import TYPE_CHECKING

from daemon.programs.common import glob
from daemon.programs.shell.arithmetic import ArithmeticFault, compile_expression, parse_number
from daemon.programs.shell.errors import ExpansionError, FatalExpansionError, ShellError
from daemon.programs.shell.parameter_expansion import ParameterExpansion
from daemon.programs.shell.pathnames import pathnames
from daemon.programs.shell.segments import BREAK, EXPANDED, LITERAL, QUOTED, Segment, Splitter
from daemon.programs.shell.syntax import (
    ArithSub,
    ArrayLiteral,
    AssignHead,
    CommandSub,
    DoubleQuoted,
    Lit,
    Param,
    Part,
    ProcessSub,
    Quoted,
    Word,
)

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_PLAIN_VALUE = re.compile(r"[^ \t\n*?\[\\+@!]+")
_TILDE = re.compile(r"~([A-Za-z0-9_.-]*|\+|-)(?=/|:|\Z)")
_INTEGER = re.compile(r"-?[1-9][0-9]*|0")
_DEEPEST_EXPRESSION = 60


class Expander:
    """Expands the words of one shell."""

    def __init__(self, shell: "Shell") -> None:
        self.shell = shell
        self.substitution_status: int | None = None
        """How the last command substitution ended: the status of an assignment alone."""
        self._depth = 0

    # ---- entry points -----------------------------------------------------------------------------

    async def fields(self, words: tuple[Word, ...]) -> list[str]:
        """The fields that `words` become: expanded, split and globbed."""
        out: list[str] = []
        for word in words:
            if word.plain is not None:
                out.append(word.plain)
            elif not self._simple_parameter(word, out):
                await self._field_of(word, out)
        return out

    def _simple_parameter(self, word: Word, out: list[str]) -> bool:
        """The fast way for a word that is `$name` or `"$name"` alone; False if it needs the long way."""
        if len(word.parts) != 1:
            return False
        part = word.parts[0]
        quoted = type(part) is DoubleQuoted and len(part.parts) == 1
        if quoted:
            part = part.parts[0]  # type: ignore[union-attr]
        if type(part) is not Param or part.op or part.index is not None:
            return False
        if part.name in ("@", "*"):
            return False
        value = self.shell.parameter(part.name)
        if value is None:
            return False
        if quoted:
            out.append(value)
            return True
        if _PLAIN_VALUE.fullmatch(value) and self.shell.variables.default_ifs:
            out.append(value)
            return True
        return False

    async def _field_of(self, word: Word, out: list[str]) -> None:
        segments: list[Segment] = []
        declaration = word.head is not None and self.shell.assigning
        if declaration:
            await self._assignment_text(word, segments)
        else:
            await self.parts(word.parts, segments, LITERAL, tilde=True)
        splitter = Splitter(self.shell, segments)
        for text, pattern in splitter.fields():
            if pattern is None:
                out.append(text)
            else:
                out.extend(self._globbed(text, pattern))

    async def _assignment_text(self, word: Word, segments: list[Segment]) -> None:
        """`name=value` as an argument of export and the like: neither split nor globbed."""
        head = word.head
        if head is not None:
            segments.append((QUOTED, head.text))
            segments.append((QUOTED, await self.text(word.value, assignment=True)))

    def _globbed(self, text: str, pattern: str) -> list[str]:
        shell = self.shell
        found = pathnames(shell.proc, pattern, shell.glob_rules())
        if found:
            return found
        if "nullglob" in shell.shopts:
            return []
        if "failglob" in shell.shopts:
            raise ExpansionError("no match", text)
        return [text]

    async def text(self, word: Word, *, assignment: bool = False) -> str:
        """The word as one string: for assignments, redirections, here-documents, `case` subjects."""
        if word.plain is not None:
            return word.plain
        out: list[str] = []
        if self._simple_parameter_text(word, out):
            return out[0]
        if len(word.parts) == 1 and type(only := word.parts[0]) is ArithSub:
            return str(await self.arithmetic(only.expression))
        segments: list[Segment] = []
        await self.parts(word.parts, segments, LITERAL, tilde=True, assignment=assignment)
        return "".join(" " if kind == BREAK else text for kind, text in segments)

    def _simple_parameter_text(self, word: Word, out: list[str]) -> bool:
        if len(word.parts) != 1 or type(part := word.parts[0]) is not Param:
            return False
        if part.op or part.index is not None or part.name in ("@", "*"):
            return False
        value = self.shell.parameter(part.name)
        if value is not None:
            out.append(value)
        return value is not None

    async def pattern(self, word: Word) -> str:
        """The word as a pattern, in which what was quoted is escaped."""
        segments: list[Segment] = []
        await self.parts(word.parts, segments, LITERAL, tilde=True)
        return "".join(
            glob.escape(text) if kind == QUOTED else " " if kind == BREAK else text
            for kind, text in segments
        )

    async def regex(self, word: Word) -> str:
        """The word as a regular expression, in which what was quoted is escaped."""
        segments: list[Segment] = []
        await self.parts(word.parts, segments, LITERAL, tilde=True)
        return "".join(re.escape(text) if kind == QUOTED else text for kind, text in segments)

    async def arithmetic(self, word: Word) -> int:
        """The value of an expression whose `$` are still to be expanded."""
        return self.evaluate(word.plain if word.plain is not None else await self.text(word))

    def evaluate(self, text: str) -> int:
        """The value of an expression; faults become the flavour's message."""
        try:
            return compile_expression(text, self.shell.flavour.name != "dash")(self)
        except ArithmeticFault as fault:
            shown = fault.text or (text if self.shell.flavour.name == "dash" else text.lstrip())
            raise ExpansionError(f"arithmetic {fault.kind}", shown, fault.token) from None
        except ExpansionError:
            raise
        except ShellError as error:
            raise ExpansionError(error.kind, *error.arguments) from None
        except RecursionError:
            raise ExpansionError("arithmetic depth", text, text) from None

    # ---- arithmetic environment -------------------------------------------------------------------

    def arithmetic_get(self, name: str, index: str | None) -> int:
        shell = self.shell
        value = shell.parameter(name) if index is None else shell.element(name, index)
        if value is None:
            if "u" in shell.options:
                raise FatalExpansionError("unbound", name)
            return 0
        if _INTEGER.fullmatch(value):
            return int(value)
        return self._nested(value.strip())

    def _nested(self, text: str) -> int:
        """A variable's value that is no plain number: an expression in its turn."""
        if not text:
            return 0
        if self.shell.flavour.name == "dash":
            try:
                sign = -1 if text[0] == "-" else 1
                return sign * parse_number(text.lstrip("+-"))
            except ArithmeticFault:
                raise ExpansionError("illegal number", text) from None
        self._depth += 1
        try:
            if self._depth > _DEEPEST_EXPRESSION:
                raise ArithmeticFault("depth", text)
            return compile_expression(text, True)(self)
        except ArithmeticFault as fault:
            fault.text = fault.text or text
            raise
        finally:
            self._depth -= 1

    def arithmetic_set(self, name: str, index: str | None, value: int) -> None:
        if index is None:
            self.shell.variables.set(name, str(value))
        else:
            self.shell.variables.set_element(name, self.shell.array_key(name, index), str(value))

    # ---- parts ------------------------------------------------------------------------------------

    async def parts(
        self,
        parts: tuple[Part, ...],
        out: list[Segment],
        kind: int,
        *,
        tilde: bool = False,
        assignment: bool = False,
    ) -> None:
        """Append the segments of `parts`; `kind` is that of unquoted text, QUOTED within quotes."""
        for number, part in enumerate(parts):
            if type(part) is Quoted:
                out.append((QUOTED, part.text))
            elif type(part) is Lit:
                text = part.text
                if tilde and "~" in text and kind != QUOTED:
                    last = number == len(parts) - 1
                    text = self._tilde(text, out, number == 0, assignment, last)
                if text:
                    out.append((kind, text))
            elif type(part) is DoubleQuoted:
                await self._double_quoted(part, out)
            elif type(part) is Param:
                await self._param(part, out, quoted=kind == QUOTED)
            elif type(part) is AssignHead:
                out.append((kind, part.text))
                assignment = True
                tilde = False
            else:
                text = await self._substituted(part)
                out.append((QUOTED if kind == QUOTED else EXPANDED, text))

    async def _double_quoted(self, part: DoubleQuoted, out: list[Segment]) -> None:
        before = len(out)
        await self.parts(part.parts, out, QUOTED)
        if len(out) == before and not _only_all_arguments(part):
            out.append((QUOTED, ""))

    async def _substituted(self, part: Part) -> str:
        if isinstance(part, CommandSub):
            return await self.shell.substitute(part.body)
        if isinstance(part, ArithSub):
            return str(await self.arithmetic(part.expression))
        if isinstance(part, ProcessSub):
            return await self.shell.process_substitution(part)
        assert isinstance(part, ArrayLiteral)
        return "(" + " ".join(await self.fields(part.items)) + ")"

    def _tilde(
        self, text: str, out: list[Segment], first: bool, assignment: bool, last: bool
    ) -> str:
        """Expand `~` at the start, in assignments after each colon, too; return the text that is left."""
        pieces = text.split(":") if assignment else [text]
        for number, piece in enumerate(pieces):
            glue = ":" if number else ""
            matched = _TILDE.match(piece) if number or first else None
            ends_here = matched and matched.end() == len(piece) and number == len(pieces) - 1
            home = (
                self.shell.home(matched.group(1))
                if matched and not (ends_here and not last)
                else None
            )
            if matched is None or home is None:
                out.append((LITERAL, glue + piece))
            else:
                out.append((QUOTED, glue + home))
                out.append((LITERAL, piece[matched.end() :]))
        return ""

    # ---- parameters -------------------------------------------------------------------------------

    async def _param(self, part: Param, out: list[Segment], *, quoted: bool) -> None:
        if not part.op and part.index is None and part.name not in ("@", "*"):
            value = self.shell.parameter(part.name)
            if value is None:
                self._unbound(part.name)
                value = ""
            out.append((QUOTED if quoted else EXPANDED, value))
            return
        await ParameterExpansion(self, part, out, quoted).run()

    def _unbound(self, name: str) -> None:
        if "u" in self.shell.options and name not in ("@", "*"):
            raise FatalExpansionError("unbound", name)


def _only_all_arguments(part: DoubleQuoted) -> bool:
    """Whether the quotes hold nothing but `$@` (and its like), which may become no field at all."""
    return bool(part.parts) and all(
        isinstance(inner, Param)
        and (
            inner.name == "@"
            or (inner.index is not None and inner.index.plain == "@")
            or inner.op == "!names@"
        )
        for inner in part.parts
    )

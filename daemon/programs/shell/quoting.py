"""Quoting and every form of `$`: what words, here-documents and arithmetic share."""

import re
from typing import NoReturn, Self

from daemon.programs.common.escapes import ansi_c
from daemon.programs.shell.errors import Incomplete, ShellSyntaxError
from daemon.programs.shell.flavour import Flavour
from daemon.programs.shell.syntax import (
    ArithSub,
    CommandSub,
    DoubleQuoted,
    List,
    Lit,
    Param,
    Part,
    ProcessSub,
    Quoted,
    Word,
)

_IN_ARITHMETIC = re.compile(r"[^\"'\\$`()]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL = "@*#?-$!"
_PARAM_OPERATORS = re.compile(r":?[-=?+]|##?|%%?|//?|\^\^?|,,?|~~?|@|:")


class Quoting:
    """A position in a text. `final` says that no more text will come, so an open construct is an error."""

    def __init__(
        self, text: str, flavour: Flavour, *, pos: int = 0, line: int = 1, final: bool = True
    ) -> None:
        self.text = text
        self.flavour = flavour
        self.pos = pos
        self.final = final
        self._line, self._line_pos = line, pos

    # ---- positions and errors ---------------------------------------------------------------------

    def line_at(self, pos: int) -> int:
        """The line number of `pos`, counted from the last asked position on."""
        if pos >= self._line_pos:
            self._line += self.text.count("\n", self._line_pos, pos)
        else:
            self._line -= self.text.count("\n", pos, self._line_pos)
        self._line_pos = pos
        return self._line

    def source_line(self, pos: int) -> str:
        """The whole line of source around `pos`."""
        end = self.text.find("\n", pos)
        return self.text[self.text.rfind("\n", 0, pos) + 1 : end if end >= 0 else len(self.text)]

    def unterminated(self, kind: str, closer: str, start: int) -> NoReturn:
        """The text ended where `closer` was due: ask for more, or complain."""
        if not self.final:
            raise Incomplete(closer)
        raise ShellSyntaxError(kind, closer, line=self.line_at(start))

    # ---- quotes -----------------------------------------------------------------------------------

    def unquoted_special(self, char: str, parts: list[Part]) -> None:
        """A quote, a backslash, `$` or a backquote outside of quotes."""
        if char == "'":
            parts.append(Quoted(self._single_quoted()))
        elif char == '"':
            parts.append(self._double_quoted())
        elif char == "\\":
            escaped = self.text[self.pos + 1 : self.pos + 2]
            self.pos += 2
            if escaped != "\n":
                parts.append(Quoted(escaped or "\\"))
        else:
            self._dollar(parts, quoted=False)

    def _single_quoted(self) -> str:
        start = self.pos + 1
        end = self.text.find("'", start)
        if end < 0:
            self.unterminated("unterminated", "'", start)
        self.pos = end + 1
        return self.text[start:end]

    def _double_quoted(self) -> DoubleQuoted:
        self.pos += 1
        word = self.quoted_until('"')
        self.pos += 1
        return DoubleQuoted(word.parts)

    def quoted_until(self, stop: str, *, escapes: str = '$`"\\\n') -> Word:
        """Read as within double quotes up to `stop` (not consumed); an empty `stop` is the end of the text."""
        run = re.compile(rf"[^\\$`{re.escape(stop)}]+")
        start = self.pos
        parts: list[Part] = []
        while self.pos < len(self.text):
            if matched := run.match(self.text, self.pos):
                parts.append(Quoted(matched.group()))
                self.pos = matched.end()
                continue
            char = self.text[self.pos]
            if char == stop:
                return Word(merged(parts))
            if char == "\\":
                self._quoted_backslash(parts, escapes)
            else:
                self._dollar(parts, quoted=True)
        if stop:
            self.unterminated("unterminated", stop, start)
        return Word(merged(parts))

    def _quoted_backslash(self, parts: list[Part], escapes: str) -> None:
        escaped = self.text[self.pos + 1 : self.pos + 2]
        self.pos += 2
        if escaped and escaped in escapes:
            parts.append(Quoted("" if escaped == "\n" else escaped))
        else:
            parts.append(Quoted("\\" + escaped))

    # ---- dollar -----------------------------------------------------------------------------------

    def _dollar(self, parts: list[Part], *, quoted: bool) -> None:
        if self.text[self.pos] == "`":
            parts.append(self._backquoted(quoted))
            return
        following = self.text[self.pos + 1 : self.pos + 2]
        name = _NAME.match(self.text, self.pos + 1)
        if name:
            self.pos = name.end()
            parts.append(Param(name.group()))
        elif following and (following in _SPECIAL or following.isdigit()):
            self.pos += 2
            parts.append(Param(following))
        elif following == "{":
            parts.append(self._braced(quoted))
        elif following == "(":
            parts.append(self._parenthesized())
        elif following == "[" and self.flavour.bash:
            parts.append(self._bracketed())
        elif following in ("'", '"') and following and self.flavour.dollar_quotes and not quoted:
            self._dollar_quoted(following, parts)
        else:
            self.pos += 1
            parts.append(Quoted("$") if quoted else Lit("$"))

    def _dollar_quoted(self, quote: str, parts: list[Part]) -> None:
        self.pos += 1
        if quote == '"' and self.flavour.bash:
            parts.append(self._double_quoted())
            return
        if quote == '"':
            parts.append(Lit("$"))
            return
        body = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL).match(self.text, self.pos)
        if body is None:
            self.unterminated("unterminated", "'", self.pos)
        self.pos = body.end()
        parts.append(Quoted(ansi_c(body.group(1))))

    def _parenthesized(self) -> Part:
        if self.text.startswith("$((", self.pos):
            saved = self.pos
            self.pos += 3
            expression = self.arithmetic("))")
            if expression is not None:
                self.pos += 2
                return ArithSub(expression)
            if not self.flavour.bash:
                raise ShellSyntaxError("arithmetic", line=self.line_at(saved))
            self.pos = saved
        self.pos += 2
        return CommandSub(self.nested_list(")"))

    def _bracketed(self) -> ArithSub:
        """`$[...]`, the old way to write `$((...))`."""
        start = self.pos + 2
        end = self.closing_bracket(start)
        self.pos = end + 1
        return ArithSub(self.sub_lexer(self.text[start:end]).quoted_until(""))

    def process_sub(self) -> ProcessSub:
        """`<(...)` or `>(...)`."""
        direction = self.text[self.pos]
        self.pos += 2
        return ProcessSub(direction, self.nested_list(")"))

    def nested_list(self, closer: str) -> List:
        """Parse commands up to and including `closer`; the parser knows how."""
        raise NotImplementedError

    def parse_separately(self, text: str, line: int) -> List:
        """Parse the text of a backquote substitution on its own; the parser knows how."""
        raise NotImplementedError

    def arithmetic(self, closer: str) -> Word | None:
        """Read an expression up to `closer` at depth 0 (not consumed); None if the parentheses say it is none."""
        parts: list[Part] = []
        depth = 0
        while self.pos < len(self.text):
            if run := _IN_ARITHMETIC.match(self.text, self.pos):
                parts.append(Quoted(run.group()))
                self.pos = run.end()
                continue
            char = self.text[self.pos]
            if char == ")" and not depth:
                return Word(merged(parts)) if self.text.startswith(closer, self.pos) else None
            if char in "$`":
                self._dollar(parts, quoted=True)
            elif char == "\\":
                self._quoted_backslash(parts, '$`"\\\n')
            else:
                depth += (char == "(") - (char == ")")
                if char != '"' or self.flavour.name == "ash":
                    parts.append(Quoted(char))
                self.pos += 1
        if not self.final:
            raise Incomplete(")")
        return None

    def _backquoted(self, quoted: bool) -> CommandSub:
        body = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL).match(self.text, self.pos)
        if body is None:
            self.unterminated("backquote", "`", self.pos)
        line = self.line_at(self.pos)
        self.pos = body.end()
        escapes = r'\\([$`\\"])' if quoted else r"\\([$`\\])"
        return CommandSub(self.parse_separately(re.sub(escapes, r"\1", body.group(1)), line))

    # ---- ${...} -----------------------------------------------------------------------------------

    def _braced(self, quoted: bool) -> Param:
        start = self.pos
        self.pos += 2
        prefix = self._braced_prefix()
        name = self._parameter_name()
        index = self._index() if name else None
        if not name or self.pos >= len(self.text):
            return self._bad_braced(start)
        if self.text[self.pos] == "}":
            self.pos += 1
            op = "length" if prefix == "#" else prefix
            return Param(name, op, index=index, text=self.text[start : self.pos])
        if prefix == "#":
            return self._bad_braced(start)
        if prefix == "!" and self.text[self.pos : self.pos + 2] in ("*}", "@}"):
            self.pos += 2
            return Param(name, "!names" + self.text[self.pos - 2])
        operator = _PARAM_OPERATORS.match(self.text, self.pos)
        if operator is None or not self._knows(operator.group()):
            return self._bad_braced(start)
        self.pos = operator.end()
        param = self._operand(name, operator.group(), index, quoted, start)
        if prefix == "!":
            return Param(name, "!" + param.op, param.word, param.word2, index, param.text)
        return param

    def _braced_prefix(self) -> str:
        head = self.text[self.pos : self.pos + 2]
        if head[:1] == "#" and head[1:] not in ("", "}", "#", "%", ":", "-", "=", "+", "?", "/"):
            self.pos += 1
            return "#"
        if head in ("#-", "#?", "##") and self.text[self.pos + 2 : self.pos + 3] == "}":
            self.pos += 1
            return "#"
        named = head[1:].isalnum() or head[1:] in ("_", "@", "*", "#")
        if head[:1] == "!" and self.flavour.bash and named:
            self.pos += 1
            return "!"
        return ""

    def _parameter_name(self) -> str:
        matched = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+|[@*#?$!-]").match(self.text, self.pos)
        if matched is None:
            return ""
        self.pos = matched.end()
        return matched.group()

    def _index(self) -> Word | None:
        if not self.flavour.bash or self.text[self.pos : self.pos + 1] != "[":
            return None
        end = self.closing_bracket(self.pos + 1)
        inner = self.sub_lexer(self.text[self.pos + 1 : end])
        self.pos = end + 1
        return Word(without_quotes(inner.quoted_until("").parts))

    def sub_lexer(self, text: str) -> Self:
        """A lexer of the same kind on another text."""
        return type(self)(text, self.flavour)

    def _knows(self, operator: str) -> bool:
        if operator in ("/", "//", ":"):
            return self.flavour.substrings
        return operator[0] not in "^,~@" or self.flavour.bash

    def _bad_braced(self, start: int) -> Param:
        """Skip to the closing brace; what it says is reported when it is expanded."""
        self.brace_word(quoted=True)
        if self.pos >= len(self.text):
            self.unterminated("brace", "}", start)
        self.pos += 1
        return Param("", "bad", text=self.text[start : self.pos])

    def _operand(self, name: str, op: str, index: Word | None, quoted: bool, start: int) -> Param:
        second: Word | None = None
        if op == ":":
            first = self.brace_word(quoted=True, stops="}:")
            if self.text[self.pos : self.pos + 1] == ":":
                self.pos += 1
                second = self.brace_word(quoted=True)
        elif op in ("/", "//"):
            anchored = self.flavour.bash and op == "/"
            if anchored and self.text[self.pos : self.pos + 1] in ("#", "%"):
                op += self.text[self.pos]
                self.pos += 1
            first = self.brace_word(
                quoted=False, stops="}/", may_be_empty=len(op) == 2 and op != "//"
            )
            if self.text[self.pos : self.pos + 1] == "/":
                self.pos += 1
                second = self.brace_word(quoted=False)
        else:
            first = self.brace_word(quoted=quoted and op[-1] in "-=?+")
        if self.pos >= len(self.text):
            self.unterminated("brace", "}", start)
        self.pos += 1
        return Param(name, op, first, second, index, self.text[start : self.pos])

    def brace_word(self, *, quoted: bool, stops: str = "}", may_be_empty: bool = False) -> Word:
        """Read the word of `${x-word}` up to one of `stops` (not consumed) or the end of the text.

        A slash at the start is part of the word, unless it `may_be_empty`.
        """
        parts: list[Part] = []
        begin = self.pos
        depth = 0
        while self.pos < len(self.text):
            char = self.text[self.pos]
            nested = depth and char in ":?"
            if char in stops and not nested and (char != "/" or self.pos > begin or may_be_empty):
                break
            if char == "'" and not quoted:
                parts.append(Quoted(self._single_quoted()))
            elif char == '"':
                parts.append(self._double_quoted())
            elif char == "\\":
                if quoted:
                    self._quoted_backslash(parts, '$`"\\}\n')
                else:
                    self.unquoted_special(char, parts)
            elif char in "$`":
                self._dollar(parts, quoted=quoted)
            else:
                depth += (char in "?(") - (char in ":)") if ":" in stops else 0
                parts.append(Quoted(char) if quoted else Lit(char))
                self.pos += 1
        return Word(merged(parts))

    def closing_bracket(self, pos: int) -> int:
        """Where the bracket opened before `pos` closes on its line, else the end of the text."""
        depth = 1
        while pos < len(self.text) and self.text[pos] != "\n":
            char = self.text[pos]
            depth += (char == "[") - (char == "]")
            if not depth:
                return pos
            pos += 1
        return len(self.text)


def merged(parts: list[Part]) -> tuple[Part, ...]:
    """Join neighbours of the same kind of text."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, Lit) and isinstance(last, Lit):
            out[-1] = Lit(last.text + part.text)
        elif isinstance(part, Quoted) and isinstance(last, Quoted):
            out[-1] = Quoted(last.text + part.text)
        else:
            out.append(part)
    return tuple(out)


def without_quotes(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """An associative subscript may be quoted; the quotes are not part of the key."""
    return tuple(
        Quoted(re.sub(r"""["']""", "", part.text)) if isinstance(part, Quoted) else part
        for part in parts
    )

"""Characters to tokens and words, and here-documents."""

import re
from typing import NamedTuple

from daemon.programs.shell import braces
from daemon.programs.shell.errors import Incomplete, ShellSyntaxError
from daemon.programs.shell.flavour import Flavour
from daemon.programs.shell.quoting import Quoting, merged, without_quotes
from daemon.programs.shell.syntax import (
    ArrayLiteral,
    AssignHead,
    DoubleQuoted,
    HereDoc,
    Lit,
    Param,
    Part,
    Quoted,
    Word,
)

_BLANK = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
_UNQUOTED = re.compile(r"[^ \t\n'\"\\$`|&;<>()]+")
_ASSIGN = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
_INDEXED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[")
_IO_NUMBER = re.compile(r"(\d+)(?=[<>])")
_IO_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}(?=[<>])")
_POSIX_OPERATORS = ["<<-", "<<", ">>", "<&", ">&", "<>", ">|", "&&", "||", ";;"]
_SINGLE = ["<", ">", "&", "|", ";", "(", ")", "\n"]


def _operators(*extra: str) -> re.Pattern[str]:
    every = sorted([*_POSIX_OPERATORS, *_SINGLE, *extra], key=len, reverse=True)
    return re.compile("|".join(map(re.escape, every)))


_OPERATORS = {
    "dash": _operators(),
    "ash": _operators("&>", "&>>"),
    "bash": _operators("&>", "&>>", "<<<", "|&", ";&", ";;&"),
}


class Token(NamedTuple):
    """`kind` is op, word, io or eof; `text` the source."""

    kind: str
    text: str
    word: Word | None
    pos: int


class Lexer(Quoting):
    """Words and operators, read one at a time."""

    def __init__(
        self, text: str, flavour: Flavour, *, pos: int = 0, line: int = 1, final: bool = True
    ) -> None:
        super().__init__(text, flavour, pos=pos, line=line, final=final)
        self.extglob = False
        self._in_array = False
        self._operators = _OPERATORS[flavour.name]
        self._heredocs: list[HereDoc] = []

    # ---- tokens -----------------------------------------------------------------------------------

    def next_token(self) -> Token:
        """Read one token; a newline token also reads the here-documents that are due."""
        blank = _BLANK.match(self.text, self.pos)
        self.pos = start = blank.end() if blank else self.pos
        if start >= len(self.text):
            return self._end(start)
        if number := _IO_NUMBER.match(self.text, start):
            self.pos = number.end()
            return Token("io", number.group(1), None, start)
        if self.flavour.bash and (name := _IO_NAME.match(self.text, start)):
            self.pos = name.end()
            return Token("io", name.group(1), None, start)
        if self.flavour.process_substitution and self.text[start : start + 2] in ("<(", ">("):
            return Token("word", "", self.word(), start)
        operator = self._operators.match(self.text, start)
        if operator is None:
            word = self.word()
            return Token("word", self.text[start : self.pos], word, start)
        self.pos = operator.end()
        if operator.group() == "\n" and self._heredocs:
            self._read_heredocs()
        return Token("op", operator.group(), None, start)

    def _end(self, start: int) -> Token:
        if self._heredocs:
            self._read_heredocs()
        return Token("eof", "", None, start)

    # ---- words ------------------------------------------------------------------------------------

    def word(self, *, regex: bool = False) -> Word:
        """Read an unquoted word; `regex` keeps `(`, `)` and `|` as text, for `=~`."""
        parts: list[Part] = []
        self._assignment_head(parts)
        depth = 0
        while self.pos < len(self.text):
            char = self.text[self.pos]
            run = _UNQUOTED.match(self.text, self.pos)
            if run:
                parts.append(Lit(run.group()))
                self.pos = run.end()
            elif char in "'\"\\$`":
                self.unquoted_special(char, parts)
            elif char == "(" and (regex or depth or self._starts_extglob(parts)):
                depth += 1
                self._take(parts)
            elif char == ")" and depth:
                depth -= 1
                self._take(parts)
            elif char != "\n" and (depth or (regex and char == "|")):
                self._take(parts)
            elif char in "<>" and self._starts_process_sub():
                parts.append(self.process_sub())
            else:
                break
        return Word(merged(parts))

    def _take(self, parts: list[Part]) -> None:
        parts.append(Lit(self.text[self.pos]))
        self.pos += 1

    def _starts_extglob(self, parts: list[Part]) -> bool:
        last = parts[-1] if parts else None
        return self.extglob and isinstance(last, Lit) and last.text[-1] in "?*+@!"

    def _starts_process_sub(self) -> bool:
        return self.flavour.process_substitution and self.text[self.pos + 1 : self.pos + 2] == "("

    def _assignment_head(self, parts: list[Part]) -> None:
        head = _ASSIGN.match(self.text, self.pos)
        if head and (self.flavour.bash or not head.group(2)):
            self.pos = head.end()
            parts.append(AssignHead(head.group(1), None, bool(head.group(2)), head.group()))
        elif self.flavour.bash and (head := _INDEXED.match(self.text, self.pos)):
            self._indexed_head(head.group(1), head.end(), parts)
        elif self._in_array and self.text[self.pos] == "[":
            self._indexed_head("", self.pos + 1, parts)
        if parts and self.flavour.bash and self.text[self.pos : self.pos + 1] == "(":
            parts.append(self._array_literal())

    def _indexed_head(self, name: str, start: int, parts: list[Part]) -> None:
        end = self.closing_bracket(start)
        rest = re.compile(r"\](\+?)=").match(self.text, end)
        if rest is None:
            return
        saved, self.pos = self.pos, start
        index = Word(without_quotes(self.quoted_until("]").parts))
        self.pos = rest.end()
        parts.append(AssignHead(name, index, bool(rest.group(1)), self.text[saved : rest.end()]))

    def _array_literal(self) -> ArrayLiteral:
        start = self.pos
        self.pos += 1
        items: list[Word] = []
        while True:
            self._in_array = True
            token = self.next_token()
            self._in_array = False
            if token.word is not None:
                items.extend(braces.expand(token.word) if "{" in token.text else [token.word])
            elif token.text == ")":
                return ArrayLiteral(tuple(items))
            elif token.kind == "io":
                items.append(Word((Lit(token.text),)))
            elif token.kind == "eof":
                self.unterminated("unterminated", ")", start)
            elif token.text != "\n":
                raise ShellSyntaxError(
                    "token", token.text, line=self.line_at(start), near=self.source_line(token.pos)
                )

    # ---- here-documents ---------------------------------------------------------------------------

    def heredoc(self, delimiter: Word, source: str, *, strip_tabs: bool) -> HereDoc:
        """Announce a here-document; its body is read at the next newline."""
        quoted = any(char in source for char in "'\"\\")
        text = "".join(_texts(delimiter.parts))
        document = HereDoc(text, quoted, strip_tabs, self.line_at(self.pos))
        self._heredocs.append(document)
        return document

    def _read_heredocs(self) -> None:
        due, self._heredocs = self._heredocs, []
        for document in due:
            text = self._heredoc_text(document)
            if document.quoted:
                document.body = Word((Quoted(text),))
            else:
                inner = self.sub_lexer(text)
                document.body = inner.quoted_until("", escapes="$`\\\n")

    def _heredoc_text(self, document: HereDoc) -> str:
        lines: list[str] = []
        while self.pos < len(self.text):
            end = self.text.find("\n", self.pos)
            end = len(self.text) if end < 0 else end + 1
            line = self.text[self.pos : end]
            self.pos = end
            if document.strip_tabs:
                line = line.lstrip("\t")
            if line.rstrip("\n") == document.delimiter:
                return "".join(lines)
            lines.append(line)
        if not self.final:
            raise Incomplete(document.delimiter)
        return "".join(lines)


def _texts(parts: tuple[Part, ...]) -> list[str]:
    """The text of a here-document's delimiter, in which nothing is expanded."""
    texts: list[str] = []
    for part in parts:
        if isinstance(part, Lit | Quoted | AssignHead):
            texts.append(part.text)
        elif isinstance(part, DoubleQuoted):
            texts.extend(_texts(part.parts))
        elif isinstance(part, Param):
            texts.append(part.text or "$" + part.name)
    return texts

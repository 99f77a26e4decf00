"""A lexer with one token of look-ahead, and the complaints about tokens."""

from typing import NoReturn

from daemon.programs.shell.errors import Incomplete, ShellSyntaxError
from daemon.programs.shell.flavour import Flavour
from daemon.programs.shell.lexer import Lexer, Token

REDIRECTS = frozenset(["<", ">", ">>", "<&", ">&", "<>", ">|", "<<", "<<-", "<<<", "&>", "&>>"])
CLOSERS = frozenset(["then", "else", "elif", "fi", "do", "done", "esac", "}"])


class TokenStream(Lexer):
    """What the grammar asks about the next token."""

    def __init__(
        self, text: str, flavour: Flavour, *, pos: int = 0, line: int = 1, final: bool = True
    ) -> None:
        super().__init__(text, flavour, pos=pos, line=line, final=final)
        self._ahead: Token | None = None

    def peek(self) -> Token:
        """The next token, left in place."""
        if self._ahead is None:
            self._ahead = self.next_token()
        return self._ahead

    def take(self) -> Token:
        """The next token, consumed."""
        token = self.peek()
        self._ahead = None
        return token

    def at_operator(self, *operators: str) -> bool:
        """Whether the next token is one of these operators."""
        token = self.peek()
        return token.kind == "op" and token.text in operators

    def reserved(self) -> str:
        """The next token if it could be a reserved word, else the empty string."""
        word = self.peek().word
        return (word.literal or "") if word is not None else ""

    def skip_newlines(self) -> None:
        """Consume newlines."""
        while self.at_operator("\n"):
            self.take()

    def is_reserved(self, literal: str) -> bool:
        """Whether a word ends a list; a grammar adds what begins a compound command."""
        return literal in CLOSERS

    def unexpected(self, token: Token, expecting: str = "") -> NoReturn:
        """Complain about `token`, or ask for more text if it is the end."""
        if token.kind == "eof":
            if not self.final:
                raise Incomplete("" if expecting == "word" else expecting)
            kind = "eof"
        elif token.kind == "op":
            kind = "redirection" if token.text in REDIRECTS else "token"
        else:
            literal = token.word.literal if token.word else None
            reserved = literal is not None and self.is_reserved(literal)
            kind = "token" if reserved else "word"
        raise ShellSyntaxError(
            kind,
            token.text,
            expecting=expecting,
            line=self.line_at(token.pos),
            near=self.source_line(token.pos),
        )

    def word_expected(self, token: Token, expecting: str = "word") -> NoReturn:
        """Complain that a word is missing; to bash, the end of the text is a newline first."""
        if token.kind == "eof" and self.final and self.flavour.bash:
            near = self.source_line(token.pos)
            raise ShellSyntaxError("token", "\n", line=self.line_at(token.pos), near=near)
        self.unexpected(token, expecting if token.kind == "eof" else "")

    def expect(self, word: str) -> Token:
        """Consume the reserved word `word`."""
        if self.reserved() != word:
            self.unexpected(self.peek(), word)
        return self.take()

    def expect_operator(self, operator: str) -> Token:
        """Consume the operator `operator`."""
        if not self.at_operator(operator):
            self.unexpected(self.peek(), operator)
        return self.take()

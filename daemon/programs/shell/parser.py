"""Tokens to commands: the grammar of the shells, one complete line at a time."""

import re
from collections.abc import Callable, Mapping

from daemon.programs.shell import braces
from daemon.programs.shell.conditional_parser import parse_conditional
from daemon.programs.shell.errors import Incomplete, ShellSyntaxError
from daemon.programs.shell.flavour import Flavour
from daemon.programs.shell.lexer import Token
from daemon.programs.shell.syntax import (
    AndOr,
    ArithCommand,
    ArithFor,
    ArrayLiteral,
    Background,
    Case,
    CaseArm,
    Command,
    For,
    Function,
    Group,
    HereDoc,
    If,
    List,
    Lit,
    Part,
    Pipeline,
    Quoted,
    Redirect,
    Redirected,
    Simple,
    Subshell,
    While,
    Word,
)
from daemon.programs.shell.token_stream import CLOSERS, REDIRECTS, TokenStream

_CASE_ENDS = frozenset([";;", ";&", ";;&"])
DECLARATIONS = frozenset(["export", "readonly", "local", "declare", "typeset", "alias"])
"""Commands whose arguments may be assignments."""
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Parser(TokenStream):
    """Recursive descent.

    `aliases` are spliced into the text where a command's first word names one.
    """

    def __init__(
        self,
        text: str,
        flavour: Flavour,
        *,
        pos: int = 0,
        line: int = 1,
        final: bool = True,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text, flavour, pos=pos, line=line, final=final)
        self.aliases = {} if aliases is None else aliases
        self._alias_ends: dict[str, int] = {}
        self._alias_next = 0
        self._compound: dict[str, Callable[[Token], Command]] = {
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "for": self._for,
            "case": self._case,
            "{": self._group,
            "!": self._stray_bang,
        }
        if flavour.function_keyword:
            self._compound["function"] = self._function_keyword
        if flavour.double_bracket:
            self._compound["[["] = lambda token: parse_conditional(self, token)
        if flavour.bash:
            self._compound["select"] = self._for

    # ---- entry points -----------------------------------------------------------------------------

    def parse_line(self) -> List | None:
        """The commands up to the next newline (an empty List for a blank line); None at the end of the text."""
        self._ahead = None
        token = self.peek()
        if token.kind == "eof":
            return None
        if token.text == "\n":
            self.take()
            return List(())
        commands = self._list_items(stop_at_newline=True)
        token = self.take()
        if token.kind != "eof" and token.text != "\n":
            self.unexpected(token)
        if token.kind == "eof" and not self.final:
            raise Incomplete("\n")
        return List(commands)

    def nested_list(self, closer: str) -> List:
        saved, self._ahead = self._ahead, None
        body = self._compound_list(allow_empty=True)
        token = self.take()
        if token.kind == "eof":
            self.unterminated("substitution", closer, token.pos)
        if token.text != closer or token.kind != "op":
            self.unexpected(token, closer)
        self._ahead = saved
        return body

    def parse_separately(self, text: str, line: int) -> List:
        inner = Parser(text, self.flavour, line=line, aliases=self.aliases)
        commands: list[Command] = []
        while (parsed := inner.parse_line()) is not None:
            commands.extend(parsed.commands)
        return List(tuple(commands))

    def regex_word(self) -> Word:
        """The operand of `=~`, in which parentheses and bars are text."""
        token = self.peek()
        self.pos, self._ahead = token.pos, None
        word = self.word(regex=True)
        if not word.parts:
            self.unexpected(self.peek())
        return word

    # ---- lists ------------------------------------------------------------------------------------

    def _list_items(self, *, stop_at_newline: bool) -> tuple[Command, ...]:
        commands: list[Command] = []
        while True:
            start = self.peek().pos
            command = self._and_or()
            if self.at_operator("&"):
                command = Background(command, self.text[start : self.peek().pos].strip())
            commands.append(command)
            if not self.at_operator(";", "&", "\n"):
                break
            if stop_at_newline and self.at_operator("\n"):
                break
            self.take()
            if stop_at_newline:
                if self.at_operator("\n") or self.peek().kind == "eof":
                    break
            else:
                self.skip_newlines()
                if self._at_list_end():
                    break
        return tuple(commands)

    def _at_list_end(self) -> bool:
        token = self.peek()
        if token.kind == "op":
            return token.text == ")" or token.text in _CASE_ENDS
        return token.kind == "eof" or self.reserved() in CLOSERS

    def _compound_list(self, *, allow_empty: bool = False) -> List:
        self.skip_newlines()
        if allow_empty and self._at_list_end():
            return List(())
        return List(self._list_items(stop_at_newline=False))

    def _and_or(self) -> Command:
        first = self._pipeline()
        rest: list[tuple[str, Command]] = []
        while self.at_operator("&&", "||"):
            operator = self.take().text
            self.skip_newlines()
            rest.append((operator, self._pipeline()))
        return AndOr(first, tuple(rest)) if rest else first

    def _pipeline(self) -> Command:
        timed = self._timed()
        negated = False
        while self.reserved() == "!" and (self.flavour.bash or not negated):
            self.take()
            negated = not negated
            timed = timed or self._timed()
        if (timed or (negated and self.flavour.bash)) and (
            self._at_list_end() or self.at_operator(";", "&", "\n")
        ):
            return Pipeline((List(()),), negated, timed)
        commands = [self._command()]
        while self.at_operator("|", "|&"):
            if self.take().text == "|&":
                both = Redirect(">&", 2, Word((Lit("1"),)))
                commands[-1] = _with_redirects(commands[-1], (both,))
            self.skip_newlines()
            commands.append(self._command())
        if len(commands) == 1 and not negated and not timed:
            return commands[0]
        return Pipeline(tuple(commands), negated, timed)

    def _timed(self) -> str:
        if not self.flavour.bash or self.reserved() != "time":
            return ""
        self.take()
        if self.reserved() == "-p":
            self.take()
            return "posix"
        return "bash"

    # ---- commands ---------------------------------------------------------------------------------

    def _command(self) -> Command:
        self._alias_next = self._expand_alias()
        token = self.peek()
        if token.kind == "op" and token.text == "(":
            return self._redirected(self._parenthesis(token))
        if token.word is not None:
            literal = token.word.literal or ""
            if literal in self._compound:
                return self._redirected(self._compound[literal](self.take()))
            if literal in CLOSERS or literal == "in" or (literal == "]]" and self.flavour.bash):
                self.unexpected(token)
        elif token.kind == "eof" or (token.kind == "op" and token.text not in REDIRECTS):
            self.unexpected(token)
        return self._simple()

    def is_reserved(self, literal: str) -> bool:
        return literal in CLOSERS or literal in self._compound

    def _stray_bang(self, token: Token) -> Command:
        self.unexpected(token)

    def _expand_alias(self) -> int:
        """Replace the next token by its alias; where it ends if the word after it is to be looked at too, else 0."""
        reach = 0
        while self.aliases:
            token = self.peek()
            name = token.word.literal if token.word else None
            if name is None or name not in self.aliases:
                break
            if self.pos <= self._alias_ends.get(name, -1):
                break
            value = self.aliases[name]
            grown = len(value) - (self.pos - token.pos)
            self.text = self.text[: token.pos] + value + self.text[self.pos :]
            self._alias_ends = {k: v + grown for k, v in self._alias_ends.items()}
            self._alias_ends[name] = token.pos + len(value)
            self.pos = token.pos
            self._ahead = None
            reach = token.pos + len(value) if value[-1:] in (" ", "\t") else reach and reach + grown
        return reach

    def _simple(self) -> Command:
        assigns: list[Word] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        line = self.line_at(self.peek().pos)
        start = self.peek().pos
        while True:
            token = self.peek()
            if token.kind == "io" or (token.kind == "op" and token.text in REDIRECTS):
                redirects.append(self._redirect())
            elif token.word is None:
                if not self._ash_logic(words):
                    break
            elif token.word.head is not None and not words:
                assigns.append(self.take().word or Word(()))
            else:
                words.extend(self._argument(self.take(), words))
                if self._alias_next and self.peek().pos >= self._alias_next:
                    self._alias_next = self._expand_alias()
            if len(words) == 1 and not assigns and not redirects and self.at_operator("("):
                return self._function(start, words[0], token)
        if not (assigns or words or redirects):
            self.unexpected(self.peek())
        return Simple(tuple(assigns), tuple(words), tuple(redirects), line)

    def _ash_logic(self, words: list[Word]) -> bool:
        """In ash `&&` and `||` inside `[[ ]]` are arguments, for `[[` is a command."""
        inside = words and words[0].literal == "[[" and words[-1].literal != "]]"
        if self.flavour.name != "ash" or not inside or not self.at_operator("&&", "||"):
            return False
        words.append(Word((Quoted("-a" if self.take().text == "&&" else "-o"),)))
        return True

    def _argument(self, token: Token, words: list[Word] | None = None) -> list[Word]:
        word = token.word or Word(())
        if (
            "(" in token.text
            and _has_array(word)
            and not (words and words[0].literal in DECLARATIONS)
        ):
            self.unexpected(Token("op", "(", None, token.pos))
        if self.flavour.bash and "{" in token.text and word.head is None:
            return braces.expand(word)
        return [word]

    # ---- redirections -----------------------------------------------------------------------------

    def _redirect(self) -> Redirect:
        fd: int | str | None = None
        token = self.take()
        if token.kind == "io":
            fd = int(token.text) if token.text.isdigit() else token.text
            token = self.take()
        target = self.peek()
        if target.word is None:
            self.word_expected(target, "")
        if token.text in ("<<", "<<-"):
            document = self._announce(token, target, target.word)
            self.take()
            return Redirect("<<", fd, document)
        self.take()
        return Redirect(token.text, fd, target.word)

    def _announce(self, token: Token, target: Token, delimiter: Word) -> HereDoc:
        return self.heredoc(delimiter, target.text, strip_tabs=token.text == "<<-")

    def _redirected(self, command: Command) -> Command:
        redirects: list[Redirect] = []
        while self.peek().kind == "io" or self.at_operator(*REDIRECTS):
            redirects.append(self._redirect())
        return Redirected(command, tuple(redirects)) if redirects else command

    # ---- compound commands ------------------------------------------------------------------------

    def _parenthesis(self, token: Token) -> Command:
        if self.flavour.bash and self.text.startswith("((", token.pos):
            self.pos, self._ahead = token.pos + 2, None
            expression = self.arithmetic("))")
            if expression is not None:
                self.pos += 2
                return ArithCommand(expression, self.line_at(token.pos))
            self.pos = token.pos
        self.take()
        body = self._compound_list()
        self.expect_operator(")")
        return Subshell(body)

    def _group(self, token: Token) -> Command:
        body = self._compound_list()
        self.expect("}")
        return Group(body)

    def _if(self, token: Token) -> Command:
        branches: list[tuple[List, List]] = []
        otherwise: List | None = None
        while True:
            condition = self._compound_list()
            self.expect("then")
            branches.append((condition, self._compound_list()))
            if self.reserved() != "elif":
                break
            self.take()
        if self.reserved() == "else":
            self.take()
            otherwise = self._compound_list()
        self.expect("fi")
        return If(tuple(branches), otherwise)

    def _while(self, token: Token) -> Command:
        condition = self._compound_list()
        return While(condition, self._do_group(), token.text == "until")

    def _do_group(self) -> List:
        self.expect("do")
        body = self._compound_list()
        self.expect("done")
        return body

    def _for(self, token: Token) -> Command:
        if self.flavour.bash and token.text == "for" and self.at_operator("("):
            return self._arithmetic_for()
        name = self.take()
        if name.kind == "eof" and not self.final:
            raise Incomplete("")
        valid = bool(name.word and name.word.literal and _FUNCTION_NAME.match(name.word.literal))
        if not valid and not (self.flavour.bash and name.word):
            if self.flavour.bash:
                self.unexpected(name)
            raise ShellSyntaxError("for variable", name.text, line=self.line_at(name.pos))
        words = self._for_words()
        if self.flavour.bash and self.reserved() == "{":
            self.take()
            body = self._compound_list()
            self.expect("}")
        else:
            body = self._do_group()
        return For(name.text, words, body, token.text == "select", self.line_at(token.pos))

    def _for_words(self) -> tuple[Word, ...] | None:
        if self.at_operator(";"):
            self.take()
            self.skip_newlines()
            return None
        self.skip_newlines()
        if self.reserved() != "in":
            return None
        self.take()
        words: list[Word] = []
        while self.peek().word is not None:
            words.extend(self._argument(self.take()))
        if not self.at_operator(";", "\n"):
            self.unexpected(self.peek())
        self.take()
        self.skip_newlines()
        return tuple(words)

    def _arithmetic_for(self) -> Command:
        opening = self.take()
        self.pos = opening.pos + 2
        header = self.arithmetic("))")
        if header is None:
            self.unexpected(opening)
        self.pos += 2
        clauses = _split_semicolons(header)
        if len(clauses) != 3:
            self.unexpected(opening)
        if self.at_operator(";"):
            self.take()
        self.skip_newlines()
        if self.reserved() == "{":
            self.take()
            body = self._compound_list()
            self.expect("}")
        else:
            body = self._do_group()
        return ArithFor(clauses[0], clauses[1], clauses[2], body, self.line_at(opening.pos))

    def _case(self, token: Token) -> Command:
        subject = self.take()
        if subject.word is None:
            self.word_expected(subject)
        self.skip_newlines()
        self.expect("in")
        self.skip_newlines()
        arms: list[CaseArm] = []
        while self.reserved() != "esac":
            arms.append(self._case_arm())
        self.take()
        return Case(subject.word, tuple(arms))

    def _case_arm(self) -> CaseArm:
        if self.at_operator("("):
            self.take()
        patterns: list[Word] = []
        while True:
            token = self.take()
            if token.word is None:
                self.unexpected(token, ")" if token.kind == "eof" else "")
            patterns.append(token.word)
            if not self.at_operator("|"):
                break
            self.take()
        self.expect_operator(")")
        body = self._compound_list(allow_empty=True)
        end = ";;"
        if self.at_operator(*_CASE_ENDS):
            end = self.take().text
            self.skip_newlines()
        elif self.reserved() != "esac":
            self.unexpected(self.peek(), ";;" if self.peek().kind == "eof" else "")
        return CaseArm(tuple(patterns), body, end)

    # ---- functions --------------------------------------------------------------------------------

    def _function(self, start: int, name: Word, token: Token) -> Command:
        self.take()
        if not self.at_operator(")"):
            self.unexpected(self.peek() if self.flavour.bash else token, ")")
        self.take()
        literal = name.literal or ""
        if not literal or (not self.flavour.bash and not _FUNCTION_NAME.match(literal)):
            raise ShellSyntaxError("function name", token.text, line=self.line_at(token.pos))
        return self._function_body(literal, start)

    def _function_keyword(self, token: Token) -> Command:
        name = self.take()
        if name.word is None or name.word.literal is None:
            self.unexpected(name)
        if self.at_operator("("):
            self.take()
            self.expect_operator(")")
        if self.reserved() not in self._compound and not self.at_operator("(", "\n"):
            self.unexpected(self.peek())
        return self._function_body(name.word.literal, token.pos)

    def _function_body(self, name: str, start: int) -> Command:
        self.skip_newlines()
        if (
            self.flavour.bash
            and self.reserved() not in self._compound
            and not self.at_operator("(")
        ):
            self.unexpected(self.peek())
        body = self._command()
        return Function(name, body, self.text[start : self.peek().pos].rstrip())


def _has_array(word: Word) -> bool:
    return any(isinstance(part, ArrayLiteral) for part in word.parts)


def _with_redirects(command: Command, redirects: tuple[Redirect, ...]) -> Command:
    if isinstance(command, Simple):
        return Simple(command.assigns, command.words, command.redirects + redirects, command.line)
    return Redirected(command, redirects)


def _split_semicolons(word: Word) -> list[Word]:
    """The clauses of `for ((a; b; c))`."""
    clauses: list[list[Part]] = [[]]
    for part in word.parts:
        if not isinstance(part, Quoted):
            clauses[-1].append(part)
            continue
        first, *more = part.text.split(";")
        clauses[-1].append(Quoted(first))
        clauses.extend([Quoted(text)] for text in more)
    return [Word(tuple(clause)) for clause in clauses]

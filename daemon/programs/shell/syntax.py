"""The syntax tree of a shell script: immutable, so that parsed scripts can be shared."""

from dataclasses import dataclass, field

# ---- words ----------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class Lit:
    """Unquoted text: subject to globbing, and to splitting inside `${x-...}`."""

    text: str


@dataclass(slots=True, frozen=True)
class Quoted:
    """Text that means itself."""

    text: str


@dataclass(slots=True, frozen=True)
class DoubleQuoted:
    parts: "tuple[Part, ...]"


@dataclass(slots=True, frozen=True)
class Param:
    """`$name` or `${...}`; `op` is "" for the plain value, "bad" for what no flavour can expand."""

    name: str
    op: str = ""
    word: "Word | None" = None
    word2: "Word | None" = None
    index: "Word | None" = None
    text: str = ""


@dataclass(slots=True, frozen=True)
class CommandSub:
    body: "List"


@dataclass(slots=True, frozen=True)
class ArithSub:
    expression: "Word"


@dataclass(slots=True, frozen=True)
class ProcessSub:
    direction: str
    body: "List"


@dataclass(slots=True, frozen=True)
class AssignHead:
    """`name=`, `name+=` or `name[index]=` at the start of a word; `text` is how it was written."""

    name: str
    index: "Word | None"
    append: bool
    text: str


@dataclass(slots=True, frozen=True)
class ArrayLiteral:
    """`(a b [k]=v)` behind an AssignHead."""

    items: "tuple[Word, ...]"


Part = (
    Lit
    | Quoted
    | DoubleQuoted
    | Param
    | CommandSub
    | ArithSub
    | ProcessSub
    | AssignHead
    | ArrayLiteral
)


@dataclass(slots=True, frozen=True)
class Word:
    """`plain` is the word's value when nothing in it needs expanding; `literal` its text when nothing is quoted either."""

    parts: tuple[Part, ...]
    plain: str | None = field(init=False)
    literal: str | None = field(init=False)
    value: "Word" = field(init=False)
    """What is assigned, if this word is an assignment."""

    def __post_init__(self) -> None:
        assigns = bool(self.parts) and isinstance(self.parts[0], AssignHead)
        object.__setattr__(self, "value", Word(self.parts[1:]) if assigns else self)
        object.__setattr__(self, "plain", _plain(self.parts))
        only = self.parts[0] if len(self.parts) == 1 else None
        object.__setattr__(self, "literal", only.text if isinstance(only, Lit) else None)

    @property
    def head(self) -> AssignHead | None:
        """What makes this word an assignment, where assignments are recognized."""
        first = self.parts[0] if self.parts else None
        return first if isinstance(first, AssignHead) else None


def _plain(parts: tuple[Part, ...]) -> str | None:
    texts: list[str] = []
    unquoted = ""
    for part in parts:
        if isinstance(part, DoubleQuoted):
            if not all(isinstance(inner, Quoted) for inner in part.parts):
                return None
            texts.extend(inner.text for inner in part.parts if isinstance(inner, Quoted))
        elif isinstance(part, Lit | Quoted) or (isinstance(part, AssignHead) and not part.index):
            texts.append(part.text)
            unquoted += "" if isinstance(part, Quoted) else part.text
        else:
            return None
    return None if _needs_expanding(unquoted) else "".join(texts)


def _needs_expanding(unquoted: str) -> bool:
    """Whether a pattern or a tilde may be in this; `[` alone is the name of a command."""
    if "*" in unquoted or "?" in unquoted or ("[" in unquoted and "]" in unquoted):
        return unquoted != "[[" and unquoted != "]]"
    if "~" in unquoted and (unquoted[0] == "~" or ":~" in unquoted or "=~" in unquoted):
        return True
    return "(" in unquoted


# ---- commands -------------------------------------------------------------------------------------


@dataclass(slots=True)
class HereDoc:
    """The one mutable node: its body is read at the next newline, after the redirection was built."""

    delimiter: str
    quoted: bool
    strip_tabs: bool
    line: int
    body: Word = field(default_factory=lambda: Word(()))


@dataclass(slots=True, frozen=True)
class Redirect:
    """`fd` None means the operator's default, a str is the variable of `{name}>`."""

    op: str
    fd: int | str | None
    target: Word | HereDoc


@dataclass(slots=True, frozen=True)
class Simple:
    assigns: tuple[Word, ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]
    line: int


@dataclass(slots=True, frozen=True)
class Pipeline:
    commands: "tuple[Command, ...]"
    negated: bool
    timed: str = ""


@dataclass(slots=True, frozen=True)
class AndOr:
    """`first` then, for each (operator, command) of `rest`, the command if the status so far allows."""

    first: "Command"
    rest: "tuple[tuple[str, Command], ...]"


@dataclass(slots=True, frozen=True)
class Background:
    command: "Command"
    text: str


@dataclass(slots=True, frozen=True)
class List:
    commands: "tuple[Command, ...]"


@dataclass(slots=True, frozen=True)
class Subshell:
    body: List


@dataclass(slots=True, frozen=True)
class Group:
    body: List


@dataclass(slots=True, frozen=True)
class If:
    branches: tuple[tuple[List, List], ...]
    otherwise: List | None


@dataclass(slots=True, frozen=True)
class While:
    condition: List
    body: List
    until: bool


@dataclass(slots=True, frozen=True)
class For:
    """`words` None means `"$@"`; `select` asks instead of counting through."""

    name: str
    words: tuple[Word, ...] | None
    body: List
    select: bool
    line: int


@dataclass(slots=True, frozen=True)
class ArithFor:
    first: Word
    test: Word
    step: Word
    body: List
    line: int


@dataclass(slots=True, frozen=True)
class CaseArm:
    patterns: tuple[Word, ...]
    body: List
    end: str


@dataclass(slots=True, frozen=True)
class Case:
    word: Word
    arms: tuple[CaseArm, ...]


@dataclass(slots=True, frozen=True)
class Function:
    name: str
    body: "Command"
    text: str


@dataclass(slots=True, frozen=True)
class ArithCommand:
    expression: Word
    line: int


@dataclass(slots=True, frozen=True)
class CondUnary:
    op: str
    operand: Word


@dataclass(slots=True, frozen=True)
class CondBinary:
    op: str
    left: Word
    right: Word


@dataclass(slots=True, frozen=True)
class CondNot:
    operand: "CondExpr"


@dataclass(slots=True, frozen=True)
class CondLogic:
    op: str
    left: "CondExpr"
    right: "CondExpr"


CondExpr = CondUnary | CondBinary | CondNot | CondLogic


@dataclass(slots=True, frozen=True)
class Conditional:
    """`[[ ... ]]`."""

    expression: CondExpr
    line: int


@dataclass(slots=True, frozen=True)
class Redirected:
    """A compound command with redirections."""

    command: "Command"
    redirects: tuple[Redirect, ...]


Command = (
    Simple
    | Pipeline
    | AndOr
    | Background
    | List
    | Subshell
    | Group
    | If
    | While
    | For
    | ArithFor
    | Case
    | Function
    | ArithCommand
    | Conditional
    | Redirected
)

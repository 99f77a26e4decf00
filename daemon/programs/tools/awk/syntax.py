"""What awk's parser makes: expressions and statements as small nodes."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Node:
    """An expression or statement: its kind, an optional name or literal, and its parts in order.

    Parts may be None where the language allows to leave something out.
    """

    kind: str
    value: str = ""
    parts: list["Node | None"] = field(default_factory=list)
    line: int = 0


@dataclass(slots=True)
class Function:
    """A user's function; `arrays` says which parameters are used as arrays."""

    name: str
    params: list[str]
    body: Node
    arrays: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Rule:
    """pattern { action }; no action prints, a second pattern makes a range."""

    first: Node | None
    second: Node | None
    body: Node | None


@dataclass(slots=True)
class Program:
    """All of a program's parts, in order."""

    begin: list[Node] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    end: list[Node] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)

"""What can go wrong while a script is read or its words are expanded."""


class Incomplete(Exception):
    """The text ends inside a construct; nothing can complete it before `closer` has been seen."""

    def __init__(self, closer: str) -> None:
        super().__init__(closer)
        self.closer = closer


class ShellSyntaxError(Exception):
    """`found` is the token as the source has it; `kind` names what it is, or the rule that was broken."""

    def __init__(
        self, kind: str, found: str = "", *, expecting: str = "", line: int = 1, near: str = ""
    ) -> None:
        super().__init__(kind, found, expecting, line)
        self.kind = kind
        self.found = found
        self.expecting = expecting
        self.line = line
        self.near = near

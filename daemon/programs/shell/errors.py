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


class ShellError(Exception):
    """A row of the messages table with its arguments; what it ends depends on where it happens.

    `status` overrides the flavour's usual one, `bare` leaves the builtin's name out of the message, `usage` the whole
    place, `mild` keeps the shell alive even where a special builtin failed.
    """

    def __init__(
        self,
        kind: str,
        *arguments: str,
        status: int = 0,
        bare: bool = False,
        mild: bool = False,
        usage: bool = False,
    ) -> None:
        super().__init__(kind, *arguments)
        self.kind = kind
        self.arguments = arguments
        self.status = status
        self.bare = bare
        self.mild = mild
        self.usage = usage


class ExpansionError(ShellError):
    """A word that cannot be expanded: ends a shell that is not interactive, in bash mostly the line alone."""

    ends_bash = False
    """Whether bash, too, goes on with no other line."""
    place = ""
    """Where it happened, once the function that it happened in has been left."""


class FatalExpansionError(ExpansionError):
    """`${x?}`, what `set -u` forbids, a wrong subscript or transformation."""

    ends_bash = True

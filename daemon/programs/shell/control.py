"""How commands leave their place other than by ending: exit, return, break, continue, ^C."""


class ShellExit(Exception):
    """`exit`, `set -e`, or a fatal error: ends this shell or subshell, after its EXIT trap."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class FunctionReturn(Exception):
    """`return`: ends the function or the sourced file."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class LoopExit(Exception):
    """`break` or `continue` of the `levels`th loop around."""

    def __init__(self, levels: int, *, again: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.status = 0
        self.again = again


class Interrupted(Exception):
    """^C at an interactive shell: back to the prompt."""

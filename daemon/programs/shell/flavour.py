"""What distinguishes ash, dash and bash: features and the words of their messages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flavour:
    """One shell's dialect; `bash` switches on everything that only bash has."""

    name: str
    bash: bool = False
    substrings: bool = False
    """`${x:1:2}` and `${x/a/b}`."""
    dollar_quotes: bool = False
    """`$'...'`."""
    double_bracket: bool = False
    """`[[` is syntax; in ash it is a builtin."""
    function_keyword: bool = False
    both_redirect: bool = False
    """`&>file`."""
    process_substitution: bool = False
    calls_max: int | None = None
    """How deep functions may call each other before the shell says so; without it the stack fills up."""


ASH = Flavour(
    "ash",
    substrings=True,
    dollar_quotes=True,
    function_keyword=True,
    both_redirect=True,
    process_substitution=True,
)
DASH = Flavour("dash", calls_max=1000)
BASH = Flavour(
    "bash",
    bash=True,
    substrings=True,
    dollar_quotes=True,
    double_bracket=True,
    function_keyword=True,
    both_redirect=True,
    process_substitution=True,
)

"""The words of each flavour: one row per complaint, for ash, dash and bash."""

from typing import TYPE_CHECKING

from daemon.programs.shell.builtin_messages import BUILTIN_MESSAGES
from daemon.programs.shell.errors import ShellError, ShellSyntaxError

if TYPE_CHECKING:
    from daemon.programs.shell.flavour import Flavour

_ARITHMETIC = "arithmetic syntax error"


def _arithmetic(dash: str, bash: str, ash: str = _ARITHMETIC) -> tuple[str, str, str]:
    return (
        ash,
        f'arithmetic expression: {dash}: "{{0}}"',
        f'{{0}}: {bash} (error token is "{{1}}")',
    )


def _same(text: str) -> tuple[str, str, str]:
    return (text, text, text)


_BAD_SUBSTITUTION = (
    "syntax error: bad substitution",
    "Bad substitution",
    "{0}: bad substitution",
)

MESSAGES: dict[str, tuple[str, str, str]] = {
    "readonly": ("{0}: is read only", "{0}: is read only", "{0}: readonly variable"),
    "unset readonly": (
        "{0}: is read only",
        "{0}: is read only",
        "{0}: cannot unset: readonly variable",
    ),
    "unbound": ("{0}: parameter not set", "{0}: parameter not set", "{0}: unbound variable"),
    "bad substitution": _BAD_SUBSTITUTION,
    "transformation": _BAD_SUBSTITUTION,
    "parameter": _same("{0}: {1}"),
    "parameter null": (
        "{0}: parameter not set or null",
        "{0}: parameter not set or null",
        "{0}: parameter null or not set",
    ),
    "parameter unset": _same("{0}: parameter not set"),
    "bad assignment": (
        "{0}: bad variable name",
        "{0}: bad variable name",
        "${0}: cannot assign in this way",
    ),
    "substring": _same("{0}: substring expression < 0"),
    "subscript": _same("{0}: bad array subscript"),
    "invalid name": _same("{0}: invalid variable name"),
    "invalid indirect": _same("{0}: invalid indirect expansion"),
    "no match": _same("no match: {0}"),
    "illegal number": _same("Illegal number: {0}"),
    "arithmetic primary": _arithmetic("expecting primary", "syntax error: operand expected"),
    "arithmetic operand": _arithmetic("expecting primary", "syntax error: operand expected"),
    "arithmetic trailing": _arithmetic("expecting EOF", "syntax error in expression"),
    "arithmetic assignment": _arithmetic("expecting EOF", "attempted assignment to non-variable"),
    "arithmetic base": _arithmetic("expecting EOF", "value too great for base"),
    "arithmetic division": _arithmetic("division by zero", "division by 0", "divide by zero"),
    "arithmetic exponent": _arithmetic(
        "expecting primary", "exponent less than 0", "exponent less than 0"
    ),
    "arithmetic parenthesis": _arithmetic("expecting ')'", "missing `)'"),
    "arithmetic colon": _arithmetic("expecting ':'", "`:' expected for conditional expression"),
    "arithmetic bracket": _arithmetic("expecting EOF", "bad array subscript"),
    "arithmetic depth": _arithmetic(
        "expecting primary",
        "expression recursion level exceeded",
        "expression recursion loop detected",
    ),
    "not found": ("{0}: not found", "{0}: not found", "{0}: command not found"),
    "no such command": ("{0}: not found", "{0}: not found", "{0}: No such file or directory"),
    "permission": _same("{0}: Permission denied"),
    "is a directory": ("{0}: Permission denied", "{0}: Permission denied", "{0}: Is a directory"),
    "bad interpreter": (
        "{0}: not found",
        "{0}: not found",
        "{0}: cannot execute: required file not found",
    ),
    "cannot execute": _same("{0}: {1}"),
    "cannot open": ("can't open {0}: {1}", "cannot open {0}: {1}", "{0}: {1}"),
    "cannot create": ("can't create {0}: {1}", "cannot create {0}: {1}", "{0}: {1}"),
    "clobber": (
        "can't create {0}: File exists",
        "cannot create {0}: File exists",
        "{0}: cannot overwrite existing file",
    ),
    "bad descriptor": _same("{0}: Bad file descriptor"),
    "ambiguous": (
        "syntax error: bad fd number",
        "Syntax error: Bad fd number",
        "{0}: ambiguous redirect",
    ),
    "too deep": _same("Maximum function recursion depth ({0}) reached"),
    "bad function name": (
        "bad function name",
        "Bad function name",
        "`{0}': not a valid identifier",
    ),
    "bad name": (
        "{0}: bad variable name",
        "{0}: bad variable name",
        "`{0}': not a valid identifier",
    ),
}

# How open(2)'s errors are put by redirections: ash and dash have words of their own.
_OPEN_WORDS = {
    "cannot open": {2: ("no such file", "No such file")},
    "cannot create": {2: ("nonexistent directory", "Directory nonexistent")},
}

_FLAVOURS = {"ash": 0, "dash": 1, "bash": 2}


def text_of(error: ShellError, flavour: "Flavour") -> str:
    """The complaint in the flavour's words."""
    kind, arguments = error.kind, error.arguments
    if kind == "parameter" and arguments[2] == "":
        kind = f"parameter {arguments[1]}"
    if kind == "unbound" and flavour.bash and arguments[0].isdigit():
        arguments = ("$" + arguments[0],)
    row = MESSAGES.get(kind) or BUILTIN_MESSAGES[kind]
    return row[_FLAVOURS[flavour.name]].format(*arguments)


def open_error(kind: str, path: str, error: OSError, flavour: "Flavour") -> ShellError:
    """What a redirection to or from `path` complains about."""
    words = _OPEN_WORDS[kind].get(error.errno or 0)
    text = words[_FLAVOURS[flavour.name]] if words and not flavour.bash else error.strerror
    return ShellError(kind, path, text or "")


_SYNTAX = {
    "unterminated": ("unterminated quoted string", "Unterminated quoted string"),
    "backquote": ("EOF in backquote substitution", "EOF in backquote substitution"),
    "brace": ("missing '}'", "Missing '}'"),
    "arithmetic": ("missing '))'", "Missing '))'"),
    "for variable": ("bad for loop variable", "Bad for loop variable"),
    "function name": ("bad function name", "Bad function name"),
    "too deep": ("nested too deeply", "Nested too deeply"),
}
_FOUND = {"eof": "end of file", "redirection": "redirection", "word": "word"}


def syntax_lines(error: ShellSyntaxError, flavour: "Flavour") -> list[str]:
    """The lines (without the shell's name and place) by which a syntax error is reported."""
    if flavour.bash:
        return _bash_syntax(error)
    number = _FLAVOURS[flavour.name]
    head = ("syntax error", "Syntax error")[number]
    if error.kind in _SYNTAX:
        return [f"{head}: {_SYNTAX[error.kind][number]}"]
    kind = "eof" if error.kind == "substitution" else error.kind
    newline = error.found == "\n"
    found = _FOUND.get(kind) or ("newline" if newline else f'"{error.found}"')
    text = f"unexpected {found}" if flavour.name == "ash" else f"{found} unexpected"
    expecting = ")" if error.kind == "substitution" else error.expecting
    if expecting:
        text += " (expecting word)" if expecting == "word" else f' (expecting "{expecting}")'
    return [f"{head}: {text}"]


def _bash_syntax(error: ShellSyntaxError) -> list[str]:
    if error.kind in ("unterminated", "backquote", "brace", "substitution"):
        return [f"unexpected EOF while looking for matching `{error.found}'"]
    if error.kind == "eof":
        return ["syntax error: unexpected end of file"]
    if error.kind == "too deep":
        return ["memory exhausted"]
    if error.kind == "function name":
        return [f"`{error.found}': not a valid identifier"]
    token = "newline" if error.found == "\n" else error.found
    lines = [f"syntax error near unexpected token `{token}'"]
    return [*lines, f"`{error.near}'"] if error.near else lines

"""The words of the builtins: one row per complaint, for ash, dash and bash (see `messages`)."""


def _same(text: str) -> tuple[str, str, str]:
    return (text, text, text)


BUILTIN_MESSAGES: dict[str, tuple[str, str, str]] = {
    "bad option": ("illegal option -{0}", "Illegal option -{0}", "-{0}: invalid option"),
    "set option": (
        "illegal option {0}",
        "Illegal option {0}",
        "{0}: invalid option\n"
        "set: usage: set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]",
    ),
    "set option name": (
        "illegal option {0}o {1}",
        "Illegal option {0}o {1}",
        "{1}: invalid option name",
    ),
    "illegal status": (
        "Illegal number: {0}",
        "Illegal number: {0}",
        "{0}: numeric argument required",
    ),
    "numeric": _same("{0}: numeric argument required"),
    "loop count": _same("{0}: loop count out of range"),
    "not in loop": _same("only meaningful in a `for', `while', or `until' loop"),
    "return outside": _same("can only `return' from a function or sourced script"),
    "exec not found": _same("{0}: not found"),
    "not a directory": ("{0}: not found", "{0}: not found", "{0}: Not a directory"),
    "filename required": _same("filename argument required\n.: usage: . filename [arguments]"),
    "source open": _same("can't open '{0}': {1}"),
    "source not found": _same("{0}: not found"),
    "bad signal spec": _same("{0}: invalid signal specification"),
    "cd no such": (
        "can't cd to {0}: {1}",
        "can't cd to {0}",
        "{0}: {1}",
    ),
    "cd failed": ("can't cd to {0}: {1}", "can't cd to {0}", "{0}: {1}"),
    "too many arguments": _same("too many arguments"),
    "HOME not set": _same("HOME not set"),
    "OLDPWD not set": _same("OLDPWD not set"),
    "stack index": _same("{0}: directory stack index out of range"),
    "no other directory": _same("no other directory"),
    "directory stack empty": _same("directory stack empty"),
    "printf usage": (
        "usage: printf FORMAT [ARGUMENT...]",
        "usage: printf format [arg ...]",
        "printf: usage: printf [-v var] format [arguments]",
    ),
    "printf not a number": (
        "invalid number '{0}'",
        "{0}: expected numeric value",
        "{0}: invalid number",
    ),
    "printf trailing": (
        "invalid number '{0}'",
        "{0}: not completely converted",
        "{0}: invalid number",
    ),
    "printf empty number": _same("invalid number '{0}'"),
    "printf range": (
        "invalid number '{0}'",
        "{0}: Numerical result out of range",
        "warning: {0}: Numerical result out of range",
    ),
    "printf invalid format": (
        "{0}: invalid format",
        "{0}: invalid directive",
        "`{0}': invalid format character",
    ),
    "printf missing format": (
        "{0}: invalid format",
        "{0}: invalid directive",
        "`{0}': missing format character",
    ),
    "test bracket": ("missing ]", "missing ]", "missing `]'"),
    "test double bracket": _same("missing ]]"),
    "test number": ("{0}: bad number", "Illegal number: {0}", "{0}: integer expression expected"),
    "test unary": (
        "{1}: unknown operand",
        "{0}: unexpected operator",
        "{0}: unary operator expected",
    ),
    "test binary": (
        "{0}: unknown operand",
        "{1}: unexpected operator",
        "{0}: binary operator expected",
    ),
    "test argument": ("{0}: unknown operand", "{1}: unexpected operator", "too many arguments"),
    "test parenthesis": ("closing paren expected", "closing paren expected", "`)' expected"),
    "arg count": _same("arg count"),
    "option argument": (
        "option requires an argument -- {0}",
        "No arg for -{0} option",
        "-{0}: option requires an argument",
    ),
    "read number": ("bad count", "{0}: invalid number", "{0}: invalid number"),
    "read timeout": (
        "bad timeout",
        "bad timeout",
        "{0}: invalid timeout specification",
    ),
    "read error": ("read error: {1}", "read error: {1}", "read error: {0}: {1}"),
    "shopt name": _same("{0}: invalid shell option name"),
    "not a builtin": _same("{0}: not a shell builtin"),
    "hash not found": _same("{0}: not found"),
    "getopts usage": (
        "usage: getopts optstring var [arg]",
        "Usage: getopts optstring var [arg...]",
        "getopts: usage: getopts optstring name [arg ...]",
    ),
    "no such job": ("{0}: no such job", "No such job: {0}", "{0}: no such job"),
    "no job control": ("no job control", "No job control", "no job control"),
    "wait argument": (
        "Illegal number: {0}",
        "Illegal number: {0}",
        "`{0}': not a pid or valid job spec",
    ),
    "kill usage": (
        "you need to specify whom to kill",
        "Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]",
        "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]",
    ),
    "kill signal": (
        "bad signal name '{0}'",
        "invalid signal number or name: {0}",
        "{0}: invalid signal specification",
    ),
    "kill pid": (
        "invalid number '{0}'",
        "Illegal number: {0}",
        "{0}: arguments must be process or job IDs",
    ),
    "kill failed": ("can't kill pid {0}: {1}", "{1}\n", "({0}) - {1}"),
    "umask mode": ("illegal mode: {0}", "Illegal number: {0}", "{0}: octal number out of range"),
    "umask symbols": (
        "illegal mode: {0}",
        "Illegal mode: {0}",
        "`{0}': invalid symbolic mode character",
    ),
    "bad read name": _same("read: '{0}': bad variable name"),
    "bad number": ("bad number", "bad number", "{0}: invalid number"),
    "local outside": (
        "not in a function",
        "not in a function",
        "can only be used in a function",
    ),
    "shift count": _same("can't shift that many"),
    "expression expected": _same("expression expected"),
    "bad regex": _same("invalid regular expression `{0}'"),
}

USAGE = {
    "cd": "cd [-L|[-P [-e]] [-@]] [dir]",
    "declare": "declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]",
    "export": "export [-fn] [name[=value] ...] or export -p",
    "local": "local [option] name[=value] ...",
    "printf": "printf [-v var] format [arguments]",
    "read": "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout]"
    " [-u fd] [name ...]",
    "readonly": "readonly [-aAf] [name[=value] ...] or readonly -p",
    "type": "type [-afptP] name [name ...]",
    "unset": "unset [-f] [-v] [-n] [name ...]",
    "wait": "wait [-fn] [-p var] [id ...]",
}
"""The line that bash adds to a complaint about an option."""

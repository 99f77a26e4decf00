"""set and shopt."""

from typing import TYPE_CHECKING

from daemon.programs.shell import parameters
from daemon.programs.shell.errors import ShellError
from daemon.programs.shell.special import LISTED, option_table
from daemon.programs.shell.unparse import function_text

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_LETTERS = {"ash": "efIimnsxvVECabu", "dash": "efIimnsxvVECabu", "bash": "abefhkmnptuvxBCEHPT"}

SHOPTS = [
    *("autocd", "assoc_expand_once", "cdable_vars", "cdspell", "checkhash", "checkjobs"),
    *("checkwinsize", "cmdhist", "compat31", "compat32", "compat40", "compat41", "compat42"),
    *("compat43", "compat44", "complete_fullquote", "direxpand", "dirspell", "dotglob"),
    *("execfail", "expand_aliases", "extdebug", "extglob", "extquote", "failglob"),
    *("force_fignore", "globasciiranges", "globskipdots", "globstar", "gnu_errfmt"),
    *("histappend", "histreedit", "histverify", "hostcomplete", "huponexit", "inherit_errexit"),
    *("interactive_comments", "lastpipe", "lithist", "localvar_inherit", "localvar_unset"),
    *("login_shell", "mailwarn", "no_empty_cmd_completion", "nocaseglob", "nocasematch"),
    *("noexpand_translation", "nullglob", "patsub_replacement", "progcomp", "progcomp_alias"),
    *("promptvars", "restricted_shell", "shift_verbose", "sourcepath", "varredir_close"),
    "xpg_echo",
]
SHOPTS_ON = frozenset(
    [
        *("checkwinsize", "cmdhist", "complete_fullquote", "extquote", "force_fignore"),
        *("globasciiranges", "globskipdots", "hostcomplete", "interactive_comments"),
        *("patsub_replacement", "progcomp", "promptvars", "sourcepath"),
    ]
)


async def set_(shell: "Shell", argv: list[str]) -> int:
    """`set [-+options] [-o name] [--] [args]`; without arguments it lists the variables."""
    args = argv[1:]
    if not args:
        await _list_variables(shell)
        return 0
    rest = await apply_options(shell, args)
    if rest is not None:
        shell.args = rest
    return 0


async def apply_options(shell: "Shell", args: list[str]) -> list[str] | None:
    """Take options from the front of `args`; the positional parameters that follow, None if there are none."""
    position = 0
    while position < len(args):
        arg = args[position]
        position += 1
        if arg == "--":
            return args[position:]
        if arg == "-":
            shell.options -= {"x", "v"}
            return args[position:] or None
        if len(arg) < 2 or arg[0] not in "-+":
            return args[position - 1 :]
        for letter in arg[1:]:
            if letter != "o":
                set_option(shell, letter, arg[0] == "-")
            elif position < len(args):
                _set_named(shell, args[position], arg[0] == "-")
                position += 1
            else:
                await _list_options(shell, commands=arg[0] == "+")
    return None


def set_option(shell: "Shell", letter: str, on: bool) -> None:
    """Switch the option `letter`."""
    sign = "-" if on else "+"
    if letter not in _LETTERS[shell.flavour.name]:
        raise ShellError("set option", sign + letter, status=2)
    (shell.options.add if on else shell.options.discard)(letter)
    if letter == "a":
        shell.variables.allexport = on


def _set_named(shell: "Shell", name: str, on: bool) -> None:
    for known, letter in option_table(shell):
        if known == name:
            (shell.options.add if on else shell.options.discard)(letter or known)
            if letter == "a":
                shell.variables.allexport = on
            return
    mild = shell.flavour.name == "ash"
    raise ShellError("set option name", "-" if on else "+", name, status=2, mild=mild)


async def _list_options(shell: "Shell", *, commands: bool) -> None:
    rows = option_table(shell)
    lines = []
    for name, letter in rows:
        on = (letter or name) in shell.options
        if commands:
            lines.append(f"set {'-' if on else '+'}o {name}\n")
        elif shell.flavour.bash:
            lines.append(f"{name:<15}\t{'on' if on else 'off'}\n")
        else:
            lines.append(f"{name:<16}{'on' if on else 'off'}\n")
    head = "Current option settings\n" if shell.flavour.name == "dash" and not commands else ""
    await shell.proc.out(head + "".join(lines))


async def _list_variables(shell: "Shell") -> None:
    quote = parameters.quote_if_needed if shell.flavour.bash else parameters.posix_quote
    lines = []
    names = shell.variables.names()
    if shell.flavour.bash:
        names = sorted({*names, *(name for name in LISTED if name in shell.variables.dynamic)})
    for name in names:
        known = shell.variables.table.get(name)
        value = known.value if known is not None else shell.variables.get(name)
        if isinstance(value, str):
            lines.append(f"{name}={quote(value)}\n")
        elif isinstance(value, dict):
            items = " ".join(f'[{key}]="{item}"' for key, item in value.items())
            lines.append(f"{name}=({items})\n")
    if shell.flavour.bash:
        lines.extend(f"{function_text(shell.functions[n])}\n" for n in sorted(shell.functions))
    await shell.proc.out("".join(lines))


async def shopt(shell: "Shell", argv: list[str]) -> int:
    """`shopt [-pqsuo] [name...]`."""
    letters, names = "", argv[1:]
    while names and names[0].startswith("-"):
        letters += names[0][1:]
        names = names[1:]
    if "o" in letters:
        for name in names:
            if "s" in letters or "u" in letters:
                _set_named(shell, name, "s" in letters)
        return 0
    status = 0
    for name in names or (SHOPTS if not set(letters) & {"s", "u"} else []):
        if name not in SHOPTS:
            raise ShellError("shopt name", name, status=1)
        if "s" in letters:
            shell.shopts.add(name)
        elif "u" in letters:
            shell.shopts.discard(name)
        else:
            status = await _show_shopt(shell, name, letters, status)
    return status if names else 0


async def _show_shopt(shell: "Shell", name: str, letters: str, status: int) -> int:
    on = name in shell.shopts
    if "p" in letters:
        await shell.proc.out(f"shopt -{'s' if on else 'u'} {name}\n")
    elif "q" not in letters:
        await shell.proc.out(f"{name:<15}\t{'on' if on else 'off'}\n")
    return status if on else 1

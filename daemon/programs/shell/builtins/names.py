"""Builtins about names: alias, type, command, hash, builtin, enable."""

from typing import TYPE_CHECKING

from daemon.programs.shell import parameters
from daemon.programs.shell.builtins.base import take_options
from daemon.programs.shell.errors import ShellError
from daemon.programs.shell.lookup import all_in_path, find_command, is_executable, search_path
from daemon.programs.shell.messages import text_of
from daemon.programs.shell.unparse import function_text

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

KEYWORDS = frozenset(
    [
        *("!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if"),
        *("in", "then", "until", "while"),
    ]
)
_MORE_KEYWORDS = {
    "dash": frozenset[str](),
    "ash": frozenset(["function", "[["]),
    "bash": frozenset(["function", "[[", "]]", "select", "time", "coproc"]),
}


def is_keyword(shell: "Shell", name: str) -> bool:
    """Whether the flavour reserves the word."""
    return name in KEYWORDS or name in _MORE_KEYWORDS[shell.flavour.name]


# ---- aliases --------------------------------------------------------------------------------------


async def alias(shell: "Shell", argv: list[str]) -> int:
    """`alias [name[=value]...]`."""
    args = [arg for arg in argv[1:] if arg not in ("-p", "--")]
    status = 0
    prefix = "alias " if shell.flavour.bash else ""
    if not args:
        for name in sorted(shell.aliases):
            await shell.proc.out(f"{prefix}{name}={parameters.posix_quote(shell.aliases[name])}\n")
    for arg in args:
        name, equals, value = arg.partition("=")
        if equals:
            shell.aliases[name] = value
        elif name in shell.aliases:
            await shell.proc.out(f"{prefix}{name}={parameters.posix_quote(shell.aliases[name])}\n")
        else:
            status = 1
            await _no_alias(shell, "alias", name)
    return status


async def _no_alias(shell: "Shell", command: str, name: str) -> None:
    if shell.flavour.bash:
        await shell.complain(f"{name}: not found", command=command)
    else:
        await shell.say(f"{command}: {name} not found\n")


async def unalias(shell: "Shell", argv: list[str]) -> int:
    """`unalias -a` or `unalias name...`."""
    letters, names = take_options(shell, argv[1:], "a")
    if letters:
        shell.aliases.clear()
        return 0
    status = 0
    for name in names:
        if shell.aliases.pop(name, None) is None:
            status = 1
            await _no_alias(shell, "unalias", name)
    return status


# ---- type and command -----------------------------------------------------------------------------


def _kind(shell: "Shell", name: str, *, functions: bool = True) -> str:
    if name in shell.interpreter.aliases():
        return "alias"
    if is_keyword(shell, name):
        return "keyword"
    if functions and name in shell.functions:
        return "function"
    if name in shell.interpreter.commands.builtins:
        return "builtin"
    return "file" if _path_of(shell, name) else ""


def _path_of(shell: "Shell", name: str) -> str | None:
    if "/" in name:
        return name if is_executable(shell, name) else None
    return search_path(shell, name)


def describe(shell: "Shell", name: str) -> str | None:
    """What `type` says of a name; None if it is nothing."""
    kind = _kind(shell, name)
    bash = shell.flavour.bash
    if kind == "alias":
        value = shell.aliases[name]
        return f"{name} is aliased to `{value}'" if bash else f"{name} is an alias for {value}"
    if kind == "keyword":
        return f"{name} is a shell keyword"
    if kind == "function":
        if bash:
            return f"{name} is a function\n{function_text(shell.functions[name])}"
        return f"{name} is a {'shell ' if shell.flavour.name == 'dash' else ''}function"
    if kind == "builtin":
        special = shell.interpreter.commands.builtins[name].special
        word = "special " if special and not bash else ""
        return f"{name} is a {word}shell builtin"
    path = _path_of(shell, name)
    if path and bash and name in shell.hashed:
        return f"{name} is hashed ({path})"
    return f"{name} is {path}" if path else None


async def type_(shell: "Shell", argv: list[str]) -> int:
    """`type [-afptP] name...`."""
    letters = ""
    names = argv[1:]
    if shell.flavour.bash:
        letters, names = take_options(shell, names, "afptP")
    status = 0
    for name in names:
        if not await _type_one(shell, name, letters):
            status = 1 if shell.flavour.bash else 127
    return status


async def _type_one(shell: "Shell", name: str, letters: str) -> bool:
    out = shell.proc.out
    if "t" in letters:
        kind = _kind(shell, name, functions="f" not in letters)
        if kind:
            await out(f"{kind}\n")
        return bool(kind)
    if "p" in letters or "P" in letters:
        path = _path_of(shell, name)
        builtin = "P" not in letters and _kind(shell, name) != "file"
        if path and not builtin:
            await out(f"{path}\n")
        return bool(path)
    text = describe(shell, name)
    if text is None:
        return await _unknown(shell, name)
    await out(f"{text}\n")
    if "a" in letters:
        shown = text if text.startswith(f"{name} is /") else ""
        for path in all_in_path(shell, name):
            if f"{name} is {path}" != shown:
                await out(f"{name} is {path}\n")
    return True


async def _unknown(shell: "Shell", name: str) -> bool:
    if shell.flavour.bash:
        await shell.complain(f"{name}: not found", command="type")
    else:
        await shell.proc.out(f"{name}: not found\n")
    return False


async def command(shell: "Shell", argv: list[str]) -> int:
    """`command [-pvV] name [args]`: functions are passed over, special builtins tamed."""
    letters, args = take_options(shell, argv[1:], "pvV")
    if not args:
        return 0
    if "v" in letters or "V" in letters:
        return await _command_names(shell, args if shell.flavour.bash else args[:1], letters)
    builtin = shell.interpreter.commands.builtins.get(args[0])
    if builtin is None:
        extra = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} if "p" in letters else {}
        if extra:
            find_command(shell, args[0], extra["PATH"])
        return await shell.interpreter.commands.external(args, {}, False)
    try:
        result = builtin.run(shell, args)
        return result if isinstance(result, int) else await result
    except ShellError as error:
        await shell.complain(text_of(error, shell.flavour), command=args[0])
        return error.status or (1 if shell.flavour.bash else 2)


async def _command_names(shell: "Shell", names: list[str], letters: str) -> int:
    found = False
    for name in names:
        if "V" in letters:
            text = describe(shell, name)
            if text is None and shell.flavour.bash:
                await shell.complain(f"{name}: not found", command="command")
            elif text is None:
                await shell.proc.out(f"{name}: not found\n")
            else:
                await shell.proc.out(f"{text}\n")
            found = found or text is not None
            continue
        text = _plain_name(shell, name)
        if text:
            found = True
            await shell.proc.out(f"{text}\n")
    return 0 if found else 1 if shell.flavour.bash else 127


def _plain_name(shell: "Shell", name: str) -> str | None:
    kind = _kind(shell, name)
    if kind == "alias":
        return f"alias {name}={parameters.posix_quote(shell.aliases[name])}"
    if kind == "file":
        return _path_of(shell, name)
    return name if kind else None


async def builtin(shell: "Shell", argv: list[str]) -> int:
    """`builtin name [args]`."""
    if len(argv) < 2:
        return 0
    found = shell.interpreter.commands.builtins.get(argv[1])
    if found is None:
        raise ShellError("not a builtin", argv[1], status=1)
    result = found.run(shell, argv[1:])
    return result if isinstance(result, int) else await result


async def hash_paths(shell: "Shell", argv: list[str]) -> int:
    """`hash [-r] [name...]`."""
    letters, names = take_options(shell, argv[1:], "rlpdt")
    if "r" in letters:
        shell.hashed.clear()
        return 0
    for name in names:
        if name in shell.interpreter.commands.builtins or name in shell.functions:
            continue
        if search_path(shell, name) is None:
            raise ShellError("hash not found", name, status=1)
        find_command(shell, name)
    if not names:
        if shell.flavour.bash:
            rows = "".join(f"   1\t{path}\n" for path in shell.hashed.values())
            await shell.proc.out("hits\tcommand\n" + rows if rows else "hash: hash table empty\n")
        else:
            await shell.proc.out("".join(f"{path}\n" for path in shell.hashed.values()))
    return 0


async def enable(shell: "Shell", argv: list[str]) -> int:
    """`enable`: lists the builtins; `-n name` switches one off."""
    table = shell.interpreter.commands.builtins
    if argv[1:2] == ["-n"]:
        kept = {name: row for name, row in table.items() if name not in argv[2:]}
        shell.interpreter.commands.builtins = kept
        return 0
    if len(argv) == 1:
        await shell.proc.out("".join(f"enable {name}\n" for name in sorted(table)))
    return 0


async def help_text(shell: "Shell", argv: list[str]) -> int:
    """`help`: the names of the builtins."""
    names = " ".join(sorted(shell.interpreter.commands.builtins))
    await shell.proc.out(f"Built-in commands:\n------------------\n{names}\n")
    return 0


async def history(shell: "Shell", argv: list[str]) -> int:
    """`history [-c]`: the lines typed so far."""
    if argv[1:] == ["-c"]:
        shell.history.clear()
        return 0
    lines = list(enumerate(shell.history, 1))
    if len(argv) > 1 and argv[1].isdigit():
        lines = lines[-int(argv[1]) :]
    width = 5 if shell.flavour.bash else 4
    await shell.proc.out("".join(f"{number:{width}d}  {line}\n" for number, line in lines))
    return 0

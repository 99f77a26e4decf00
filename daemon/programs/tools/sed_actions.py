"""What each of sed's commands does, as a table."""

import os

from daemon.programs.tools.sed_machine import Action, Machine
from daemon.programs.tools.sed_parse import Command
from daemon.programs.tools.sed_text import substitute, unambiguous


async def _hold(machine: Machine, command: Command) -> str:
    machine.hold = machine.space
    return ""


async def _hold_more(machine: Machine, command: Command) -> str:
    machine.hold += b"\n" + machine.space
    return ""


async def _get(machine: Machine, command: Command) -> str:
    machine.space = machine.hold
    return ""


async def _get_more(machine: Machine, command: Command) -> str:
    machine.space += b"\n" + machine.hold
    return ""


async def _exchange(machine: Machine, command: Command) -> str:
    machine.space, machine.hold = machine.hold, machine.space
    return ""


async def _transliterate(machine: Machine, command: Command) -> str:
    machine.space = machine.space.translate(command.table)
    return ""


async def _empty(machine: Machine, command: Command) -> str:
    machine.space = b""
    return ""


async def _nothing(machine: Machine, command: Command) -> str:
    """Blocks and labels only mark places."""
    return ""


async def _append(machine: Machine, command: Command) -> str:
    machine.queue.append(("text", command.text))
    return ""


async def _read_file(machine: Machine, command: Command) -> str:
    machine.queue.append(("file", os.fsencode(command.label)))
    return ""


async def _read_line(machine: Machine, command: Command) -> str:
    machine.queue.append(("line", os.fsencode(command.label)))
    return ""


async def _substitute(machine: Machine, command: Command) -> str:
    made = command.substitution
    if made is None:
        return ""
    changed = substitute(machine.regex(made.pattern), made, machine.space)
    if changed is None:
        return ""
    machine.space = changed
    machine.substituted = True
    if made.show:
        await machine.put(machine.space)
    if made.file:
        await machine.write_file(made.file, machine.space)
    return ""


async def _print(machine: Machine, command: Command) -> str:
    await machine.put(machine.space)
    return ""


async def _print_first(machine: Machine, command: Command) -> str:
    await machine.put(machine.space.partition(b"\n")[0])
    return ""


async def _delete(machine: Machine, command: Command) -> str:
    return "delete"


async def _delete_first(machine: Machine, command: Command) -> str:
    _, newline, machine.space = machine.space.partition(b"\n")
    return "again" if newline else "delete"


async def _next(machine: Machine, command: Command) -> str:
    if await machine.input.is_last():
        return "end"
    if not machine.quiet:
        await machine.put(machine.space, machine.newline)
    await machine.flush_queue()
    return "" if await machine.read() else "quit silently"


async def _append_next(machine: Machine, command: Command) -> str:
    if await machine.input.is_last():
        return "end"
    await machine.flush_queue()
    before, substituted = machine.space, machine.substituted
    if not await machine.read():
        return "end"
    machine.space = before + b"\n" + machine.space
    machine.substituted = substituted
    return ""


async def _insert(machine: Machine, command: Command) -> str:
    await machine.put(command.text.removesuffix(b"\n"))
    return ""


async def _change(machine: Machine, command: Command) -> str:
    """The text replaces a whole range: it comes with the range's last line."""
    if command.negated or command.second is None or not command.active:
        await machine.put(command.text.removesuffix(b"\n"))
    return "delete"


async def _line_number(machine: Machine, command: Command) -> str:
    await machine.put(str(machine.line_number).encode())
    return ""


async def _list(machine: Machine, command: Command) -> str:
    width = 70 if command.number is None else command.number
    await machine.put(unambiguous(machine.space, width))
    return ""


async def _file_name(machine: Machine, command: Command) -> str:
    await machine.put(os.fsencode(machine.input.path))
    return ""


async def _quit(machine: Machine, command: Command) -> str:
    machine.exit_code = command.number or 0
    return "quit" if command.name == "q" else "quit silently"


async def _write(machine: Machine, command: Command) -> str:
    data = machine.space if command.name == "w" else machine.space.partition(b"\n")[0]
    await machine.write_file(command.label, data)
    return ""


async def _branch(machine: Machine, command: Command) -> str:
    return "jump"


async def _test(machine: Machine, command: Command) -> str:
    wanted = command.name == "t"
    taken = machine.substituted == wanted
    machine.substituted = False
    return "jump" if taken else ""


ACTIONS: dict[str, Action] = {
    "{": _nothing,
    "}": _nothing,
    ":": _nothing,
    "=": _line_number,
    "a": _append,
    "b": _branch,
    "c": _change,
    "d": _delete,
    "D": _delete_first,
    "F": _file_name,
    "g": _get,
    "G": _get_more,
    "h": _hold,
    "H": _hold_more,
    "i": _insert,
    "l": _list,
    "n": _next,
    "N": _append_next,
    "p": _print,
    "P": _print_first,
    "q": _quit,
    "Q": _quit,
    "r": _read_file,
    "R": _read_line,
    "s": _substitute,
    "t": _test,
    "T": _test,
    "w": _write,
    "W": _write,
    "x": _exchange,
    "y": _transliterate,
    "z": _empty,
}

"""jq's functions that take filters as filters, or deal in paths, inputs and the end of the program."""

from collections.abc import Iterator

from daemon.programs.tools.jq.builtins import matches
from daemon.programs.tools.jq.interpreter import (
    Halt,
    Interpreter,
    Result,
    Scope,
    Special,
    get_path,
    without,
)
from daemon.programs.tools.jq.parser import Node
from daemon.programs.tools.jq.values import JqError, Json, Path, set_path


def _empty(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    return iter(())


def _error(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for message in run.values(args[0], value, scope):
        raise JqError(message)
    yield from ()


def _first(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for found in run.run(args[0], path, value, scope):
        yield found
        return


def _limit(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for count in run.values(args[0], value, scope):
        left = int(count)
        if left <= 0:
            continue
        for found in run.run(args[1], path, value, scope):
            yield found
            left -= 1
            if not left:
                break


def _range(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for start, end, step in run.products(args, value, scope):
        current = start
        while (current < end) if step > 0 else (current > end if step < 0 else False):
            yield None, current
            current += step


def _path(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for at, _ in run.run(args[0], [], value, scope):
        yield None, run.path_of(at)


def _getpath(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for at in run.values(args[0], value, scope):
        try:
            found = get_path(value, at)
        except JqError:
            found = None
        yield (None if path is None else [*path, *at]), found


def _setpath(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for at, new in run.products(args, value, scope):
        yield None, set_path(value, at, new)


def _delpaths(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for paths in run.values(args[0], value, scope):
        yield None, without(value, paths)


def _match(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for pattern, flags in run.products(args, value, scope):
        for found in matches(value, pattern, flags):
            yield None, found


def _sub(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for pattern, flags in run.products([args[0], args[2]], value, scope):
        out, at = "", 0
        for found in matches(value, pattern, flags):
            names = {
                capture["name"]: capture["string"]
                for capture in found["captures"]
                if capture["name"]
            }
            replacement = next(run.values(args[1], names, scope), "")
            out += value[at : found["offset"]] + str(replacement)
            at = found["offset"] + found["length"]
        yield None, out + value[at:]


def _input(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    try:
        yield None, run.inputs()
    except StopIteration:
        raise JqError("No more inputs") from None


def _inputs(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    while True:
        try:
            found = run.inputs()
        except StopIteration:
            return
        yield None, found


def _now(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    yield None, run.now


def _halt(
    run: Interpreter, args: list[Node], path: Path | None, value: Json, scope: Scope
) -> Iterator[Result]:
    for code in run.values(args[0], value, scope) if args else [0]:
        raise Halt(int(code), value if args else None)
    yield from ()


SPECIAL: dict[tuple[str, int], Special] = {
    ("empty", 0): _empty,
    ("error", 1): _error,
    ("first", 1): _first,
    ("limit", 2): _limit,
    ("range", 3): _range,
    ("path", 1): _path,
    ("getpath", 1): _getpath,
    ("setpath", 2): _setpath,
    ("delpaths", 1): _delpaths,
    ("match", 2): _match,
    ("_sub", 3): _sub,
    ("input", 0): _input,
    ("inputs", 0): _inputs,
    ("now", 0): _now,
    ("halt", 0): _halt,
    ("halt_error", 1): _halt,
}

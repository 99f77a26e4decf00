"""What ps prints: a head of titles and a line for each process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daemon.engine.ps.columns import Column, Of
from daemon.engine.ps.layouts import columns_of
from daemon.engine.ps.options import Options, read
from daemon.engine.ps.rows import Row


class NothingSelected(Exception):
    """ps prints the head alone, and exits with 1."""


def ps(words: Sequence[str], rows: Sequence[Row]) -> list[list[str]]:
    """The lines as their words, blanks between them aside. PsError, or NothingSelected."""
    options = read(words)
    if options.says:
        return [options.says.split()]
    columns = columns_of(options)
    chosen = _chosen(options, rows)
    if not chosen:
        raise NothingSelected
    titles = [column.title for column in columns]
    lines = [] if "no headers" in options.modifiers else [_words(titles)]
    for row, branches in _ordered(options, chosen):
        lines += _lines(options, columns, row, branches)
    return lines


def _chosen(options: Options, rows: Sequence[Row]) -> list[Row]:
    selection = options.selection
    if options.quick is not None:
        only_running = "running" in selection.flags
        rows = [row for row in rows if row.pid in options.quick]
        return [row for row in rows if not only_running or row.state in ("R", "D")]
    return [row for row in rows if selection.includes(row, bsd=options.bsd)]


def _ordered(options: Options, rows: list[Row]) -> list[tuple[Row, str]]:
    """The rows in the order asked for, each with the branches before its command."""
    for column, descends in reversed(options.sort):
        rows = sorted(rows, key=lambda row: _sort_key(column, row), reverse=descends)
    if "forest" not in options.modifiers:
        return [(row, "") for row in rows]
    trees = _trees(rows, {row.pid for row in rows})
    return trees if "ascii" in options.modifiers else [(row, "") for row, _ in trees]


def _sort_key(column: Column, row: Row) -> tuple[float, str]:
    text = column.show(row)
    try:
        return float(text), ""
    except ValueError:
        return 0.0, text


def _trees(rows: list[Row], known: set[int]) -> list[tuple[Row, str]]:
    """Children behind their parents; a root's command has no branch before it."""
    children: dict[int, list[Row]] = {}
    for row in rows:
        children.setdefault(row.ppid if row.ppid in known else 0, []).append(row)
    ordered: list[tuple[Row, str]] = []

    def grow(parent: int, trunk: str, depth: int) -> None:
        siblings = children.get(parent, [])
        for row in siblings:
            ordered.append((row, f"{trunk} \\_ " if depth else ""))
            stem = " |  " if row is not siblings[-1] else "    "
            grow(row.pid, f"{trunk}{stem}" if depth else "", depth + 1)

    grow(0, "", 0)
    return ordered


def _lines(options: Options, columns: list[Column], row: Row, branches: str) -> list[list[str]]:
    if "threads" not in options.modifiers:
        return [_words(_cell(options, column, row, branches) for column in columns)]
    hidden = {"process": Of.THREAD, "thread": Of.PROCESS}
    return [
        _words(
            "-" if column.of is off else _cell(options, column, row, branches) for column in columns
        )
        for off in hidden.values()
    ]


def _cell(options: Options, column: Column, row: Row, branches: str) -> str:
    if column.is_command:
        return branches + _command(options, column, row)
    if "n" in options.modifiers and column.title in ("USER", "UID"):
        return str(row.uid)
    return column.show(row)


def _command(options: Options, column: Column, row: Row) -> str:
    if "c" in options.modifiers:
        return row.name
    text = column.show(row)
    if "e" in options.modifiers and row.process is not None and text == row.args:
        text += "".join(f" {name}={value}" for name, value in row.process.env.items())
    return text


def _words(cells: Iterable[str]) -> list[str]:
    return [word for cell in cells for word in cell.split()]

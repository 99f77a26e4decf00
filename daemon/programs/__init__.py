"""Simulated programs, found by the name that a simulated binary carries."""

import importlib
import importlib.util
from functools import cache
from typing import TYPE_CHECKING

from daemon.programs.table import TABLES

if TYPE_CHECKING:
    from daemon.process.status import Program


@cache
def _programs() -> dict[str, str]:
    """All tables as one."""
    rows: dict[str, str] = {}
    for module in TABLES:
        if _exists(module):
            rows |= importlib.import_module(module).PROGRAMS
    return rows


def _exists(module: str) -> bool:
    package = module.rpartition(".")[0]
    return importlib.util.find_spec(package) is not None and (
        importlib.util.find_spec(module) is not None
    )


@cache
def lookup(program: str) -> "Program | None":
    """The program `family/name`, by its own row or its family's; its module is imported now."""
    rows = _programs()
    target = rows.get(program) or rows.get(program.partition("/")[0])
    if target is None:
        return None
    module, _, function = target.partition(":")
    found: Program = getattr(importlib.import_module(module), function)
    return found

"""Closures that may wait: the compiled form of awk's expressions.

What needs no system call is a plain function; only what reads, runs commands or calls a user's function is awaited.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from daemon.programs.tools.awk.values import Value


class Code(NamedTuple):
    """A compiled expression; `run` returns a value, or an awaitable of one if it `waits`."""

    run: Callable[[], Any]
    waits: bool = False

    async def value(self) -> Any:  # noqa: ANN401
        return await self.run() if self.waits else self.run()


def constant(value: Value) -> Code:
    return Code(lambda: value)


def lift(function: Callable[..., Any], *parts: Code) -> Code:
    """`function` of the parts' values, evaluated from left to right."""
    if any(part.waits for part in parts):
        return Code(_waiting(function, parts, False), True)
    runs = [part.run for part in parts]
    if len(runs) == 1:
        (one,) = runs
        return Code(lambda: function(one()))
    if len(runs) == 2:
        first, second = runs
        return Code(lambda: function(first(), second()))
    return Code(lambda: function(*[run() for run in runs]))


def lift_waiting(function: Callable[..., Any], *parts: Code) -> Code:
    """The same for a `function` that is itself a coroutine function."""
    return Code(_waiting(function, parts, True), True)


def _waiting(
    function: Callable[..., Any], parts: tuple[Code, ...], is_async: bool
) -> Callable[[], Any]:
    async def run() -> Any:  # noqa: ANN401
        values = [await part.run() if part.waits else part.run() for part in parts]
        return await function(*values) if is_async else function(*values)

    return run


def choose(test: Code, yes: Code, no: Code, truth: Callable[[Value], bool]) -> Code:
    """Only one of the two branches is evaluated."""
    if test.waits or yes.waits or no.waits:

        async def run() -> Any:  # noqa: ANN401
            return await (yes if truth(await test.value()) else no).value()

        return Code(run, True)
    condition, left, right = test.run, yes.run, no.run
    return Code(lambda: left() if truth(condition()) else right())

"""Generators that nest as deep as folders do, without Python's recursion limit."""

from collections.abc import Generator, Iterator
from typing import TypeVar, Union

T = TypeVar("T")
Nested = Generator[Union[T, "Nested[T]"], None, None]
"""Yields values, and generators of the same kind where a recursive one would say `yield from`."""


def flatten(outermost: "Nested[T]") -> Iterator[T]:
    """All values, depth first, in constant time each."""
    stack = [outermost]
    while stack:
        for item in stack[-1]:
            if isinstance(item, Generator):
                stack.append(item)
                break
            yield item
        else:
            stack.pop()

"""What the words of a network, pid or ipc mode mean: `container:X` is the namespace of another container."""

from __future__ import annotations

_OTHERS = "container:"


def joins(mode: str) -> bool:
    """Is it another container's namespace?"""
    return mode.startswith(_OTHERS)


def owner_of(mode: str) -> str:
    """The container whose namespace it is, by id or name; empty if the mode says something else."""
    return mode.removeprefix(_OTHERS) if joins(mode) else ""


def joining(container_id: str) -> str:
    """The mode that names this container."""
    return _OTHERS + container_id

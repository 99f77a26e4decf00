"""Reads the declared images: TOML files in folders, one file for one repository.

    description, stars       what a search shows
    [[image]]                tags, recipe ("main"), created, vars
    [[recipe.NAME]]          the steps, in order: `from`, or what one Dockerfile line did (created_by, config, files)

`@{name}` in any text is one of the image's vars or of its platform's (arch, uname, gnu). What a step may put
into its layer is told in layers.py. Sets of files that several images share are in `rootfs/`.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
IMAGES = HERE / "images"
ROOTFS = HERE / "rootfs"

_VARIABLE = re.compile(r"@\{([a-z_]+)\}")

Table = dict[str, Any]


@dataclass(frozen=True)
class Declaration:
    """One repository."""

    name: str
    description: str
    stars: int
    images: Mapping[str, Table]
    """By tag."""
    recipes: Mapping[str, list[Table]]

    def steps(self, tag: str) -> list[Table]:
        return self.recipes[self.images[tag].get("recipe", "main")]


def names(folders: tuple[Path, ...]) -> Iterator[str]:
    for folder in folders:
        for path in sorted(folder.rglob("*.toml")):
            yield str(path.relative_to(folder).with_suffix(""))


def find(folders: tuple[Path, ...], name: str) -> Declaration | None:
    """The last folder that declares `name` wins."""
    for folder in reversed(folders):
        declared = _read(folder / f"{name}.toml", name)
        if declared is not None:
            return declared
    return None


@functools.cache
def _read(path: Path, name: str) -> Declaration | None:
    if not path.is_file():
        return None
    table = tomllib.loads(path.read_text())
    images = {tag: image for image in table["image"] for tag in image["tags"]}
    return Declaration(
        name=name,
        description=table.get("description", ""),
        stars=table.get("stars", 0),
        images=images,
        recipes=table["recipe"],
    )


@functools.cache
def rootfs(name: str) -> Table:
    """A shared set of files."""
    return tomllib.loads((ROOTFS / f"{name}.toml").read_text())


def substituted(value: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - any TOML value
    """`value` with every `@{name}` replaced, keys included; an unknown name is an error of the declaration."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: variables[match[1]], value) if "@{" in value else value
    if isinstance(value, list):
        return [substituted(item, variables) for item in value]
    if isinstance(value, dict):
        return {
            substituted(key, variables): substituted(item, variables) for key, item in value.items()
        }
    return value

"""`mockerd image add`: writes the declaration of an image from a few options."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from api_schema.oci import InvalidReference, Reference
from fake_registry.catalog.declarations import IMAGES, find

CREATED = "2025-01-01T00:00:00Z"


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="mockerd image add", description=__doc__)
    add = options.add_argument
    add("name", metavar="NAME[:TAG]")
    add("--images", type=Path, required=True, metavar="DIR",
        help="the folder that the daemon is started with: mockerd --images DIR")  # fmt: skip
    add("--from", dest="base", metavar="IMAGE", help="the sample image it stands on")
    add("--file", action="append", default=[], metavar="SOURCE:PATH",
        help="a text file and where it goes in the image; may be repeated")  # fmt: skip
    add("--program", action="append", default=[], metavar="PATH=FAMILY/NAME",
        help="an executable that runs this simulated program; may be repeated")  # fmt: skip
    add("--env", action="append", default=[], metavar="NAME=VALUE")
    add("--label", action="append", default=[], metavar="NAME=VALUE")
    add("--expose", action="append", default=[], metavar="PORT[/PROTOCOL]")
    add("--volume", action="append", default=[], metavar="PATH")
    add("--workdir")
    add("--user")
    add("--stop-signal")
    add("--entrypoint", metavar="WORDS")
    add("--cmd", metavar="WORDS")
    add("--created", default=CREATED, metavar="TIME")
    return options


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        reference = Reference.parse(options.name).tagged()
        target = options.images / f"{reference.path}.toml"
        _check_base(options)
        text = "\n".join(declaration(reference.tag, options)) + "\n"
        if target.exists():
            raise FileExistsError(f"{target} is there already: edit it")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    except (InvalidReference, LookupError, OSError, UnicodeDecodeError) as error:
        print(f"mockerd: {error}", file=sys.stderr)  # noqa: T201 - a command speaks
        return 1
    print(target)  # noqa: T201
    return 0


def _check_base(options: argparse.Namespace) -> None:
    """LookupError if it stands on nothing."""
    if not options.base:
        return
    base = Reference.parse(options.base).tagged()
    declared = find((IMAGES, options.images), base.path)
    if declared is None or base.tag not in declared.images:
        raise LookupError(f"there is no image {options.base} to stand on")


def declaration(tag: str, options: argparse.Namespace) -> Iterator[str]:
    """The lines of the file."""
    yield "[[image]]"
    yield f"tags = {_toml([tag])}"
    yield f"created = {_toml(options.created)}"
    if options.base:
        yield from ("", "[[recipe.main]]", f"from = {_toml(options.base)}")
    for option in options.file:
        source, _, path = option.rpartition(":")
        kind = "scripts" if os.access(source, os.X_OK) else "files"
        entry = {path: Path(source).read_text()}
        yield from _step(f"COPY {Path(source).name} {path} # buildkit", kind, entry)
    for option in options.program:
        path, _, program = option.partition("=")
        yield from _step(f"COPY {Path(path).name} {path} # buildkit", "programs", {path: program})
    for created_by, key, value in _config(options):
        yield from _step(created_by, f"config.{key}", value)


def _config(options: argparse.Namespace) -> Iterator[tuple[str, str, Any]]:
    """What is said in the history, the config's member, its value."""
    for pair in options.env:
        yield f"ENV {pair}", "Env", [pair]
    for pair in options.label:
        name, _, value = pair.partition("=")
        yield f"LABEL {pair}", "Labels", {name: value}
    for port in options.expose:
        full = port if "/" in port else f"{port}/tcp"
        yield f"EXPOSE [{full}]", "ExposedPorts", [full]
    for path in options.volume:
        yield f"VOLUME [{path}]", "Volumes", [path]
    words = (("WORKDIR", "WorkingDir", options.workdir), ("USER", "User", options.user))
    for instruction, key, text in (*words, ("STOPSIGNAL", "StopSignal", options.stop_signal)):
        if text:
            yield f"{instruction} {text}", key, text
    for instruction, key, text in (
        ("ENTRYPOINT", "Entrypoint", options.entrypoint),
        ("CMD", "Cmd", options.cmd),
    ):
        if text:
            argv = shlex.split(text)
            yield f"{instruction} {json.dumps(argv)}", key, argv


def _step(created_by: str, key: str, value: Any) -> Iterator[str]:  # noqa: ANN401 - any TOML value
    yield from ("", "[[recipe.main]]", f"created_by = {_toml(created_by)}")
    yield f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:  # noqa: ANN401 - any TOML value
    """Strings of JSON are strings of TOML, but for DEL."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value).replace("\x7f", "\\u007f")

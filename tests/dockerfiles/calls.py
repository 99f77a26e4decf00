"""The calls of calls.toml, ssh_calls.toml and context_calls.toml: carries one out in a folder of its own, and says what came of it."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.dockerfiles.corpus import HERE, masked, plain_lines

SHARED = {"f.txt": "hi\n", "d/a": "a\n", "secret": "hush\n"}
PROGRAMS = {"REFUSING": f"{HERE}/refusing_registry.py", "SCREEN": f"{HERE}/screen.py"}
"""That calls may run, by the variables that they find them in."""
SECONDS = 60
_RUN = re.compile(r"RUN (--\S+ )*")
"""Each RUN gets a word of chance in front, so that no earlier build serves as cache; it is taken out again."""

Outcome = dict[str, Any]


@dataclass(frozen=True)
class Call:
    name: str
    run: str
    files: dict[str, str] = field(default_factory=dict)


def calls(document: str = "calls") -> list[Call]:
    """A folder of the document's name has files that all of its calls find."""
    shared = {path.name: path.read_text() for path in (HERE / document).glob("*")}
    found = tomllib.loads((HERE / f"{document}.toml").read_text())
    return [
        Call(name, options["run"], shared | options.get("files", {}))
        for name, options in found.items()
    ]


def recorded(document: str = "calls") -> dict[str, Outcome]:
    found: dict[str, Outcome] = json.loads((HERE / f"{document}.json").read_text())
    return found


async def outcome(call: Call, env: Mapping[str, str], shown: Callable[[str], str] = str) -> Outcome:
    """Exit code, what both streams said, and what lies in out/ afterwards; `shown` takes chance out of what was said."""
    with tempfile.TemporaryDirectory(prefix="context-") as folder:
        here, salt = Path(folder) / "ctx", f": {secrets.token_hex(8)}; "
        for name, text in {**SHARED, **call.files}.items():
            path = here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_RUN.sub(lambda run: run.group() + salt, text))
        process = await asyncio.create_subprocess_shell(
            call.run,
            env={**env, "BUILDKIT_PROGRESS": "plain", **PROGRAMS},
            cwd=here,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        return {
            "code": process.returncode,
            "out": _said(shown(out.decode().replace(salt, "")), folder),
            "err": sorted(set(_said(shown(err.decode().replace(salt, "")), folder))),
            "files": _left(here / "out"),
        }


def _said(text: str, folder: str) -> list[str]:
    """Lines without the names of temporary folders; progress without its times and its order."""
    text = text.replace(folder, "/FOLDER")
    if re.search(r"^(#\d+ |ERROR: )", text, re.M):
        return sorted(set(plain_lines(text)))
    return masked(text).splitlines()


def _left(folder: Path) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        name, mode = path.relative_to(folder), path.stat().st_mode & 0o777
        said = "" if path.is_dir() else f" {path.read_text()!r}"
        found.append(f"{name} {mode:o}{said}")
    return found

"""The calls of git_calls.toml: each with repositories of its own, at $GIT by git's protocol and at $HTTP as files."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tests.dockerfiles.calls import Call, Outcome, outcome
from tests.git_repositories import git_server, make_repositories, names, web_server

_FOLDER = re.compile(r"/[^ ']+/overlay2/[0-9a-z]{25}(/diff)(?:/checkout\d+)?")
"""Where repositories are copied to and checked out."""


async def git_outcome(call: Call, env: Mapping[str, str]) -> Outcome:
    """As `outcome`, with names for commits and servers."""
    salt = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="repositories-") as folder:
        served, _ = await make_repositories(Path(folder), salt)
        async with git_server(served) as git, web_server(served) as http:
            hosts = {address.partition("//")[2]: "SERVER" for address in (git, http)}
            known = {**hosts, salt: "", **await names(served)}
            placed = _placed(call, {"$GIT": git, "$HTTP": http})
            variables = {**env, "GIT": git, "HTTP": http}
            return await outcome(placed, variables, lambda text: _shown(text, known))


def _placed(call: Call, addresses: Mapping[str, str]) -> Call:
    """Files know no variables."""
    files = {name: _replaced(text, addresses) for name, text in call.files.items()}
    return replace(call, files=files)


def _shown(text: str, known: Mapping[str, str]) -> str:
    return _FOLDER.sub(r"/OVERLAY\1", _replaced(text, known))


def _replaced(text: str, known: Mapping[str, str]) -> str:
    for name, instead in known.items():
        text = text.replace(name, instead)
    return text

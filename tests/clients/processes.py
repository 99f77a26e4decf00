"""Runs a client as a process without blocking the loop that its server lives in."""

import asyncio
import os

from tests.clients.present import SEARCH_PATH


async def run(*words: str, **environment: str) -> str:
    """Standard output; AssertionError with standard error if it fails."""
    process = await asyncio.create_subprocess_exec(
        *words,
        env={**os.environ, "PATH": SEARCH_PATH, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, f"{words}: {err.decode()}"
    return out.decode()

"""The applications below compose/, driven by docker compose on a daemon of their own.

With DOCKER_REFERENCE_HOST set, on that engine instead, so that the same claims can be seen to hold there.
"""

import asyncio
import json
import os
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run

FOLDER = Path(__file__).parent / "compose"


class Application:
    """`await app("up", "-d")` is docker compose in one of the folders; `await app.docker(…)` the CLI beside it."""

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        self.project = f"clients-{name}"
        self.environment = environment
        self._compose = (
            "compose", "--progress", "plain", "-p", self.project, "-f", str(FOLDER / name / "compose.yaml"),
        )  # fmt: skip

    async def docker(self, *words: str) -> str:
        return await run("docker", *words, **self.environment)

    async def __call__(self, *words: str) -> str:
        return await self.docker(*self._compose, *words)

    async def fails(self, *words: str) -> str:
        """The complaint of a command that must not succeed."""
        with pytest.raises(AssertionError) as caught:
            await self(*words)
        return str(caught.value)

    async def until(self, expected: str, *words: str) -> None:
        """Follow a command that does not end by itself until it says this."""
        process = await asyncio.create_subprocess_exec(
            "docker", *self._compose, *words,
            env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            async with asyncio.timeout(30):
                while expected not in (line := (await process.stdout.readline()).decode()):
                    assert line, f"{words} ended without saying {expected!r}"
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()

    async def states(self) -> dict[str, str]:
        lines = (await self("ps", "-a", "--format", "json")).splitlines()
        return {row["Service"]: row["State"] for row in map(json.loads, lines)}

    async def container(self, service: str) -> dict[str, object]:
        """What docker inspect tells of a service's first container."""
        found = json.loads(await self.docker("inspect", f"{self.project}-{service}-1"))
        return dict(found[0])

    async def page(self, service: str, port: int) -> str:
        """What the service's published port answers."""
        address = (await self("port", service, str(port))).strip()
        return await asyncio.to_thread(_fetch, f"http://{address}/")


def _fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return str(reply.read().decode())


@pytest.fixture
async def app(
    client_env: dict[str, str], request: pytest.FixtureRequest
) -> AsyncIterator[Application]:
    """The application that the test's mark names; nothing of it is left afterwards."""
    name = request.node.get_closest_marker("application").args[0]
    async with AsyncExitStack() as stack:
        host = os.environ.get("DOCKER_REFERENCE_HOST")
        if not host:
            host = (await stack.enter_async_context(MockDaemon())).docker_host
        application = Application(name, client_env | {"DOCKER_HOST": host})
        yield application
        await application("--profile", "*", "down", "-v", "-t", "0", "--remove-orphans")

"""A test of real clients names what it drives, and is deselected where that is missing.

`@pytest.mark.client("docker", "compose")` asks for clients by the names in present.CLIENTS. Under CI=1 a missing
client fails the run instead: scripts/clients installs them all. tests/conftest.py prints the list.
"""

import os
from pathlib import Path

import pytest

from tests.clients.present import CACHE, OPTIONAL, SEARCH_PATH, find_client


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent: set[str] = set()
    dropped = []
    for item in items:
        names = {name for mark in item.iter_markers("client") for name in mark.args}
        if missing := {name for name in names if not find_client(name)}:
            absent |= missing
            dropped.append(item)
    if not dropped:
        return
    if absent - OPTIONAL and os.environ.get("CI", "").lower() not in ("", "0", "false", "no"):
        raise pytest.UsageError(
            f"clients are missing, run scripts/clients: {sorted(absent - OPTIONAL)}"
        )
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in dropped]


@pytest.fixture
def docker_config(tmp_path: Path) -> Path:
    """A DOCKER_CONFIG of the test's own, with the plugins that this machine has and no credentials."""
    folder = tmp_path / "docker-config"
    (folder / "cli-plugins").mkdir(parents=True)
    for name in ("compose", "buildx"):
        if found := find_client(name):
            (folder / "cli-plugins" / f"docker-{name}").symlink_to(found)
    return folder


@pytest.fixture
def client_env(docker_config: Path) -> dict[str, str]:
    """The environment for a client process, DOCKER_HOST still to be added."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "COMPOSE_"))}
    return kept | {
        "PATH": SEARCH_PATH,
        "DOCKER_CONFIG": str(docker_config),
        "DOCKER_CLI_HINTS": "false",
        # Testcontainers take a machine with /.dockerenv for a container whose daemon is elsewhere.
        "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
        "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
        "NODE_PATH": str(CACHE / "node" / "node_modules"),
    }

"""Which real clients are on this machine, by name: from the cache that scripts/clients fills, or the system's own."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

CACHE = Path(
    os.environ.get("MOCKERD_CLIENTS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mockerd" / "clients"
)
SEARCH_PATH = f"{CACHE / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
PLUGIN_FOLDERS = [
    CACHE / "cli-plugins",
    Path.home() / ".docker" / "cli-plugins",
    Path("/usr/local/lib/docker/cli-plugins"),
    Path("/usr/libexec/docker/cli-plugins"),
    Path("/usr/lib/docker/cli-plugins"),
]


def command(name: str) -> Callable[[], str | None]:
    return lambda: shutil.which(name, path=SEARCH_PATH)


def plugin(name: str) -> Callable[[], str | None]:
    return lambda: next(
        (str(folder / name) for folder in PLUGIN_FOLDERS if (folder / name).exists()), None
    )


def old_compose() -> str | None:
    """docker-compose of the first series is a Python script; its successors are binaries."""
    found = shutil.which("docker-compose", path=SEARCH_PATH)
    return found if found and b"python" in Path(found).read_bytes()[:64] else None


def node_package(name: str) -> Callable[[], str | None]:
    folder = CACHE / "node" / "node_modules" / name
    return lambda: str(folder) if shutil.which("node") and folder.is_dir() else None


def python_package(name: str) -> Callable[[], str | None]:
    return lambda: name if importlib.util.find_spec(name) else None


CLIENTS: dict[str, Callable[[], str | None]] = {
    "docker": command("docker"),
    "compose": plugin("docker-compose"),
    "compose-v1": old_compose,
    "buildx": plugin("docker-buildx"),
    "git": command("git"),
    "chromium": command("chromium"),
    "docker-registry": command("docker-registry"),
    "openssh": command("ssh-agent"),
    "skopeo": command("skopeo"),
    "oras": python_package("oras"),
    "node": command("node"),
    "dockerode": node_package("dockerode"),
    "testcontainers-node": node_package("testcontainers"),
    "testcontainers": python_package("testcontainers"),
}

OPTIONAL = {"compose-v1"}
"""What newer systems have no package of; not missed there, even under CI=1."""


def find_client(name: str) -> str | None:
    """Where the client of that name in CLIENTS is, or None."""
    return CLIENTS[name]()


def missing_clients() -> list[str]:
    return [name for name in CLIENTS if not find_client(name)]

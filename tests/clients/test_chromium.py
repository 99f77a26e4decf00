"""A browser on the host sees the page that a container serves, and sees it change."""

import asyncio
from pathlib import Path

import docker
import pytest

from mockerd import MockDaemon
from tests.clients.present import find_client
from tests.clients.processes import run

pytestmark = pytest.mark.client("chromium")


async def seen(port: str, profile: Path) -> str:
    """The page's text as the browser has it."""
    browser = find_client("chromium")
    assert browser is not None
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ]  # fmt: skip
    data = f"--user-data-dir={profile}"
    return await run(browser, *flags, data, "--dump-dom", f"http://127.0.0.1:{port}/")


async def test_the_page_changes_with_the_file_on_the_host(tmp_path: Path) -> None:
    page = tmp_path / "htdocs" / "index.html"
    page.parent.mkdir()
    page.write_text("<h1>before</h1>\n")
    volumes = {str(page.parent): {"bind": "/usr/local/apache2/htdocs", "mode": "ro"}}
    with MockDaemon.running() as mock:
        client = docker.DockerClient(mock.docker_host)
        container = client.containers.run(
            "httpd", detach=True, ports={"80/tcp": ("127.0.0.1", None)}, volumes=volumes
        )
        async with asyncio.timeout(60):
            while b"AH00094" not in await asyncio.to_thread(container.logs):
                continue
        container.reload()
        port = container.ports["80/tcp"][0]["HostPort"]
        assert "<h1>before</h1>" in await seen(port, tmp_path / "profile")
        page.write_text("<h1>after</h1>\n")
        assert "<h1>after</h1>" in await seen(port, tmp_path / "profile")
        client.close()


async def test_the_page_changes_with_a_command_inside(tmp_path: Path) -> None:
    with MockDaemon.running() as mock:
        client = docker.DockerClient(mock.docker_host)
        container = client.containers.run(
            "httpd", detach=True, ports={"80/tcp": ("127.0.0.1", None)}
        )
        stream = container.logs(stream=True, follow=True)
        await asyncio.to_thread(next, (line for line in stream if b"AH00094" in line))
        stream.close()
        container.reload()
        port = container.ports["80/tcp"][0]["HostPort"]
        assert "<h1>It works!</h1>" in await seen(port, tmp_path / "profile")
        assert container.exec_run("sed -i s/works/changed/ htdocs/index.html").exit_code == 0
        # The page is old, so the first profile's cache would not ask again.
        assert "<h1>It changed!</h1>" in await seen(port, tmp_path / "another profile")
        client.close()

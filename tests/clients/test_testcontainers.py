"""testcontainers (PyPI) as its users use it: wait strategies, exec, networks, and Ryuk that reaps when the run is over."""

import asyncio
import contextlib
import sys
import textwrap

import aiodocker
import pytest

from mockerd import MockDaemon
from tests.clients.processes import run

pytestmark = pytest.mark.client("testcontainers")


async def script(client_env: dict[str, str], code: str) -> str:
    """What the code prints, run by a Python of its own against a daemon of its own."""
    async with MockDaemon() as mock:
        client_env["DOCKER_HOST"] = mock.docker_host
        return await run(sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), **client_env)


async def test_a_container_waited_for_by_its_log_and_asked_by_exec(
    client_env: dict[str, str],
) -> None:
    out = await script(
        client_env,
        """
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.waiting_utils import wait_for_logs

        with DockerContainer("redis:7").with_exposed_ports(6379).with_env("A", "b") as redis:
            wait_for_logs(redis, "Ready to accept connections")
            print(redis.exec("redis-cli ping").output)
            print(redis.exec(["sh", "-c", "echo $A; exit 3"]))
        """,
    )
    assert out == "b'PONG\\n'\nBytesExecResult(exit_code=3, output=b'b\\n')\n"


async def test_a_page_through_the_published_port(client_env: dict[str, str]) -> None:
    out = await script(
        client_env,
        """
        import urllib.request
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.waiting_utils import wait_for_logs

        with DockerContainer("nginx:alpine").with_exposed_ports(80) as web:
            wait_for_logs(web, "start worker process")
            url = f"http://{web.get_container_host_ip()}:{web.get_exposed_port(80)}"
            print(b"Welcome to nginx!" in urllib.request.urlopen(url).read())
        """,
    )
    assert out == "True\n"


async def test_containers_on_a_network_of_their_own(client_env: dict[str, str]) -> None:
    out = await script(
        client_env,
        """
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.network import Network
        from testcontainers.core.waiting_utils import wait_for_logs

        with Network() as network:
            with DockerContainer("httpd:alpine").with_network(network).with_network_aliases("web") as web:
                wait_for_logs(web, "resuming normal operations")
                with DockerContainer("alpine").with_network(network).with_command("sleep 100") as other:
                    print(other.exec("wget -qO- http://web/").output)
        """,
    )
    assert "It works!" in out


async def test_every_way_to_wait_and_a_file_that_is_copied_in(client_env: dict[str, str]) -> None:
    out = await script(
        client_env,
        """
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.wait_strategies import ExecWaitStrategy, HealthcheckWaitStrategy, HttpWaitStrategy, PortWaitStrategy

        page = "/usr/local/apache2/htdocs/index.html"
        health = {"test": ["CMD-SHELL", "wget -qO- localhost"], "interval": 200_000_000, "retries": 50}
        web = (
            DockerContainer("httpd:alpine", healthcheck=health)
            .with_exposed_ports(80)
            .with_copy_into_container(b"copied", page)
        )
        with web.waiting_for(HttpWaitStrategy(80).for_status_code(200)):
            print(web.exec(["cat", page]).output)
            HealthcheckWaitStrategy().wait_until_ready(web)
            PortWaitStrategy(80).wait_until_ready(web)
            ExecWaitStrategy(["pgrep", "httpd"]).wait_until_ready(web)
            print(web.get_wrapped_container().health)
        """,
    )
    assert out == "b'copied'\nhealthy\n"


async def test_ryuk_reaps_what_a_run_leaves_behind(client_env: dict[str, str]) -> None:
    code = """
        import os
        from testcontainers.core.container import DockerContainer

        DockerContainer("alpine").with_command("sleep 1000").start()
        os._exit(0)
    """
    client_env["RYUK_RECONNECTION_TIMEOUT"] = "100ms"
    async with MockDaemon() as mock:
        client_env["DOCKER_HOST"] = mock.docker_host
        await run(sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), **client_env)
        assert list(mock.daemon.containers)
        async with asyncio.timeout(60), aiodocker.Docker(url=mock.docker_host) as client:
            # Ryuk's own container goes last, by itself.
            for container in await client.containers.list(filters={"name": ["ryuk"]}):
                with contextlib.suppress(aiodocker.DockerError):
                    await container.wait(condition="removed")
            assert await client.containers.list(all=True) == []

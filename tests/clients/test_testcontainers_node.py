"""testcontainers (npm) as its users use it: wait strategies, exec, copy, networks, and Ryuk that reaps what a run leaves."""

import asyncio

import aiodocker
import pytest

from mockerd import MockDaemon
from tests.clients.processes import run

pytestmark = pytest.mark.client("testcontainers-node")

SCRIPT = """
const { GenericContainer, Network, Wait } = require('testcontainers');
(async () => {
  const redis = await new GenericContainer('redis:7').withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections')).start();
  const pong = await redis.exec(['redis-cli', 'ping']);
  console.log(pong.exitCode, pong.output.trim());
  const network = await new Network().start();
  const web = await new GenericContainer('nginx:alpine').withExposedPorts(80).withNetwork(network).withNetworkAliases('web')
    .withCopyContentToContainer([{ content: 'copied', target: '/usr/share/nginx/html/index.html' }])
    .withWaitStrategy(Wait.forHttp('/', 80)).start();
  const page = await fetch(`http://${web.getHost()}:${web.getMappedPort(80)}/`);
  console.log(page.status, await page.text());
  const other = await new GenericContainer('alpine').withNetwork(network).withCommand(['sleep', '100']).start();
  console.log((await other.exec(['wget', '-qO-', 'http://web/'])).output);
  const hello = await new GenericContainer('testcontainers/helloworld').withExposedPorts(8080).start();
  console.log(hello.getMappedPort(8080) > 0);
  for (const container of [redis, web, other, hello]) await container.stop({ timeout: 0 });
  await network.stop();
})();
"""


async def test_what_people_do_with_it(client_env: dict[str, str]) -> None:
    async with MockDaemon() as mock:
        client_env["DOCKER_HOST"] = mock.docker_host
        out = await run("node", "-e", SCRIPT, **client_env)
    assert out.splitlines() == ["0 PONG", "200 copied", "copied", "true"]


LEAVING = """
const { GenericContainer, Network } = require('testcontainers');
(async () => {
  const network = await new Network().start();
  await new GenericContainer('redis:7').withExposedPorts(6379).withNetwork(network).start();
  process.kill(process.pid, 'SIGKILL');
})();
"""


async def test_ryuk_reaps_what_a_killed_run_leaves_behind(client_env: dict[str, str]) -> None:
    async with MockDaemon() as mock, aiodocker.Docker(url=mock.docker_host) as client:
        client_env["DOCKER_HOST"] = mock.docker_host
        with pytest.raises(AssertionError):
            await run("node", "-e", LEAVING, **client_env)
        left = [container["Names"] for container in await client.containers.list()]
        assert len(left) == 2
        async with asyncio.timeout(60):
            # Ryuk waits ten seconds for its client to come back, and goes last, by itself.
            (ryuk,) = await client.containers.list(filters={"name": ["ryuk"]})
            await ryuk.wait(condition="removed")
        assert await client.containers.list(all=True) == []
        assert len(await client.networks.list()) == 3

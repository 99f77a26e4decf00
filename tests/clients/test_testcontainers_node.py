"""testcontainers (npm) as its users use it: wait strategies by log, port and HTTP, exec, copy, networks."""

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

"""dockerode, the Node client: images, a container's life, streams, exec."""

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run

pytestmark = pytest.mark.client("dockerode")

SCRIPT = """
const Docker = require('dockerode');
const { PassThrough } = require('stream');
const docker = new Docker({ socketPath: process.env.SOCKET });
const collect = () => {
  const stream = new PassThrough();
  const chunks = [];
  stream.on('data', chunk => chunks.push(chunk));
  stream.text = () => Buffer.concat(chunks).toString();
  return stream;
};
(async () => {
  const pull = await docker.pull('busybox:latest');
  await new Promise((done, failed) => docker.modem.followProgress(pull, error => error ? failed(error) : done()));
  const out = collect();
  const [result] = await docker.run('busybox', ['sh', '-c', 'echo out; echo err >&2; exit 3'], [out, collect()], { Tty: false });
  console.log(result.StatusCode, JSON.stringify(out.text()));
  const container = await docker.createContainer({ Image: 'busybox', Cmd: ['cat'], OpenStdin: true, StdinOnce: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, hijack: true });
  const echoed = collect();
  container.modem.demuxStream(stream, echoed, collect());
  await container.start();
  stream.write('typed');
  stream.end();
  await container.wait();
  console.log(echoed.text());
  const sleeper = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '100'] });
  await sleeper.start();
  const exec = await sleeper.exec({ Cmd: ['echo', 'by exec'], AttachStdout: true });
  const running = await exec.start({});
  const said = collect();
  sleeper.modem.demuxStream(running, said, collect());
  await new Promise(done => running.on('end', done));
  console.log(said.text().trim(), (await exec.inspect()).ExitCode);
  await docker.getContainer('nosuch').inspect().catch(error => console.log(error.statusCode, error.json.message));
})();
"""


async def test_what_people_do_with_it(client_env: dict[str, str]) -> None:
    async with MockDaemon() as mock:
        out = await run("node", "-e", SCRIPT, SOCKET=mock.socket_path, **client_env)
    assert out.splitlines() == [
        '3 "out\\n"',
        "typed",
        "by exec 0",
        "404 No such container: nosuch",
    ]

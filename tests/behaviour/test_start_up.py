"""What it costs to start: modules that only some daemons need are imported at their first use."""

import json
import subprocess
import sys

PING = """
import asyncio, json, sys
from mockerd import MockDaemon

async def main():
    async with MockDaemon() as mock:
        reader, writer = await asyncio.open_unix_connection(mock.socket_path)
        writer.write(b"GET /_ping HTTP/1.1\\r\\nHost: d\\r\\n\\r\\n")
        await reader.readuntil(b"\\r\\n\\r\\nOK")
        writer.close()

asyncio.run(main())
print(json.dumps(sorted(sys.modules)))
"""
NOT_YET = (
    "aiohttp.web",
    "daemon.engine.registry_client",
    "daemon.programs.shell",
    "daemon.programs.tools",
    "fake_registry",
    "h11",
    "pytest",
    "uvloop",
)


def test_a_daemon_that_was_only_pinged_has_imported_little() -> None:
    run = subprocess.run([sys.executable, "-c", PING], capture_output=True, text=True, check=True)
    loaded = json.loads(run.stdout)
    early = [name for name in loaded if any(name == n or name.startswith(n + ".") for n in NOT_YET)]
    assert early == []


def test_the_command_says_where_it_listens_and_returns_the_codes_of_what_it_runs() -> None:
    script = 'test -S "${DOCKER_HOST#unix://}" && exit 7'
    run = subprocess.run([sys.executable, "-m", "daemon", "run", "--", "sh", "-c", script])
    assert run.returncode == 7

"""What it costs to start: modules that only some daemons need are imported at their first use."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in the foreground, and the line that it prints once it listens."""
    command = [sys.executable, "-m", "daemon", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    host = f"unix://{tmp_path}/s"
    with serving("--host", host) as (process, line):
        assert line == f"export DOCKER_HOST={host}\n"
        process.send_signal(number)
        assert process.wait(10) == 0
        assert os.listdir(tmp_path) == []


def test_a_live_socket_is_refused_in_words(tmp_path: Path) -> None:
    host = f"unix://{tmp_path}/s"
    command = [sys.executable, "-m", "daemon", "--host", host]
    with serving("--host", host):
        second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 1
    assert second.stderr == f"mockerd: {host}: another daemon is listening there\n"
    # The first one was killed, so its socket is stale by now.
    with serving("--host", host) as (_process, line):
        assert line == f"export DOCKER_HOST={host}\n"


def test_user_networks_come_from_the_pools_given() -> None:
    from daemon.__main__ import parser

    options = parser().parse_args(["--default-address-pool", "base=10.0.0.0/8,size=24"])
    assert options.default_address_pools == [("10.0.0.0/8", 24)]


def test_another_package_of_the_same_name_is_named(tmp_path: Path) -> None:
    """python-daemon installs a package `daemon` too."""
    foreign = tmp_path / "daemon" / "__init__.py"
    foreign.parent.mkdir()
    foreign.write_text("")
    here = str(Path(__file__).parents[2])
    script = f"import sys; sys.path += [{here!r}]; import mockerd; mockerd.MockDaemon()"
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert f"the package `daemon` found ({foreign}) is not mockerd's" in run.stderr

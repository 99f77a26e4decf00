"""Entrypoints in the style of official images run through (the scripts beside this file are ours)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ExitStatus
from tests.daemon.programs.shell.box import PLAIN, Box

SCRIPTS = Path(__file__).parent / "entrypoints"


async def show(proc: Process) -> int:
    await proc.out(f"{proc.argv} as {proc.env.get('DB_USER')}/{proc.env.get('DB_PASSWORD')}\n")
    return 7


@pytest.fixture
async def box(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    for name in ("serve", "httpd", "as-user", "server", "start"):
        monkeypatch.setitem(PLAIN, name, show)
    box = Box()
    for script in SCRIPTS.glob("*.sh"):
        text = script.read_bytes()
        box.fs.write_bytes(f"/{script.name}", text, 0o755)
    yield box
    await box.close()


async def test_a_database_takes_its_secret_from_a_file(box: Box) -> None:
    box.fs.write_bytes("/secret", b"s3cret\n")
    box.fs.mkdir("/docker-init.d")
    box.fs.write_bytes("/docker-init.d/1.sql", b"create table t;\n")
    box.fs.write_bytes("/docker-init.d/2.sh", b"echo sourced in $FIRST_START start\n")
    box.fs.write_bytes("/docker-init.d/3.sh", b"#!/bin/sh\necho ran as $DB_USER\n", 0o755)
    box.fs.write_bytes("/docker-init.d/4.txt", b"")
    env = {"DB_PASSWORD_FILE": "/secret", "DATADIR": "/data"}
    status = await box.run(["/file-env.sh", "--port=1", "a b"], env=env)
    assert box.take() == (
        "[Note] [Entrypoint]: SQL: /docker-init.d/1.sql\n"
        "create table t;\n"
        "[Note] [Entrypoint]: SOURCE: /docker-init.d/2.sh\n"
        "sourced in true start\n"
        "[Note] [Entrypoint]: RUN: /docker-init.d/3.sh\n"
        "ran as admin\n"
        "[Note] [Entrypoint]: IGNORE: /docker-init.d/4.txt\n"
        "['serve', '--port=1', 'a b'] as admin/s3cret\n",
        "",
    )
    assert status == ExitStatus(7)


async def test_a_database_refuses_to_start_without_a_secret(box: Box) -> None:
    assert (await box.run(["/file-env.sh", "serve"], env={"DATADIR": "/data"})).code == 1
    assert "       You must specify DB_PASSWORD" in box.take()[1]
    both = {"DB_PASSWORD": "a", "DB_PASSWORD_FILE": "b", "DATADIR": "/data"}
    assert (await box.run(["/file-env.sh", "serve"], env=both)).code == 1
    assert "are exclusive" in box.take()[1]


async def test_a_web_server_configures_itself_from_a_template(box: Box) -> None:
    box.fs.mkdir("/docker-entrypoint.d")
    box.fs.write_bytes("/docker-entrypoint.d/10-a.sh", b"#!/bin/sh\necho launched\n", 0o755)
    box.fs.write_bytes("/docker-entrypoint.d/20-b.envsh", b"export HOST=from-envsh\n", 0o755)
    box.fs.write_bytes("/docker-entrypoint.d/30-c.sh", b"")
    box.fs.write_bytes("/etc/site.template", b'server "$HOST";\n  port ${PORT};\\n\nend')
    await box.run(["/conf-template.sh", "httpd", "-f"], env={"HOST": "x", "PORT": "8080"})
    assert box.fs.read_bytes("/etc/site.conf") == b'server "from-envsh";\n  port 8080;\\n\nend\n'
    out, err = box.take()
    assert err == ""
    assert out.splitlines()[1:5] == [
        "/conf-template.sh: Launching /docker-entrypoint.d/10-a.sh",
        "launched",
        "/conf-template.sh: Sourcing /docker-entrypoint.d/20-b.envsh",
        "/conf-template.sh: Ignoring /docker-entrypoint.d/30-c.sh, not executable",
    ]


async def test_a_cache_gives_up_root(box: Box) -> None:
    box.fs.write_bytes("/etc/passwd", b"root:x:0:0::/:/bin/sh\ncache:x:999:999::/:/bin/sh\n")
    await box.run(["/drop-root.sh", "--save", "60"])
    assert "['as-user', 'cache', '/drop-root.sh', 'server', '--save', '60']" in box.take()[0]


async def test_a_cache_runs_other_commands_as_they_are(box: Box) -> None:
    await box.run(["/drop-root.sh", "start", "x"])
    assert box.take()[0].startswith("0077\n['start', 'x']")


async def test_waiting_for_a_peer(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    async def probe(proc: Process) -> int:
        asked.append(proc.argv)
        return int(len(asked) < 2)

    monkeypatch.setitem(PLAIN, "probe", probe)
    box.install("probe")
    status = await box.run(["/wait-for.sh", "-t5", "db:5432", "--", "sh", "-c", "exit 4"])
    assert box.take() == (
        "try 1 of 5: db port 5432 does not answer\n"
        "db:5432 is there after 2 tries\n"
        "leaving with 4\n",
        "",
    )
    assert (status, asked[0]) == (ExitStatus(4), ["probe", "db", "5432"])
    assert (await box.run(["/wait-for.sh", "-z"])).code == 64


async def test_waiting_gives_up(box: Box) -> None:
    status = await box.run(["/wait-for.sh", "-q", "-t", "2", "db:1"])
    assert status.code == 1
    assert box.take()[0] == ""


async def test_a_stop_signal_is_passed_on(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    async def service(proc: Process) -> int:
        await proc.out("service up\n")
        await proc.sleep(60)
        return 0

    monkeypatch.setitem(PLAIN, "service", service)
    box.install("service")
    process = await box.start(["/signals.sh"])
    # Before "started" the script does not know its child yet.
    await box.until(lambda: b"service up" in box.stdout and b"started" in box.stdout)
    box.machine.signal(process.pid, Signal.SIGTERM)
    assert await box.machine.wait(process) == ExitStatus(0)
    assert box.take()[0].splitlines()[-2:] == ["stopping", "child ended with 143"]


async def test_settings_become_an_ini_file(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    async def names(proc: Process) -> int:
        await proc.out("".join(f"{name}\n" for name in proc.env))
        return 0

    monkeypatch.setitem(PLAIN, "compgen_like", names)
    box.install("compgen_like")
    env = {"APP_WEB_PORT": "80", "APP_DB_USER_NAME": "u v", "APP_WEB_HOST": "h", "OTHER": "x"}
    status = await box.run(["/settings.sh", "/etc/app.ini"], env=env)
    assert box.take() == ("wrote 7 lines, 2 sections\n", "")
    assert status == ExitStatus(0)
    assert box.fs.read_bytes("/etc/app.ini") == (
        b"[db]\nuser-name = u v\n\n[web]\nhost = h\nport = 80\n\n"
    )

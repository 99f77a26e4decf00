"""postgres and its tools: the log, the greeting, the few statements, and what is refused."""

import pytest

from tests.daemon.programs.network import Container, Lan, Running

READY = "database system is ready to accept connections"


@pytest.fixture
async def db(lan: Lan) -> Container:
    tools = {f"bin_{name}": f"postgres/{name}" for name in ("postgres", "initdb", "psql")}
    db = lan.container("db", **tools)
    for path, program in (
        ("/bin/pg_ctl", "pg_ctl"),
        ("/bin/pg_isready", "pg_isready"),
        ("/bin/pg_dump", "pg_dump"),
    ):
        db.add(path, f"postgres/{program}")
    return db


async def started(db: Container, *words: str) -> Running:
    return await (await db.start("postgres", *words, POSTGRES_PASSWORD="secret")).said(READY)


async def test_it_says_what_postgres_says_at_its_start(db: Container) -> None:
    running = await started(db)
    lines = [line.partition("LOG:  ")[2] for line in running.err.splitlines()]
    assert lines[0].startswith("starting PostgreSQL 18.1 on x86_64")
    assert lines[1] == 'listening on IPv4 address "0.0.0.0", port 5432'
    assert lines[-1] == READY


async def test_pg_isready(db: Container) -> None:
    assert await db.run("pg_isready") == (2, "/var/run/postgresql:5432 - no response\n", "")
    await started(db)
    assert await db.run("pg_isready") == (
        0,
        "/var/run/postgresql:5432 - accepting connections\n",
        "",
    )
    assert (await db.run("pg_isready", "-h", "localhost", "-q"))[:2] == (0, "")


@pytest.mark.parametrize(
    ("statement", "out"),
    [
        ("select 1", " ?column? \n----------\n        1\n(1 row)\n\n"),
        ("select 1 as ok, 'two'", " ok | ?column? \n----+----------\n  1 | two\n(1 row)\n\n"),
        ("begin; commit", "BEGIN\nCOMMIT\n"),
        ("show server_version", " server_version \n----------------\n 18.1\n(1 row)\n\n"),
    ],
)
async def test_statements_that_need_no_data(db: Container, statement: str, out: str) -> None:
    await started(db)
    code, shown, _ = await db.run("psql", "-U", "postgres", "-c", statement)
    assert code == 0
    assert [line.rstrip() for line in shown.splitlines()] == [
        line.rstrip() for line in out.splitlines()
    ]


async def test_other_statements_are_refused_clearly(db: Container) -> None:
    await started(db)
    code, _, err = await db.run("psql", "-U", "postgres", "-c", "create table t (x int)")
    assert code == 1
    assert err.startswith("ERROR:  CREATE is not simulated\nHINT:  ")


async def test_statements_from_standard_input(db: Container) -> None:
    await started(db)
    out = await db.run("psql", "-U", "postgres", "-tA", stdin=b"select 1;\nselect 'a;b',\n 2;\n")
    assert out == (0, "1\na;b|2\n", "")


async def test_the_password_is_wanted_from_outside_only(lan: Lan, db: Container) -> None:
    await started(db)
    client = lan.container("client", bin_psql="postgres/psql")
    words = ("psql", "-h", "db", "-U", "postgres", "-tAc", "select 1")
    code, _, err = await client.run(*words, PGPASSWORD="wrong")
    assert code == 2
    assert 'FATAL:  password authentication failed for user "postgres"' in err
    assert await client.run(*words, PGPASSWORD="secret") == (0, "1\n", "")


async def test_nobody_there(db: Container) -> None:
    code, _, err = await db.run("psql", "-h", "localhost", "-c", "select 1")
    assert code == 2
    assert 'connection to server at "localhost", port 5432 failed: Connection refused' in err


@pytest.mark.parametrize(("signum", "word"), [(15, "smart"), (2, "fast")])
async def test_it_ends_by_its_signals(db: Container, signum: int, word: str) -> None:
    running = await started(db)
    db.machine.signal(running.process.pid, signum)
    assert await running.ended() == 0
    assert f"received {word} shutdown request" in running.err
    assert running.err.endswith("database system is shut down\n")


async def test_a_cluster_is_made_started_and_stopped(db: Container) -> None:
    assert (await db.run("initdb", "-D", "/data", "--username=postgres"))[0] == 0
    assert db.fs.read_bytes("/data/PG_VERSION") == b"18\n"
    env = {"PGDATA": "/data"}
    _, out, err = await db.run("pg_ctl", "-o", "-c listen_addresses=''", "-w", "start", **env)
    assert out == "waiting for server to start.... done\nserver started\n"
    assert READY in err
    assert "IPv4" not in err
    _, out, _ = await db.run("pg_ctl", "-m", "fast", "-w", "stop", **env)
    assert out == "waiting for server to shut down.... done\nserver stopped\n"


async def test_what_would_need_data_says_so(db: Container) -> None:
    code, _, err = await db.run("pg_dump")
    assert (code, err) == (
        1,
        "pg_dump: error: mockerd's PostgreSQL keeps no data, pg_dump is not simulated\n",
    )

"""mysqld, mariadbd and their clients."""

import pytest

from tests.daemon.programs.network import Container, Lan, Running

PASSWORD = {"MYSQL_ROOT_PASSWORD": "secret"}


@pytest.fixture
async def db(lan: Lan) -> Container:
    names = ("mysqld", "mariadbd", "mysqladmin", "mysql")
    return lan.container("db", **{f"bin_{name}": f"mysql/{name}" for name in names})


async def started(db: Container, name: str = "mysqld") -> Running:
    return await (await db.start(name, **PASSWORD)).said("ready for connections.")


async def test_mysql_says_when_it_is_ready(db: Container) -> None:
    running = await started(db)
    assert "[Server] /usr/sbin/mysqld (mysqld 9.5.0) starting as process " in running.err
    last = running.err.splitlines()[-1]
    assert (
        "ready for connections. Version: '9.5.0'  socket: '/var/run/mysqld/mysqld.sock'  port: 3306"
        in last
    )


async def test_mariadb_has_its_own_words(db: Container) -> None:
    running = await started(db, "mariadbd")
    await running.said("port: 3306  mariadb.org binary distribution")
    code, out, _ = await db.run("mysql", "-uroot", "-psecret", "-Ne", "select version()")
    assert (code, out) == (0, "12.0.2-MariaDB-ubu2404\n")


async def test_mysqladmin_ping(db: Container) -> None:
    code, _, err = await db.run("mysqladmin", "ping", "-h", "localhost")
    assert code == 1
    assert (
        "Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (2)"
        in err
    )
    await started(db)
    assert (await db.run("mysqladmin", "ping", "-h", "127.0.0.1"))[:2] == (0, "mysqld is alive\n")


@pytest.mark.parametrize(
    ("statement", "out"),
    [
        ("select 1", "1\n1\n"),
        ("select @@version as v, 'x'", "v\tx\n9.5.0\tx\n"),
        ("set names utf8mb4; select database()", "database()\n\n"),
        ("show variables like 'lower_case%'", "Variable_name\tValue\nlower_case_table_names\t0\n"),
    ],
)
async def test_statements_that_need_no_data(db: Container, statement: str, out: str) -> None:
    await started(db)
    assert (await db.run("mysql", "-uroot", "-psecret", "-e", statement))[:2] == (0, out)


async def test_other_statements_are_refused_clearly(db: Container) -> None:
    await started(db)
    code, _, err = await db.run("mysql", "-uroot", "-psecret", stdin=b"create table t (x int);\n")
    assert code == 1
    assert "ERROR 1235 (42000) at line 1: CREATE is not simulated" in err


async def test_a_wrong_password_is_refused(lan: Lan, db: Container) -> None:
    await started(db)
    client = lan.container("client", bin_mysql="mysql/mysql")
    code, _, err = await client.run("mysql", "-h", "db", "-uroot", "-pwrong", "-e", "select 1")
    assert code == 1
    assert (
        f"ERROR 1045 (HY000): Access denied for user 'root'@'{client.address}' (using password: YES)"
        in err
    )
    assert (await client.run("mysql", "-h", "db", "-uroot", "-psecret", "-Ne", "select 1"))[:2] == (
        0,
        "1\n",
    )


async def test_a_server_in_the_background_is_shut_down_by_its_client(db: Container) -> None:
    code, _, err = await db.run("mysqld", "--daemonize", "--skip-networking", **PASSWORD)
    assert code == 0
    assert "port: 0 " in err
    assert (await db.run("mysqladmin", "-uroot", "-psecret", "shutdown"))[0] == 0


async def test_it_ends_by_sigterm(db: Container) -> None:
    running = await started(db)
    db.machine.signal(running.process.pid, 15)
    assert await running.ended() == 0
    assert "[Server] /usr/sbin/mysqld: Shutdown complete (mysqld 9.5.0)" in running.err

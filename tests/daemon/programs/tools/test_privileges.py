"""gosu, su-exec and setpriv become somebody else and then the command."""

from collections.abc import Callable

import pytest

from daemon.fs.nodes import Credentials


@pytest.mark.parametrize(
    "argv",
    [
        ["gosu", "ann"],
        ["su-exec", "ann"],
        ["setpriv", "--reuid=ann", "--regid=ann", "--init-groups"],
        ["runuser", "-u", "ann", "--"],
    ],
)
async def test_the_command_runs_as_the_user(gnu: Callable, argv: list[str]) -> None:
    assert (await gnu.run(*argv, "id", "-un")).text == "ann\n"


async def test_a_group_may_be_named(gnu: Callable) -> None:
    assert (await gnu.run("gosu", "ann:wheel", "id", "-gn")).text == "wheel\n"


async def test_the_process_stays_the_same(gnu: Callable) -> None:
    process = await gnu.start("gosu", "ann", "sleep", "1000")
    await gnu.until(lambda: process.name == "sleep")
    assert (process.pid, process.cred.uid) == (1, 1000)


async def test_an_unknown_user_is_an_error(gnu: Callable) -> None:
    result = await gnu.run("gosu", "nosuch", "true")
    assert result.code == 1
    assert "unable to find user nosuch" in result.complaint


async def test_only_root_may_change(gnu: Callable) -> None:
    result = await gnu.run("gosu", "root", "true", cred=Credentials(1000, 1000))
    assert result.code == 1
    assert "operation not permitted" in result.complaint

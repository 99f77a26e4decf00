"""useradd, usermod, groupadd and their kin, with shadow's exit codes."""

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["bob"], "bob:x:1001:1001::/home/bob:/bin/sh"),
        (["-m", "-s", "/bin/bash", "bob"], "bob:x:1001:1001::/home/bob:/bin/bash"),
        (["-r", "-M", "bob"], "bob:x:999:999::/home/bob:/bin/sh"),
        (["-u", "42", "-g", "ann", "-c", "Bob", "bob"], "bob:x:42:1000:Bob:/home/bob:/bin/sh"),
        (["--system", "--uid", "70", "--no-create-home", "bob"], "bob:x:70:70::/home/bob:/bin/sh"),
    ],
)
async def test_useradd_adds_a_line(gnu: Callable, argv: list[str], line: str) -> None:
    assert (await gnu.run("useradd", *argv)).code == 0
    assert gnu.fs.read_bytes("/etc/passwd").decode().splitlines()[-1] == line


@pytest.mark.parametrize(
    ("argv", "code", "complaint"),
    [
        (["useradd", "ann"], 9, "useradd: user 'ann' already exists\n"),
        (["useradd", "-g", "nosuch", "bob"], 6, "useradd: group 'nosuch' does not exist\n"),
        (["useradd", "-u", "1000", "bob"], 4, "useradd: UID 1000 is not unique\n"),
        (["groupadd", "ann"], 9, "groupadd: group 'ann' already exists\n"),
        (["userdel", "nosuch"], 6, "userdel: user 'nosuch' does not exist\n"),
        (["usermod", "-s", "/x", "nosuch"], 6, "usermod: user 'nosuch' does not exist\n"),
        (["groupdel", "ann"], 8, "groupdel: cannot remove the primary group of user 'ann'\n"),
    ],
)
async def test_a_refusal_has_its_code(
    gnu: Callable, argv: list[str], code: int, complaint: str
) -> None:
    result = await gnu.run(*argv)
    assert (result.code, result.complaint) == (code, complaint)


async def test_usermod_changes_groups_and_shell(gnu: Callable) -> None:
    await gnu.run("groupadd", "-g", "50", "crew")
    assert (await gnu.run("usermod", "-aG", "crew", "-s", "/bin/zsh", "ann")).code == 0
    assert (await gnu.run("id", "-Gn", "ann")).text == "ann wheel crew\n"
    assert b"ann:x:1000:1000:Ann:/home/ann:/bin/zsh\n" in gnu.fs.read_bytes("/etc/passwd")

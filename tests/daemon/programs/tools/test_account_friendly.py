"""adduser, addgroup and their kin change the files that id reads."""

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["-D", "bob"], "bob:x:1001:1001:Linux User,,,:/home/bob:/bin/sh"),
        (["-D", "-u", "1500", "bob"], "bob:x:1500:1500:Linux User,,,:/home/bob:/bin/sh"),
        (["-S", "-D", "-H", "bob"], "bob:x:100:65533:Linux User,,,:/home/bob:/sbin/nologin"),
        (
            ["-D", "-G", "ann", "-s", "/bin/false", "bob"],
            "bob:x:1001:1000:Linux User,,,:/home/bob:/bin/false",
        ),
        (["-D", "-h", "/srv", "-g", "", "bob"], "bob:x:1001:1001::/srv:/bin/sh"),
    ],
)
async def test_busybox_adduser_adds_a_line(busybox: Callable, argv: list[str], line: str) -> None:
    busybox.fs.write_bytes("/etc/group", b"root:x:0:\nann:x:1000:\nnogroup:x:65533:\n")
    assert (await busybox.run("adduser", *argv)).code == 0
    passwd = busybox.fs.read_bytes("/etc/passwd").decode().splitlines()
    assert passwd[-1] == line


async def test_the_home_folder_belongs_to_the_user(busybox: Callable) -> None:
    await busybox.run("adduser", "-D", "bob")
    info = busybox.fs.stat("/home/bob")
    assert (info.uid, info.gid, info.mode & 0o7777) == (1001, 1001, 0o2755)


async def test_a_name_in_use_is_refused(busybox: Callable) -> None:
    result = await busybox.run("adduser", "-D", "ann")
    assert (result.code, result.complaint) == (1, "adduser: user 'ann' in use\n")


async def test_a_user_joins_and_leaves_a_group(busybox: Callable) -> None:
    await busybox.run("addgroup", "-g", "50", "crew")
    await busybox.run("addgroup", "ann", "crew")
    assert (await busybox.run("id", "-Gn", "ann")).text == "ann wheel crew\n"
    await busybox.run("delgroup", "ann", "crew")
    assert (await busybox.run("id", "-Gn", "ann")).text == "ann wheel\n"


async def test_debians_adduser_tells_what_it_does(gnu: Callable) -> None:
    result = await gnu.run("adduser", "--system", "--group", "--no-create-home", "app")
    assert result.text.startswith("Adding system user `app' (UID 100) ...\n")
    assert (await gnu.run("id", "app")).text.startswith("uid=100(app) gid=100(app)")


async def test_a_user_goes_with_the_home(busybox: Callable) -> None:
    await busybox.run("adduser", "-D", "bob")
    assert (await busybox.run("deluser", "--remove-home", "bob")).code == 0
    assert not busybox.fs.exists("/home/bob")
    assert (await busybox.run("id", "bob")).code == 1


async def test_only_root_may(busybox: Callable) -> None:
    from daemon.fs.nodes import Credentials

    assert (await busybox.run("adduser", "-D", "bob", cred=Credentials(1000, 1000))).code == 1

"""apk installs what Alpine has, and remembers it."""

from collections.abc import Callable

import pytest

from api_schema.simulated_binary import program_of, simulated_binary

DATABASE = "P:busybox\nV:1.37.0-r18\nA:x86_64\n\n"
REPOSITORY = "https://dl-cdn.alpinelinux.org/alpine/v3.22/main"


@pytest.fixture
async def alpine(busybox: Callable) -> Callable:
    for folder in ("/lib/apk/db", "/etc/apk", "/usr/bin", "/sbin"):
        busybox.fs.makedirs(folder)
    busybox.fs.write_bytes("/lib/apk/db/installed", DATABASE.encode())
    busybox.fs.write_bytes("/etc/apk/world", b"busybox\n")
    busybox.fs.write_bytes("/etc/apk/repositories", f"{REPOSITORY}\n".encode())
    busybox.fs.write_bytes("/etc/alpine-release", b"3.22.2\n")
    busybox.fs.write_bytes("/bin/apk", simulated_binary("apk/apk"), 0o755)
    return busybox


async def test_add_prints_fetches_and_installs(alpine: Callable) -> None:
    result = await alpine.run("apk", "add", "--no-cache", "curl")
    assert result.code == 0
    assert result.text == (
        f"fetch {REPOSITORY}/x86_64/APKINDEX.tar.gz\n"
        "(1/1) Installing curl (8.14.1-r2)\n"
        "Executing busybox-1.37.0-r18.trigger\n"
        "OK: 9 MiB in 2 packages\n"
    )
    assert program_of(alpine.fs.read_bytes("/usr/bin/curl")) == "gnu/curl"


async def test_an_unknown_package_is_named(alpine: Callable) -> None:
    result = await alpine.run("apk", "add", "curl", "nosuchthing")
    assert result.code == 1
    assert result.complaint == (
        "ERROR: unable to select packages:\n  nosuchthing (no such package):\n"
        "    required by: world[nosuchthing]\n"
    )


async def test_what_is_installed_is_not_installed_again(alpine: Callable) -> None:
    await alpine.run("apk", "add", "-q", "curl")
    assert "Installing" not in (await alpine.run("apk", "add", "curl")).text
    assert (await alpine.run("apk", "info", "-e", "curl")).text == "curl\n"


async def test_a_virtual_package_takes_its_own_away(alpine: Callable) -> None:
    await alpine.run("apk", "add", "--virtual", ".deps", "gcc", "musl-dev")
    assert alpine.fs.exists("/usr/bin/gcc")
    result = await alpine.run("apk", "del", ".deps")
    assert result.text.count("Purging") == 3
    assert not alpine.fs.exists("/usr/bin/gcc")


async def test_a_stub_knows_its_version(alpine: Callable) -> None:
    await alpine.run("apk", "add", "-q", "git")
    result = await alpine.run("/usr/bin/git", "--version")
    assert result.text.startswith("git version ")

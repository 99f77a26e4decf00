"""apt-get finds nothing before an update, asks without -y, and keeps dpkg's status file."""

from collections.abc import Callable

import pytest

from api_schema.simulated_binary import simulated_binary

SOURCES = "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\n"
STATUS = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2+b9\nDescription: GNU Bourne Again SHell\n\n"


@pytest.fixture
async def debian(gnu: Callable) -> Callable:
    for folder in (
        "/var/lib/dpkg/info",
        "/var/lib/apt/lists",
        "/etc/apt/sources.list.d",
        "/usr/bin",
    ):
        gnu.fs.makedirs(folder)
    gnu.fs.write_bytes("/etc/apt/sources.list.d/debian.sources", SOURCES.encode())
    gnu.fs.write_bytes("/var/lib/dpkg/status", STATUS.encode())
    for program in ("apt/apt-get", "dpkg/dpkg", "dpkg/dpkg-query"):
        name = program.partition("/")[2]
        gnu.fs.write_bytes(f"/bin/{name}", simulated_binary(program), 0o755)
    return gnu


async def test_nothing_is_found_before_an_update(debian: Callable) -> None:
    result = await debian.run("apt-get", "install", "-y", "curl")
    assert (result.code, result.complaint) == (100, "E: Unable to locate package curl\n")


async def test_after_an_update_it_is_installed(debian: Callable) -> None:
    assert (
        "Get:1 http://deb.debian.org/debian bookworm InRelease"
        in (await debian.run("apt-get", "update")).text
    )
    result = await debian.run("apt-get", "install", "-y", "--no-install-recommends", "curl")
    assert result.code == 0
    assert "Setting up curl (7.88.1-10+deb12u14) ...\n" in result.text
    assert debian.fs.exists("/usr/bin/curl")
    assert "ii  curl" in (await debian.run("dpkg", "-l", "curl")).text


async def test_it_asks_and_an_end_of_input_is_no(debian: Callable) -> None:
    await debian.run("apt-get", "update")
    result = await debian.run("apt-get", "install", "curl")
    assert result.code == 1
    assert result.text.endswith("Do you want to continue? [Y/n] Abort.\n")


async def test_quiet_is_quiet(debian: Callable) -> None:
    assert (await debian.run("apt-get", "update", "-qq")).text == ""


async def test_dpkg_query_fills_a_format(debian: Callable) -> None:
    result = await debian.run("dpkg-query", "-W", "-f", "${Package} ${Version}\\n", "bash")
    assert result.text == "bash 5.2.15-2+b9\n"


async def test_an_unknown_package_has_no_status(debian: Callable) -> None:
    result = await debian.run("dpkg", "-s", "nosuch")
    assert result.code == 1
    assert result.complaint.startswith("dpkg-query: package 'nosuch' is not installed")

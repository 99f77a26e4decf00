"""Claims about files that the comparison with the host does not make."""

import os
import stat

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.nodes import Credentials

USER = Credentials(1000, 1000)


def test_relative_paths_start_at_the_cwd(memory: Filesystem) -> None:
    memory.makedirs("/a/b")
    memory.write_bytes("f", b"x", cwd="/a/b")
    assert memory.realpath("../b/./f", cwd="/a/b") == "/a/b/f"


def test_a_cwd_that_is_gone_has_no_files(memory: Filesystem) -> None:
    with pytest.raises(FileNotFoundError):
        memory.listdir(".", cwd="/gone")


def test_dot_dot_of_the_root_is_the_root(memory: Filesystem) -> None:
    memory.mkdir("/a")
    assert memory.realpath("/../../a/../..") == "/"


def test_long_names_and_link_loops_have_their_errors(memory: Filesystem) -> None:
    memory.symlink("loop", "/loop")
    with pytest.raises(OSError, match="Too many levels"):
        memory.stat("/loop")
    with pytest.raises(OSError, match="File name too long"):
        memory.stat("/" + "é" * 128)
    with pytest.raises(OSError, match="File name too long"):
        memory.stat("/a" * 2048)


def test_no_file_is_made_under_a_name_with_a_slash(memory: Filesystem) -> None:
    memory.symlink("loop", "/loop")
    for name in ("/loop/", "/new/"):
        with pytest.raises(IsADirectoryError):
            memory.open(name, os.O_CREAT | os.O_RDWR)


def test_names_may_be_any_bytes(memory: Filesystem) -> None:
    name = os.fsdecode(b"/\xff\xfe")
    memory.write_bytes(name, b"x")
    assert memory.listdir("/") == [name[1:]]


def test_an_open_file_knows_its_canonical_path(memory: Filesystem) -> None:
    memory.mkdir("/a")
    memory.symlink("/a", "/l")
    file = memory.open("/l/../l/f", os.O_CREAT | os.O_RDWR)
    assert file.path == "/a/f"
    file.close()


def test_permissions_are_the_askers(memory: Filesystem) -> None:
    memory.mkdir("/home", 0o755)
    memory.chown("/home", 1000, 1000)
    memory.write_bytes("/home/f", b"x", 0o600, who=USER)
    assert memory.read_bytes("/home/f") == b"x"
    with pytest.raises(PermissionError):
        memory.read_bytes("/home/f", who=Credentials(1001, 1000))


def test_devices_open_but_do_nothing_here(memory: Filesystem) -> None:
    memory.mknod("/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    file = memory.open("/null", os.O_RDWR)
    assert stat.S_ISCHR(file.stat().mode)
    assert file.stat().rdev == os.makedev(1, 3)
    with pytest.raises(OSError, match="Invalid argument"):
        file.pread(1, 0)
    file.close()


def test_only_root_makes_devices(memory: Filesystem) -> None:
    memory.mkdir("/tmp", 0o1777)
    with pytest.raises(PermissionError):
        memory.mknod("/tmp/null", stat.S_IFCHR, 0x103, who=USER)
    memory.mknod("/tmp/fifo", stat.S_IFIFO | 0o600, who=USER)

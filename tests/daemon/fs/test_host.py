"""Live bind mounts: both sides see each other's edits, and nothing of the host but what was bound."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.host import HostTree
from daemon.fs.nodes import Credentials


@pytest.fixture
def bound(memory: Filesystem, tmp_path: Path) -> Filesystem:
    memory.mount("/b", HostTree(str(tmp_path)))
    return memory


def test_edits_show_on_both_sides_at_once(bound: Filesystem, tmp_path: Path) -> None:
    (tmp_path / "page").write_text("from the host")
    assert bound.read_bytes("/b/page") == b"from the host"
    bound.write_bytes("/b/page", b"from inside")
    assert (tmp_path / "page").read_text() == "from inside"
    assert bound.listdir("/b") == ["page"]


def test_a_symlink_leads_to_the_containers_file(bound: Filesystem, tmp_path: Path) -> None:
    secret = tmp_path.parent / "secret"
    secret.write_text("the host's")
    bound.makedirs(str(tmp_path.parent))
    bound.write_bytes(str(secret), b"the container's")
    (tmp_path / "out").symlink_to(secret)
    (tmp_path / "up").symlink_to("../secret")
    assert bound.read_bytes("/b/out") == b"the container's"
    assert not bound.exists("/b/up")


def test_dot_dot_leaves_the_bind_into_the_container(bound: Filesystem) -> None:
    bound.write_bytes("/here", b"")
    assert bound.exists("/b/../here")


def test_fifos_and_sockets_are_shown_but_never_opened(bound: Filesystem, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        fifo = bound.open("/b/fifo", os.O_RDONLY)
        assert stat.S_ISFIFO(fifo.stat().mode)
        fifo.close()
        assert stat.S_ISSOCK(bound.stat("/b/socket").mode)
        with pytest.raises(OSError, match="No such device"):
            bound.open("/b/socket", os.O_RDONLY)


def test_devices_cannot_be_made_on_the_host(bound: Filesystem) -> None:
    with pytest.raises(PermissionError):
        bound.mknod("/b/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))


def test_the_daemons_own_files_are_roots(bound: Filesystem, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    seen = bound.stat("/b/f")
    assert (seen.uid, seen.gid) == (0, 0)


def test_chown_is_remembered_and_the_host_is_left_alone(bound: Filesystem, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    before = (tmp_path / "f").stat()
    bound.chown("/b/f", 1000, 1001)
    bound.rename("/b/f", "/b/g")
    seen, after = bound.stat("/b/g"), (tmp_path / "g").stat()
    assert (seen.uid, seen.gid) == (1000, 1001)
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_what_a_user_makes_is_that_users(bound: Filesystem) -> None:
    user = Credentials(1000, 1000)
    bound.chmod("/b", 0o777)
    bound.open("/b/f", os.O_CREAT | os.O_WRONLY, 0o600, who=user).close()
    assert bound.stat("/b/f").uid == 1000
    assert bound.read_bytes("/b/f", who=user) == b""
    with pytest.raises(PermissionError):
        bound.read_bytes("/b/f", who=Credentials(1001, 1001))


def test_setuid_bits_stay_inside(bound: Filesystem, tmp_path: Path) -> None:
    bound.write_bytes("/b/su", b"")
    bound.chmod("/b/su", 0o4755)
    assert bound.stat("/b/su").mode & 0o7777 == 0o4755
    assert (tmp_path / "su").stat().st_mode & 0o7777 == 0o755


def test_a_new_file_has_the_mode_asked_for(bound: Filesystem, tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        bound.mkdir("/b/d", 0o755)
        bound.write_bytes("/b/d/f", b"", 0o666)
    finally:
        os.umask(mask)
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "d/f").stat().st_mode & 0o777 == 0o666


def test_a_single_file_can_be_bound(memory: Filesystem, tmp_path: Path) -> None:
    file = tmp_path / "conf"
    file.write_text("old")
    memory.mount("/etc/conf", HostTree(str(file)))
    memory.write_bytes("/etc/conf", b"new")
    assert file.read_text() == "new"
    with pytest.raises(OSError, match="busy"):
        memory.unlink("/etc/conf")


def test_a_read_only_bind_is_not_written(memory: Filesystem, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    memory.mount("/b", HostTree(str(tmp_path)), readonly=True)
    for refused in (
        lambda: memory.write_bytes("/b/f", b"x"),
        lambda: memory.unlink("/b/f"),
        lambda: memory.mkdir("/b/d"),
        lambda: memory.chmod("/b/f", 0o600),
    ):
        with pytest.raises(OSError, match="Read-only"):
            refused()


def test_a_bind_inside_a_bind(memory: Filesystem, tmp_path: Path) -> None:
    (tmp_path / "outer/inner").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    memory.mount("/b", HostTree(str(tmp_path / "outer")))
    memory.mount("/b/inner", HostTree(str(tmp_path / "other")))
    memory.write_bytes("/b/inner/f", b"x")
    assert (tmp_path / "other/f").exists()
    assert os.listdir(tmp_path / "outer/inner") == []


def test_errors_do_not_name_the_hosts_paths(bound: Filesystem, tmp_path: Path) -> None:
    (tmp_path / "d/e").mkdir(parents=True)
    with pytest.raises(OSError, match="not empty") as caught:
        bound.rmdir("/b/d")
    assert str(tmp_path) not in str(caught.value)


def test_hard_links_and_appends(bound: Filesystem, tmp_path: Path) -> None:
    bound.write_bytes("/b/f", b"one")
    bound.link("/b/f", "/b/g")
    file = bound.open("/b/g", os.O_WRONLY | os.O_APPEND)
    file.append(b" two")
    file.close()
    assert (tmp_path / "f").read_text() == "one two"
    assert bound.stat("/b/f").nlink == 2


def test_no_descriptor_is_left_behind(bound: Filesystem, tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    count: Callable[[], int] = lambda: len(os.listdir("/proc/self/fd"))  # noqa: E731
    before = count()
    for _ in range(5):
        bound.stat("/b/a/b")
        bound.listdir("/b/a")
        bound.write_bytes("/b/a/f", b"x")
    assert count() == before

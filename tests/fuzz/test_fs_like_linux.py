"""The same system calls on a folder of the host's and on our trees give the same answers and leave the same files."""

import contextlib
import io
import itertools
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.host import HostTree
from daemon.fs.layers import LayerStore
from daemon.fs.memory import MemoryTree
from daemon.fs.nodes import ROOT, Credentials
from tests.daemon.fs.conftest import tar_of

DEEP = "l/" * 12
"""How far below both roots the test works, so that ".." does not get out."""
EXAMPLES = int(os.environ.get("MOCKERD_FUZZ_EXAMPLES", "150"))
USERS = [ROOT, Credentials(1000, 1000), Credentials(1001, 1001, (1000,))]
MYSELF = Credentials(os.geteuid(), os.getegid(), tuple(os.getgroups()))
IMAGE = [
    ("a", None),
    ("a/b", None),
    ("a/b/f", b"lower"),
    ("c", None),
    ("d", b"d"),
    ("e", "-> a/b"),
    ("f", "= d"),
]

names = st.sampled_from(["a", "b", "c", "d", "e", "f"])
parts = st.lists(names | st.sampled_from([".", ".."]) | names, min_size=1, max_size=3)
paths = st.builds(lambda p, slash: "/".join(p) + slash, parts, st.sampled_from(["", "", "", "/"]))
modes = st.sampled_from([0o755, 0o700, 0o000, 0o777, 0o1775, 0o2775, 0o644, 0o4755, 0o6711])
ids = st.sampled_from([-1, 0, 1000, 1001])
flags = st.sampled_from(
    [
        os.O_RDONLY,
        os.O_WRONLY,
        os.O_RDWR | os.O_CREAT,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL,
        os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
        os.O_RDONLY | os.O_TRUNC,
        os.O_RDONLY | os.O_DIRECTORY,
        os.O_RDONLY | os.O_NOFOLLOW,
        os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW,
        os.O_RDONLY | os.O_CREAT | os.O_DIRECTORY,
    ]
)
datas = st.sampled_from([b"", b"x", b"hello" * 3, b"y" * 5000, b"z" * 20000])
offsets = st.sampled_from([0, 1, 4095, 4096, 10000])
sizes = st.sampled_from([0, 1, 10, 4096, 30000])
accesses = st.sampled_from([os.F_OK, os.R_OK, os.W_OK, os.X_OK, os.R_OK | os.X_OK])

operations = st.one_of(
    st.tuples(st.just("mkdir"), paths, modes),
    st.tuples(st.just("rmdir"), paths),
    st.tuples(st.just("unlink"), paths),
    st.tuples(st.just("rename"), paths, paths),
    st.tuples(st.just("link"), paths, paths),
    st.tuples(st.just("symlink"), paths, paths),
    st.tuples(st.just("write"), paths, flags, modes, datas, offsets),
    st.tuples(st.just("read"), paths, flags),
    st.tuples(st.just("truncate"), paths, sizes),
    st.tuples(st.just("chmod"), paths, modes),
    st.tuples(st.just("chown"), paths, ids, ids, st.booleans()),
    st.tuples(st.just("stat"), paths, st.booleans()),
    st.tuples(st.just("listdir"), paths),
    st.tuples(st.just("readlink"), paths),
    st.tuples(st.just("access"), paths, accesses),
    st.tuples(st.just("fifo"), paths, modes),
    st.tuples(st.just("utime"), paths),
)
PRELUDE: list[tuple[tuple[Any, ...], Credentials]] = [
    (("mkdir", "a", 0o777), ROOT),
    (("mkdir", "a/b", 0o1775), USERS[1]),
    (("mkdir", "c", 0o2777), ROOT),
    (("write", "a/b/f", os.O_WRONLY | os.O_CREAT, 0o664, b"user's", 0), USERS[1]),
    (("write", "c/d", os.O_WRONLY | os.O_CREAT, 0o6755, b"set", 0), USERS[2]),
    (("symlink", "e", "a/b"), ROOT),
    (("symlink", "f", "nowhere"), ROOT),
    (("chmod", ".", 0o777), ROOT),
]
OPEN_TO_ALL: list[tuple[tuple[Any, ...], Credentials]] = [
    (("chmod", ".", 0o777), ROOT),
    (("chmod", "a", 0o777), ROOT),
    (("chown", "d", 1000, 1000, True), ROOT),
]
scripts = st.lists(st.tuples(operations, st.sampled_from(USERS)), min_size=1, max_size=25)


class Host:
    """The calls on a real folder, as another user where the test runs as root."""

    def __init__(self, base: str) -> None:
        self.base = base

    def run(self, name: str, path: str, *args: Any, who: Credentials) -> object:
        call: Callable[..., object] = getattr(self, name)
        with acting_as(who):
            return call(f"{self.base}/{path}", *args)

    def mkdir(self, path: str, mode: int) -> None:
        os.mkdir(path, mode)

    def rmdir(self, path: str) -> None:
        os.rmdir(path)

    def unlink(self, path: str) -> None:
        os.unlink(path)

    def rename(self, path: str, new: str) -> None:
        os.rename(path, f"{self.base}/{new}")

    def link(self, path: str, new: str) -> None:
        os.link(path, f"{self.base}/{new}", follow_symlinks=False)

    def symlink(self, path: str, target: str) -> None:
        os.symlink(target, path)

    def write(self, path: str, flags: int, mode: int, data: bytes, offset: int) -> int:
        descriptor = os.open(path, flags | os.O_NONBLOCK, mode)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return os.pwrite(descriptor, data, offset)
            return 0
        finally:
            os.close(descriptor)

    def read(self, path: str, flags: int) -> bytes:
        descriptor = os.open(path, flags | os.O_NONBLOCK)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return os.pread(descriptor, 100_000, 0)
            return b"special"
        finally:
            os.close(descriptor)

    def truncate(self, path: str, size: int) -> None:
        os.truncate(path, size)

    def chmod(self, path: str, mode: int) -> None:
        os.chmod(path, mode)

    def chown(self, path: str, uid: int, gid: int, follow: bool) -> None:
        os.chown(path, uid, gid, follow_symlinks=follow)

    def stat(self, path: str, follow: bool) -> tuple[int, ...]:
        seen = os.stat(path, follow_symlinks=follow)
        return attributes(seen.st_mode, seen.st_uid, seen.st_gid, seen.st_size)

    def listdir(self, path: str) -> list[str]:
        return sorted(os.listdir(path))

    def readlink(self, path: str) -> str:
        return os.readlink(path)

    def access(self, path: str, mode: int) -> bool:
        return os.access(path, mode, effective_ids=True)

    def fifo(self, path: str, mode: int) -> None:
        os.mkfifo(path, mode)

    def utime(self, path: str) -> None:
        os.utime(path, ns=(10**18, 10**18))


class Ours:
    """The same calls on a Filesystem."""

    def __init__(self, fs: Filesystem) -> None:
        self.fs = fs

    def run(self, name: str, path: str, *args: Any, who: Credentials) -> object:
        call: Callable[..., object] = getattr(self, name, None) or getattr(self.fs, name)
        if name in ("rename", "link"):
            args = ("/" + DEEP + args[0],)
        return call("/" + DEEP + path, *args, who=who)

    def symlink(self, path: str, target: str, **at: Any) -> None:
        self.fs.symlink(target, path, **at)

    def write(self, path: str, flags: int, mode: int, data: bytes, offset: int, **at: Any) -> int:
        file = self.fs.open(path, flags, mode, **at)
        try:
            return file.pwrite(data, offset) if stat.S_ISREG(file.stat().mode) else 0
        finally:
            file.close()

    def read(self, path: str, flags: int, **at: Any) -> bytes:
        file = self.fs.open(path, flags, 0o777, **at)
        try:
            return file.pread(100_000, 0) if stat.S_ISREG(file.stat().mode) else b"special"
        finally:
            file.close()

    def chown(self, path: str, uid: int, gid: int, follow: bool, **at: Any) -> None:
        self.fs.chown(path, uid, gid, follow=follow, **at)

    def stat(self, path: str, follow: bool, **at: Any) -> tuple[int, ...]:
        seen = self.fs.stat(path, follow=follow, **at)
        return attributes(seen.mode, seen.uid, seen.gid, seen.size)

    def listdir(self, path: str, **at: Any) -> list[str]:
        return sorted(self.fs.listdir(path, **at))

    def access(self, path: str, mode: int, **at: Any) -> bool:
        try:
            self.fs.access(path, mode, **at)
        except OSError:
            return False
        return True

    def fifo(self, path: str, mode: int, **at: Any) -> None:
        self.fs.mknod(path, stat.S_IFIFO | mode, **at)

    def utime(self, path: str, **at: Any) -> None:
        self.fs.utime(path, 10**18, 10**18, **at)


def attributes(mode: int, uid: int, gid: int, size: int) -> tuple[int, ...]:
    return mode, uid, gid, 0 if stat.S_ISDIR(mode) else size


@contextlib.contextmanager
def acting_as(who: Credentials) -> Iterator[None]:
    if not who.uid or os.geteuid():
        yield
        return
    groups = os.getgroups()
    os.setgroups([who.gid, *who.groups])
    os.setegid(who.gid)
    os.seteuid(who.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except OSError as error:
        return type(error).__name__, os.strerror(error.errno or 0)


def same_files(host: Host, ours: Ours, path: str = ".") -> None:
    """Everything below, attributes and contents."""
    where = f"at the end, {path}"
    mine = ours.run("stat", path, False, who=ROOT)
    assert mine == host.run("stat", path, False, who=ROOT), where
    kind = stat.S_IFMT(mine[0])  # type: ignore[index]
    if kind == stat.S_IFDIR:
        listed = ours.run("listdir", path, who=ROOT)
        assert listed == host.run("listdir", path, who=ROOT), where
        for name in listed:  # type: ignore[attr-defined]
            same_files(host, ours, f"{path}/{name}")
    elif kind == stat.S_IFLNK:
        assert ours.run("readlink", path, who=ROOT) == host.run("readlink", path, who=ROOT), where
    elif kind == stat.S_IFREG:
        assert ours.run("read", path, 0, who=ROOT) == host.run("read", path, 0, who=ROOT), where
        links = ours.fs.stat(f"/{DEEP}{path}", follow=False).nlink
        assert links == os.lstat(f"{host.base}/{path}").st_nlink, where


def compare(host: Host, ours: Ours, script: list[tuple[tuple[Any, ...], Credentials]]) -> None:
    for (name, *args), who in script:
        who = who if os.geteuid() == 0 else MYSELF
        note(f"{name} {args} as {who.uid}")
        mine = outcome(lambda: ours.run(name, *args, who=who))  # noqa: B023  # called at once
        theirs = outcome(lambda: host.run(name, *args, who=who))  # noqa: B023
        assert mine == theirs, f"{name} {args} as {who.uid}"
    same_files(host, ours)


@contextlib.contextmanager
def host_folder() -> Iterator[Path]:
    """A new folder that every user may enter, without the umask."""
    mask = os.umask(0)
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    try:
        yield root
    finally:
        os.umask(mask)
        shutil.rmtree(root)


@contextlib.contextmanager
def fresh_store() -> Iterator[LayerStore]:
    ticks = itertools.count(10**18)
    store = LayerStore(lambda: next(ticks), spool=Spool())
    try:
        yield store
    finally:
        store.close()


many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(scripts)
def test_a_memory_tree_behaves_like_a_folder_of_the_host(
    script: list[tuple[tuple[Any, ...], Credentials]],
) -> None:
    with host_folder() as root, fresh_store() as store:
        for level in range(1, 13):
            os.mkdir(root / DEEP[: 2 * level], 0o755)
        owner = os.stat(root)
        tree = MemoryTree(store.spool, store.now)
        fs = Filesystem(tree)
        fs.makedirs("/" + DEEP)
        for level in range(13):
            fs.chown("/" + DEEP[: 2 * level], owner.st_uid, owner.st_gid)
        compare(Host(f"{root}/{DEEP}"), Ours(fs), PRELUDE + script)


@pytest.mark.skipif(os.geteuid() != 0, reason="the daemon's own uid shows as 0: ids differ")
@many
@given(scripts)
def test_a_live_bind_behaves_like_a_folder_of_the_host(
    script: list[tuple[tuple[Any, ...], Credentials]],
) -> None:
    with host_folder() as root, fresh_store() as store:
        for side in ("theirs", "ours"):
            for level in range(13):
                os.mkdir(root / side / DEEP[: 2 * level], 0o755)
        fs = Filesystem(MemoryTree(store.spool, store.now))
        fs.mount("/l", HostTree(f"{root}/ours/l"))
        compare(Host(f"{root}/theirs/{DEEP}"), Ours(fs), PRELUDE + script)


@contextlib.contextmanager
def overlay_of(root: Path, image: bytes) -> Iterator[Path]:
    """A real overlayfs over `image`, with dockerd's options."""
    for name in ("lower", "upper", "work", "merged"):
        (root / name).mkdir(0o755)
    (root / "image.tar").write_bytes(image)
    subprocess.run(["tar", "xf", root / "image.tar", "-C", root / "lower"], check=True)
    options = f"lowerdir={root}/lower,upperdir={root}/upper,workdir={root}/work"
    options += ",index=off,redirect_dir=off,metacopy=off"
    command = ["mount", "-t", "overlay", "overlay", "-o", options, root / "merged"]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield root / "merged"
    finally:
        subprocess.run(["umount", root / "merged"], check=True)


def overlay_mount_possible() -> bool:
    if os.geteuid() != 0:
        return False
    with host_folder() as root, contextlib.suppress(OSError, subprocess.CalledProcessError):
        with overlay_of(root, tar_of()):
            return True
    return False


@pytest.mark.skipif(not overlay_mount_possible(), reason="overlayfs cannot be mounted here")
@settings(many, max_examples=EXAMPLES // 3)
@given(scripts)
def test_an_overlay_tree_behaves_like_overlayfs(
    script: list[tuple[tuple[Any, ...], Credentials]],
) -> None:
    folders = [(DEEP[: 2 * level + 1], None) for level in range(12)]
    members = [(DEEP + name, f"= {DEEP}d" if what == "= d" else what) for name, what in IMAGE]
    image = tar_of(*folders, *members)
    with host_folder() as root, fresh_store() as store, overlay_of(root, image) as merged:
        layer = store.add_tar(io.BytesIO(image))
        fs = Filesystem(store.overlay((layer.diff_id,)))
        compare(Host(f"{merged}/{DEEP}"), Ours(fs), OPEN_TO_ALL + script)

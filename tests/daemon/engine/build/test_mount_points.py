"""Which mount of a RUN is made first, and what runc says of those that cannot be made."""

import errno
import re

import pytest

from daemon.clock import ManualClock
from daemon.engine.build import operations as ops
from daemon.engine.build.evaluator import Mounted
from daemon.engine.build.mount_points import check, in_order, place, refusal
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.mounts import parse_mount
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.ids import Ids


def mounted(text: str, files: Filesystem | None = None) -> Mounted:
    mount = parse_mount(text, str)
    tree = files.root_mount.tree if files else None
    return Mounted(ops.RunMount(mount, ops.Scratch(), mount.target or "/work"), tree=tree)


@pytest.fixture
def files() -> Filesystem:
    files = Filesystem(MemoryTree(Spool(), ManualClock().now))
    files.makedirs("/folder")
    files.write_bytes("/file", b"")
    return files


def test_by_place_then_secrets_then_agents() -> None:
    texts = [
        "type=ssh,target=/a/s",
        "type=secret,id=z,target=/z",
        "type=secret,id=y",
        "type=tmpfs,target=/b/c",
        "type=cache,target=/b",
        "type=ssh,target=/a",
    ]
    found = [place(one) for one in in_order(map(mounted, texts))]
    assert found == ["/b", "/b/c", "/z", "/run/secrets/y", "/a/s", "/a"]


@pytest.mark.parametrize("kind", ["ssh", "secret,id=s"])
def test_one_file_cannot_be_everything(kind: str) -> None:
    name = kind.partition(",")[0].upper()
    with pytest.raises(DockerfileError, match=f"invalid mount type {name} for /"):
        check(mounted(f"type={kind},target=/"))


LAYER, NUMBER = r"/var/lib/docker/overlay2/\w{25}/diff", r"/var/lib/docker/tmp/{}\d+"
SECRET = "MS_RDONLY|MS_NOSUID|MS_NODEV|"
BIND = "MS_BIND|MS_REC"
IN_THE_WAY = {
    "type=cache,target=/file": (LAYER, BIND),
    "type=tmpfs,target=/file": ("tmpfs", "MS_NOSUID, data=mode=0644"),
    "type=bind,target=/file": (LAYER, f"MS_RDONLY|{BIND}"),
    "type=bind,rw,target=/file": (LAYER, BIND),
    "type=bind,source=folder,target=/file": (NUMBER.format("buildkit-mount"), f"MS_RDONLY|{BIND}"),
    "type=bind,source=/file,target=/folder": (
        NUMBER.format("buildkit-mount") + "/file",
        f"MS_RDONLY|{BIND}",
    ),
    "type=ssh,target=/folder": (NUMBER.format(".buildkit-ssh-sock") + "/ssh_auth_sock", BIND),
    "type=secret,id=s,target=/folder": (
        NUMBER.format("buildkit-secrets") + r"/\w{25}",
        f"{SECRET}MS_NOEXEC|{BIND}",
    ),
    "type=secret,id=s,mode=0755,target=/folder": (
        NUMBER.format("buildkit-secrets") + r"/\w{25}",
        SECRET + BIND,
    ),
}


@pytest.mark.parametrize("text", IN_THE_WAY)
def test_a_place_of_another_kind(files: Filesystem, text: str) -> None:
    source, flags = IN_THE_WAY[text]
    one = mounted(text, files)
    said = str(refusal(one, files, OSError(errno.ENOTDIR, ""), Ids(1)))
    pattern = (
        f'error mounting "({source})" to rootfs at "{place(one)}": mount src=({source}), dst={place(one)}, '
        f"dstFd=/proc/thread-self/fd/14, flags={re.escape(flags)}: not a directory"
    )
    found = re.fullmatch(pattern, said)
    assert found, said
    assert found[1] == found[2]


@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.ENOTDIR, "not a directory"), (errno.ELOOP, "too many levels of symbolic links")],
)
def test_a_place_that_cannot_be_made(files: Filesystem, number: int, why: str) -> None:
    one = mounted("type=tmpfs,target=/file/x")
    assert str(refusal(one, files, OSError(number, ""), Ids(1))) == (
        'error mounting "tmpfs" to rootfs at "/file/x": create mountpoint for /file/x mount: '
        f"lookup mountpoint target: securejoin.OpenInRoot /file/x: openat2 /file/x: {why}"
    )

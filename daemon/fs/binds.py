"""What a bind mount shows, by the daemon's policy: the host's files live, a copy of them, or nothing."""

import stat as modes
from collections.abc import Callable
from typing import Any

from daemon.fs.content import COPY_CHUNK, EMPTY, Spool
from daemon.fs.host import Aside, HostNode, HostTree
from daemon.fs.memory import MemoryTree
from daemon.fs.nodes import Change, Credentials, Directory, Inode, Regular
from daemon.fs.tree import Tree

LIVE, COPY, OFF = "live", "copy", "off"


def bind_tree(
    path: str,
    policy: str,
    spool: Spool,
    now: Callable[[], int],
    *,
    aside: Aside | None = None,
) -> Tree[Any]:
    """The tree to mount for a bind of the host's `path`, which must exist."""
    host = HostTree(path, aside=aside)
    if policy == LIVE:
        return host
    tree = MemoryTree(spool, now)
    source = host.root
    number, mode = next(tree.numbers), source.mode
    if modes.S_ISDIR(mode):
        tree.root = Directory(number, mode, source.uid, source.gid, now())
    else:
        tree.root = Regular(number, mode, source.uid, source.gid, now(), EMPTY)
    if policy == COPY:
        _copy(host, source, tree, tree.root)
    return tree


def _copy(host: HostTree, source: HostNode, tree: MemoryTree, target: Inode) -> None:
    """Fill `target` with what `source` holds; sockets and devices stay out."""
    if isinstance(target, Regular):
        _copy_content(host, source, tree, target)
    elif isinstance(target, Directory):
        for name in host.names(source):
            child = host.lookup(source, name)
            if child is not None:
                _copy_entry(host, child, tree, target, name)
    stat = host.stat(source, 0)
    tree.change(target, Change(atime=stat.atime_ns, mtime=stat.mtime_ns))


def _copy_entry(
    host: HostTree, source: HostNode, tree: MemoryTree, folder: Inode, name: str
) -> None:
    owner = Credentials(source.uid, source.gid)
    if modes.S_ISLNK(source.mode):
        tree.symlink(folder, name, host.readlink(source), owner)
    elif modes.S_ISDIR(source.mode) or modes.S_ISREG(source.mode):
        _copy(host, source, tree, tree.create(folder, name, source.mode, owner))


def _copy_content(host: HostTree, source: HostNode, tree: MemoryTree, target: Regular) -> None:
    file = host.open(source, 0)
    try:
        while chunk := file.pread(COPY_CHUNK, target.size):
            tree.write(target, chunk, target.size)
    finally:
        file.close()

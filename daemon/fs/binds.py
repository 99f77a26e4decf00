"""What a bind mount shows, by the daemon's policy: the host's files live, a copy of them, or nothing."""

import stat as modes
from collections.abc import Callable
from typing import Any

from daemon.fs.content import COPY_CHUNK, EMPTY, Spool
from daemon.fs.host import Aside, HostNode, HostTree
from daemon.fs.memory import MemoryTree
from daemon.fs.nesting import Nested, flatten
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
        for _ in flatten(_fill(host, source, tree, tree.root)):
            pass
    return tree


def _fill(host: HostTree, source: HostNode, tree: MemoryTree, target: Inode) -> Nested[None]:
    """Copy what `source` holds; sockets and devices stay out. Few nodes, and so descriptors, are held at a time."""
    if isinstance(target, Regular):
        _copy_content(host, source, tree, target)
    else:
        for name in host.names(source):
            child = host.lookup(source, name)
            if child is None:
                continue  # gone since the folder was listed
            owner = Credentials(child.uid, child.gid)
            if modes.S_ISLNK(child.mode):
                tree.symlink(target, name, host.readlink(child), owner)
            elif modes.S_ISDIR(child.mode) or modes.S_ISREG(child.mode):
                yield _fill(host, child, tree, tree.create(target, name, child.mode, owner))
    stat = host.stat(source, 0)
    tree.change(target, Change(atime=stat.atime_ns, mtime=stat.mtime_ns))


def _copy_content(host: HostTree, source: HostNode, tree: MemoryTree, target: Regular) -> None:
    file = host.open(source, 0)
    try:
        while chunk := file.pread(COPY_CHUNK, target.size):
            tree.write(target, chunk, target.size)
    finally:
        file.close()

"""Whatever a folder becomes from one round to the next, its mirror shows the same files, links and modes."""

import os
import stat

from hypothesis import given
from hypothesis import strategies as st

from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Mirror, MirrorTree, Sent
from daemon.fs.packs import Arrival, Packs

NAMES = ("a", "b", "c")
FOLDER, LINK = stat.S_IFDIR, stat.S_IFLNK

Node = dict[str, "Node"] | tuple[str, int, int] | str
"""A folder; a file's content, mode and time; or the target of a symlink."""

files = st.tuples(
    st.sampled_from(("", "x", "yy")), st.sampled_from((0o644, 0o600)), st.integers(1, 2)
)
nodes = st.recursive(
    files | st.sampled_from(NAMES),
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
folders = st.dictionaries(st.sampled_from(NAMES), nodes, max_size=3)


def walked(folder: dict[str, Node], above: str = "") -> list[tuple[Sent, str]]:
    """What is told of a folder, and the contents; a file's name is part of its content."""
    found = []
    for name, node in sorted(folder.items()):
        path = above + name
        if isinstance(node, dict):
            found.append((Sent(path, FOLDER | 0o755, 0, 0, 0, 1, "", 0), ""))
            found += walked(node, path + "/")
        elif isinstance(node, str):
            found.append((Sent(path, LINK | 0o777, 0, 0, 0, 1, node, 0), ""))
        else:
            text, mode, time = node
            text = f"{path} {text} {time}"
            told = Sent(path, stat.S_IFREG | mode, 0, 0, len(text), time, "", 0)
            found.append((told, text))
    return found


def follow(tree: MirrorTree, folder: dict[str, Node]) -> None:
    mirror, packs = Mirror(tree), Packs(tree.spool)
    for told, text in walked(folder):
        node = mirror.add(told)
        if node is not None:
            arrival = Arrival(packs)
            arrival.write(text.encode())
            node.content = arrival.content()
    packs.flush()
    mirror.conclude()


def shown(files: Filesystem, folder: str = "/") -> dict[str, object]:
    found: dict[str, object] = {}
    for name in files.listdir(folder):
        path = os.path.join(folder, name)
        status = files.stat(path, follow=False)
        if stat.S_ISDIR(status.mode):
            found[name] = shown(files, path)
        elif stat.S_ISLNK(status.mode):
            found[name] = files.readlink(path)
        else:
            found[name] = (
                files.read_bytes(path).decode(),
                stat.S_IMODE(status.mode),
                status.mtime_ns,
            )
    return found


def expected(folder: dict[str, Node], above: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, node in folder.items():
        if isinstance(node, dict):
            found[name] = expected(node, f"{above}{name}/")
        elif isinstance(node, tuple):
            found[name] = (f"{above}{name} {node[0]} {node[2]}", node[1], node[2])
        else:
            found[name] = node
    return found


@given(rounds=st.lists(folders, min_size=2, max_size=4))
def test_a_mirror_shows_what_it_was_told_last(rounds: list[dict[str, Node]]) -> None:
    spool = Spool()
    try:
        tree = MirrorTree(spool, lambda: 5)
        for folder in rounds:
            follow(tree, folder)
            assert shown(Filesystem(tree)) == expected(folder)
    finally:
        spool.close()

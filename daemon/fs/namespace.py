"""The mount table and path walking: from a path to a node, as namei does it."""

import errno
import os
import stat as modes
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from daemon.fs.nodes import ALL_EXECUTE, EXECUTE, ROOT, Credentials
from daemon.fs.tree import Node, Tree, failure

KIND = 0o170000
LINKS_MAX = 40
NAME_MAX = 255
PATH_MAX = 4096
FIRST_DEVICE = 0x30


@dataclass(eq=False, slots=True)
class Mount:
    """A tree, or a part of it, at a path of the namespace. The text fields are for /proc/mounts.

    `parent` is the mount that it covers a node of (`key` there); `inside` are those that cover nodes of this one.
    """

    path: str
    tree: Tree[Any]
    root: Any
    dev: int
    readonly: bool = False
    source: str = ""
    fstype: str = ""
    options: str = ""
    parent: "Mount | None" = None
    key: Hashable = None
    covered: Any = None
    inside: dict[Hashable, "Mount"] = field(default_factory=dict)


class Step(NamedTuple):
    """A node that a walk has reached, and by which name."""

    mount: Mount
    node: Any
    name: str


class Spot(NamedTuple):
    """Where a walk ended: `name` in the last of `folders`, with what is there, or None.

    `name` is "/", "." or ".." when the path ends so; `target` is then the folder itself.
    """

    folders: list[Step]
    name: str
    target: Step | None
    slash: bool

    @property
    def plain(self) -> bool:
        """Whether the last component is a name that can be made or removed."""
        return self.name not in ("/", ".", "..")

    @property
    def folder(self) -> Step:
        """Where `name` is, or would be."""
        return self.folders[-1]

    def path(self) -> str:
        """The canonical path."""
        names = [step.name for step in self.folders[1:]]
        if self.plain:
            names.append(self.name)
        return "/" + "/".join(names)


def permits(node: Node, who: Credentials, want: int) -> bool:
    """Whether the mode bits grant `want` (READ | WRITE | EXECUTE)."""
    mode = node.mode
    if who.uid == 0:
        return not want & EXECUTE or bool(mode & ALL_EXECUTE) or modes.S_ISDIR(mode)
    if who.uid == node.uid:
        mode >>= 6
    elif who.belongs_to(node.gid):
        mode >>= 3
    return mode & want == want


class Namespace:
    """Mounted trees, and the walk over them."""

    def __init__(self, root: Tree[Any]) -> None:
        self.root_mount = Mount("/", root, root.root, FIRST_DEVICE, fstype=root.fstype)
        self.mounts = [self.root_mount]
        self._root = Step(self.root_mount, root.root, "")

    def mount(
        self,
        path: str,
        tree: Tree[Any],
        *,
        readonly: bool = False,
        subpath: str = "",
        source: str = "",
        fstype: str = "",
        options: str = "",
    ) -> Mount:
        """Mount `tree`, or the file or folder at `subpath` in it, at `path`; a missing mount point is made, as runc does."""
        shown = Namespace(tree).reach("/" + subpath).node if subpath else tree.root
        spot, at = self._mountpoint(path, folder=modes.S_ISDIR(shown.mode))
        if modes.S_ISDIR(shown.mode) != modes.S_ISDIR(at.node.mode):
            raise failure(errno.ENOTDIR, path)
        key = at.mount.tree.key(at.node)
        where = spot.path()
        mount = Mount(
            where,
            tree,
            shown,
            self._device(tree),
            readonly,
            source,
            fstype or tree.fstype,
            options,
            at.mount,
            key,
            at.node,
        )
        at.mount.inside[key] = mount
        self.mounts.append(mount)
        if where == "/":
            self._root = Step(mount, shown, "")
        return mount

    def _mountpoint(self, path: str, *, folder: bool) -> tuple[Spot, Step]:
        """Where `path` leads; what is missing of it is made."""
        try:
            spot = self.walk(path)
            return spot, self._existing(spot, path)
        except FileNotFoundError:
            self.make_mountpoint(path, folder=folder)
            spot = self.walk(path)
            return spot, self._existing(spot, path)

    def unmount(self, path: str) -> None:
        """Take the topmost mount off `path`: EINVAL if there is none, EBUSY if another is inside it."""
        step = self.reach(path)
        mount = step.mount
        if step.node is not mount.root or mount.parent is None:
            raise failure(errno.EINVAL, path)
        if mount.inside:
            raise failure(errno.EBUSY, path)
        del mount.parent.inside[mount.key]
        self.mounts.remove(mount)
        if self._root.mount is mount:
            self._root = Step(mount.parent, mount.parent.root, "")

    def make_mountpoint(self, path: str, *, folder: bool) -> None:
        """Called before `path` is mounted on; where files can be made, it may be made here."""

    def is_mountpoint(self, step: Step) -> bool:
        """Whether `step` is the root of a mount, so that it cannot be moved or removed."""
        return step.mount.parent is not None and step.node is step.mount.root

    def reach(
        self, path: str, who: Credentials = ROOT, cwd: str = "/", *, follow: bool = True
    ) -> Step:
        """The existing node at `path`."""
        return self._existing(self.walk(path, who, cwd, follow=follow), path)

    def walk(
        self, path: str, who: Credentials = ROOT, cwd: str = "/", *, follow: bool = True
    ) -> Spot:
        """Go along `path`; `follow` says whether a symlink at its end is followed."""
        if not path:
            raise failure(errno.ENOENT, path)
        if len(path) >= PATH_MAX // 4 and len(os.fsencode(path)) >= PATH_MAX:
            raise failure(errno.ENAMETOOLONG, path)
        walk = _Walk(self, path, who)
        if path[0] == "/":
            return walk.run([self._root], follow)
        return walk.run(self._chain(cwd), follow)

    def child(self, at: Step, name: str) -> Step | None:
        """What `name` is in the folder `at`, looked through to the topmost mount there."""
        mount = at.mount
        node = mount.tree.lookup(at.node, name)
        if node is None:
            return None
        while mount.inside and (top := mount.inside.get(mount.tree.key(node))):
            mount, node = top, top.root
        return Step(mount, node, name)

    def _chain(self, cwd: str) -> list[Step]:
        if cwd == "/":
            return [self._root]
        spot = _Walk(self, cwd, ROOT).run([self._root], True)
        if spot.target is None:
            raise failure(errno.ENOENT, cwd)
        return [*spot.folders, spot.target] if spot.plain else spot.folders

    def _existing(self, spot: Spot, path: str) -> Step:
        if spot.target is None:
            raise failure(errno.ENOENT, path)
        if spot.slash and not modes.S_ISDIR(spot.target.node.mode):
            raise failure(errno.ENOTDIR, path)
        return spot.target

    def _device(self, tree: Tree[Any]) -> int:
        for mount in self.mounts:
            if mount.tree is tree:
                return mount.dev
        return max(mount.dev for mount in self.mounts) + 1

    @property
    def start(self) -> Step:
        """The root folder."""
        return self._root


class _Walk:
    """One walk: the components still to go, and the links followed so far."""

    __slots__ = ("links", "path", "slash", "space", "todo", "who")

    def __init__(self, space: Namespace, path: str, who: Credentials) -> None:
        self.space = space
        self.path = path
        self.who = who
        self.links = 0
        self.slash = False
        self.todo: list[str] = []

    def run(self, stack: list[Step], follow: bool) -> Spot:
        self._queue(self.path)
        last = "/"
        todo, child = self.todo, self.space.child
        while todo:
            name = todo.pop()
            at = stack[-1]
            self._check(at.node, name)
            if name == "." or name == "..":
                last = name
                if name == ".." and len(stack) > 1:
                    stack.pop()
                continue
            step = child(at, name)
            if step is None:
                if todo:
                    raise failure(errno.ENOENT, self.path)
                return Spot(stack, name, None, self.slash)
            if step.node.mode & KIND == modes.S_IFLNK and (todo or follow or self.slash):
                if self._enter_link(step):
                    stack = [self.space.start]
                last = "/"
                continue
            if not todo:
                return Spot(stack, name, step, self.slash)
            stack.append(step)
        return Spot(stack, last, stack[-1], self.slash)

    def _queue(self, path: str) -> None:
        if not self.todo and path[-1] == "/":
            self.slash = True
        parts = [part for part in path.split("/") if part]
        parts.reverse()
        self.todo += parts

    def _enter_link(self, step: Step) -> bool:
        """Queue what the link says; True if it starts at the root."""
        self.links += 1
        if self.links > LINKS_MAX:
            raise failure(errno.ELOOP, self.path)
        target = step.mount.tree.readlink(step.node)
        if not target:
            raise failure(errno.ENOENT, self.path)
        self._queue(target)
        return target[0] == "/"

    def _check(self, folder: Node, name: str) -> None:
        """Whether `name` may be looked for in `folder`."""
        if folder.mode & KIND != modes.S_IFDIR:
            raise failure(errno.ENOTDIR, self.path)
        if self.who.uid and not permits(folder, self.who, EXECUTE):
            raise failure(errno.EACCES, self.path)
        if len(name) > NAME_MAX // 4 and len(os.fsencode(name)) > NAME_MAX:
            raise failure(errno.ENAMETOOLONG, self.path)

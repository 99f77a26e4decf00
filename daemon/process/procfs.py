"""/proc, /sys, /sys/fs/cgroup and /dev/pts of a container, and where they are mounted."""

import os
import stat as modes
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from daemon.fs.synthetic import (
    SyntheticDevice,
    SyntheticFile,
    SyntheticFolder,
    SyntheticLink,
    SyntheticNode,
    SyntheticTree,
)
from daemon.process.cgroup import cgroup_root
from daemon.process.files import PTS_MAJOR
from daemon.process.proc_process import process_folder
from daemon.process.proc_system import FILES, sys_folder
from daemon.process.sysfs import sys_root

if TYPE_CHECKING:
    from daemon.process.machine import Machine

PROC_OPTIONS: Final = "rw,nosuid,nodev,noexec,relatime"
READ_ONLY_OPTIONS: Final = "ro,nosuid,nodev,noexec,relatime"
READ_ONLY_PATHS: Final = ("bus", "fs", "irq", "sys")
"""Parts of /proc that Docker mounts again, read-only."""
MASKED_FILES: Final = ("interrupts", "kcore", "keys", "latency_stats", "timer_list", "sched_debug")
MASKED_FOLDERS: Final = ("acpi", "scsi")
TTY_GROUP: Final = 5


def mount_kernel_trees(machine: "Machine", *, privileged: bool = False) -> None:
    """Mount what the kernel makes up; the writable parts of it only for a privileged container."""
    fs = machine.fs
    proc = proc_tree(machine)
    options = PROC_OPTIONS if privileged else READ_ONLY_OPTIONS
    _mount(machine, "/proc", proc, source="proc", options=PROC_OPTIONS)
    _mount(
        machine,
        "/dev/pts",
        devpts_tree(machine),
        source="devpts",
        options="rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666",
    )
    _mount(
        machine, "/sys", sys_tree(machine), source="sysfs", options=options, readonly=not privileged
    )
    version_2 = machine.host.cgroup_version == 2
    fstype = "cgroup2" if version_2 else "cgroup"
    _mount(
        machine,
        "/sys/fs/cgroup",
        SyntheticTree(cgroup_root(machine), machine.clock.now, fstype=fstype),
        source="cgroup",
        options=f"{options},nsdelegate" if version_2 else options,
        readonly=not privileged,
    )
    if not privileged:
        for name in READ_ONLY_PATHS:
            fs.mount(
                f"/proc/{name}",
                proc,
                readonly=True,
                subpath=f"/{name}",
                source="proc",
                fstype="proc",
                options=READ_ONLY_OPTIONS,
            )


def _mount(
    machine: "Machine",
    path: str,
    tree: SyntheticTree,
    *,
    source: str,
    options: str,
    readonly: bool = False,
) -> None:
    machine.fs.mount(
        path, tree, source=source, fstype=tree.fstype, options=options, readonly=readonly
    )


def proc_tree(machine: "Machine") -> SyntheticTree:
    """/proc: fixed entries, and a folder for each process."""
    fixed = SyntheticFolder.made_for(machine, _FIXED)

    def names() -> list[str]:
        return [*map(str, sorted(machine.processes)), *fixed.names()]

    def find(name: str) -> SyntheticNode | None:
        if name.isdigit():
            process = machine.processes.get(int(name))
            return process_folder(process) if process is not None else None
        return fixed.find(name)

    return SyntheticTree(SyntheticFolder(names, find), machine.clock.now)


def _file(make: "Callable[[Machine], str]") -> "Callable[[Machine], SyntheticNode]":
    return lambda machine: SyntheticFile(lambda: make(machine).encode())


def _link(target: "Callable[[Machine], str]") -> "Callable[[Machine], SyntheticNode]":
    return lambda machine: SyntheticLink(lambda: target(machine))


def _masked_file(_machine: "Machine") -> SyntheticNode:
    return SyntheticDevice(modes.S_IFCHR | 0o666, os.makedev(1, 3))


def _empty(_machine: "Machine") -> SyntheticNode:
    return SyntheticFolder.of({})


def _own_pid(machine: "Machine") -> str:
    return str(machine.current.pid if machine.current is not None else 1)


_FIXED: "Final[dict[str, Callable[[Machine], SyntheticNode]]]" = dict(
    sorted(
        {
            **{name: _file(make) for name, make in FILES.items()},
            **dict.fromkeys(MASKED_FILES, _masked_file),
            **dict.fromkeys((*MASKED_FOLDERS, "bus", "fs", "irq"), _empty),
            "mounts": _link(lambda _machine: "self/mounts"),
            "net": _link(lambda _machine: "self/net"),
            "self": _link(_own_pid),
            "sys": sys_folder,
            "thread-self": _link(lambda machine: f"{_own_pid(machine)}/task/{_own_pid(machine)}"),
        }.items()
    )
)
"""Everything in /proc that is not a process."""


def sys_tree(machine: "Machine") -> SyntheticTree:
    return SyntheticTree(sys_root(machine), machine.clock.now, fstype="sysfs")


def devpts_tree(machine: "Machine") -> SyntheticTree:
    """/dev/pts: a device for each terminal, and ptmx."""

    def find(name: str) -> SyntheticNode | None:
        if name == "ptmx":
            return SyntheticDevice(modes.S_IFCHR | 0o666, os.makedev(5, 2))
        if name.isdigit() and int(name) in machine.terminals:
            rdev = os.makedev(PTS_MAJOR, int(name))
            return SyntheticDevice(modes.S_IFCHR | 0o620, rdev, gid=TTY_GROUP)
        return None

    root = SyntheticFolder(lambda: [*map(str, sorted(machine.terminals)), "ptmx"], find, mode=0o755)
    return SyntheticTree(root, machine.clock.now, fstype="devpts")

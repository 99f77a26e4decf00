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
    fixed = _fixed_entries(machine)

    def names() -> list[str]:
        return [*map(str, sorted(machine.processes)), *fixed]

    def find(name: str) -> SyntheticNode | None:
        if name.isdigit():
            process = machine.processes.get(int(name))
            return process_folder(process) if process is not None else None
        return fixed.get(name)

    return SyntheticTree(SyntheticFolder(names, find), machine.clock.now)


def _fixed_entries(machine: "Machine") -> dict[str, SyntheticNode]:
    def reader(make: "Callable[[Machine], str]") -> Callable[[], bytes]:
        return lambda: make(machine).encode()

    def myself() -> str:
        return str(machine.current.pid if machine.current is not None else 1)

    empty: dict[str, SyntheticNode] = {}
    entries: dict[str, SyntheticNode] = {
        name: SyntheticFile(reader(make)) for name, make in FILES.items()
    }
    null = os.makedev(1, 3)
    entries |= {name: SyntheticDevice(modes.S_IFCHR | 0o666, null) for name in MASKED_FILES}
    entries |= {name: SyntheticFolder.of(empty) for name in (*MASKED_FOLDERS, "bus", "fs", "irq")}
    entries |= {
        "mounts": SyntheticLink(lambda: "self/mounts"),
        "net": SyntheticLink(lambda: "self/net"),
        "self": SyntheticLink(myself),
        "thread-self": SyntheticLink(lambda: f"{myself()}/task/{myself()}"),
        "sys": sys_folder(machine),
    }
    return dict(sorted(entries.items()))


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

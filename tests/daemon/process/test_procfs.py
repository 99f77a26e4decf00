"""Claims about /proc, /sys and /dev/pts."""

import os

import pytest

from daemon.process.accounts import Limits
from daemon.process.capabilities import capability_mask
from daemon.process.host_facts import HostFacts
from daemon.process.process import Process
from daemon.process.procfs import mount_kernel_trees
from daemon.process.signals import IGNORE, Signal
from daemon.process.status import ExitStatus
from daemon.process.tty import Terminal


@pytest.fixture
def box(box):
    mount_kernel_trees(box.machine)
    return box


async def reads(box, *paths):
    """What a process finds in files."""
    found = []

    async def main(proc: Process) -> int:
        proc.on_signal(Signal.SIGINT, IGNORE)
        for path in paths:
            fd = await proc.open(path)
            found.append((await proc.read(fd)).decode())
            proc.close(fd)
        return 0

    assert await box.run(main) == ExitStatus(0)
    return found


async def test_a_process_finds_itself(box):
    cmdline, comm, environ, status, stat = await reads(
        box, *(f"/proc/self/{name}" for name in ("cmdline", "comm", "environ", "status", "stat"))
    )
    assert cmdline == "/bin/program\0"
    assert comm == "program\n"
    assert environ == "PATH=/bin\0"
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert (fields["Pid"], fields["State"], fields["Uid"]) == ("1", "R (running)", "0\t0\t0\t0")
    assert fields["CapEff"] == "00000000a80425fb"
    assert fields["SigIgn"] == "0000000000000002"
    assert stat.startswith("1 (program) R 0 1 1 0 -1 ")
    assert len(stat.split()) == 52


async def test_links_lead_to_open_files(box):
    found = {}

    async def main(proc: Process) -> int:
        reading, _writing = proc.pipe()
        file = await proc.open("/etc/x", os.O_CREAT | os.O_RDWR)
        for name in ("self", "self/exe", "self/cwd", "self/root", "mounts"):
            found[name] = proc.readlink(f"/proc/{name}")
        found.update({fd: proc.readlink(f"/proc/self/fd/{fd}") for fd in (0, reading, file)})
        found["list"] = sorted(proc.listdir("/proc/self/fd"))
        return 0

    await box.run(main, cwd="/tmp")
    assert found["self"] == "1"
    assert found["self/exe"] == "/bin/program"
    assert (found["self/cwd"], found["self/root"]) == ("/tmp", "/")
    assert found[0] == "/dev/null"
    assert found[3].startswith("pipe:[")
    assert found[5] == "/etc/x"
    assert found["list"] == ["0", "1", "2", "3", "4", "5"]


async def test_every_file_of_proc_can_be_read(box):
    async def main(proc: Process) -> int:
        async def walk(path: str) -> None:
            for name in proc.listdir(path):
                child = f"{path}/{name}"
                mode = proc.stat(child, follow=False).mode >> 12
                if mode == 4:
                    await walk(child)
                elif mode == 8:
                    fd = await proc.open(child)
                    await proc.read(fd)
                    proc.close(fd)
                elif mode == 10:
                    proc.readlink(child)

        for root in ("/proc", "/sys"):
            await walk(root)
        return 0

    assert await box.run(main) == ExitStatus(0)
    assert box.stderr == b""


async def test_listening_sockets_are_in_the_table(box):
    async def main(proc: Process) -> int:
        await proc.listen(8080)
        await proc.listen(53, "127.0.0.1", "udp")
        await proc.listen(81, "::")
        for name in ("tcp", "tcp6", "udp"):
            await proc.out(await proc.read(await proc.open(f"/proc/net/{name}")))
        return 0

    await box.run(main)
    text = box.stdout.decode()
    assert "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 " in text
    assert "0100007F:0035 00000000:0000 07" in text
    assert "   0: 00000000000000000000000000000000:0051 " in text


async def test_sysctls_are_read_only_and_show_what_the_container_was_given(box):
    box.machine.hostname = "web1"
    box.machine.net.sysctls["core/somaxconn"] = "128"
    hostname, somaxconn = await reads(
        box, "/proc/sys/kernel/hostname", "/proc/sys/net/core/somaxconn"
    )
    assert (hostname, somaxconn) == ("web1\n", "128\n")
    with pytest.raises(OSError, match="Read-only file system"):
        box.fs.write_bytes("/proc/sys/kernel/hostname", b"x")


async def test_a_privileged_container_may_write_sysctls(boxes):
    box = boxes()
    mount_kernel_trees(box.machine, privileged=True)
    box.fs.write_bytes("/proc/sys/kernel/hostname", b"new\n")
    assert box.machine.hostname == "new"


LIMITS = {"memory": 100 << 20, "pids": 50, "cpus": 1.5, "cpu_shares": 512}


async def test_a_control_group_of_version_2_shows_the_limits(boxes):
    box = boxes(limits=Limits(**LIMITS))
    box.machine.host = HostFacts(cgroup_version=2)
    mount_kernel_trees(box.machine)
    names = ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "cpu.weight", "cgroup.procs")
    values = await reads(box, *(f"/sys/fs/cgroup/{name}" for name in names), "/proc/self/cgroup")
    limits = ["104857600\n", "104857600\n", "50\n", "150000 100000\n", "20\n"]
    assert values == [*limits, "1\n", "0::/\n"]


async def test_control_groups_of_version_1_show_the_limits(boxes):
    box = boxes(limits=Limits(**LIMITS))
    box.machine.host = HostFacts(cgroup_version=1)
    box.machine.cgroup_path = "/docker/abc"
    mount_kernel_trees(box.machine)
    names = (
        "memory/memory.limit_in_bytes",
        "memory/memory.memsw.limit_in_bytes",
        "pids/pids.max",
        "cpu/cpu.cfs_quota_us",
        "cpu/cpu.shares",
        "cpu/cgroup.procs",
    )
    *values, membership = await reads(
        box, *(f"/sys/fs/cgroup/{name}" for name in names), "/proc/self/cgroup"
    )
    assert values == ["104857600\n", "209715200\n", "50\n", "150000\n", "512\n", "1\n"]
    assert "4:memory:/docker/abc\n" in membership
    assert membership.startswith("9:name=systemd:/docker/abc\n8:pids:/docker/abc\n")


async def test_resource_limits_show_what_was_asked_for(boxes):
    box = boxes(limits=Limits(ulimits={"nofile": (100, 200)}))
    mount_kernel_trees(box.machine)
    (limits,) = await reads(box, "/proc/self/limits")
    assert (
        "Max open files            100                  200                  files     \n" in limits
    )
    assert (
        "Max cpu time              unlimited            unlimited            seconds   \n" in limits
    )


@pytest.mark.parametrize(
    ("add", "drop", "mask"),
    [
        ([], [], 0xA80425FB),
        (["NET_ADMIN"], [], 0xA80435FB),
        ([], ["ALL"], 0),
        (["CAP_CHOWN"], ["all"], 1),
        (["ALL"], ["CHOWN"], 0x1FFFFFFFFFE),
    ],
)
def test_capabilities_are_added_and_dropped(add, drop, mask):
    assert capability_mask(add, drop) == mask


async def test_mounts_are_listed_with_their_options(box):
    (mounts,) = await reads(box, "/proc/mounts")
    lines = mounts.splitlines()
    assert "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0" in lines
    assert "cgroup /sys/fs/cgroup cgroup ro,nosuid,nodev,noexec,relatime 0 0" in lines
    assert "proc /proc/sys proc ro,nosuid,nodev,noexec,relatime 0 0" in lines


async def test_terminals_are_devices_under_dev_pts(box):
    async def main(proc: Process) -> int:
        fd = await proc.open(proc.readlink("/proc/self/fd/0"), os.O_RDWR)
        await proc.write(fd, f"{proc.isatty(fd)} {proc.listdir('/dev/pts')}".encode())
        return 0

    terminal = Terminal()
    await box.run(main, terminal=terminal)
    assert await terminal.master_read() == b"True ['0', 'ptmx']"


async def test_uptime_and_btime_agree_with_the_clock(box):
    box.clock.advance(100)
    uptime, stat = await reads(box, "/proc/uptime", "/proc/stat")
    assert uptime.split()[0] == "86500.00"
    boot = int(next(line.split()[1] for line in stat.splitlines() if line.startswith("btime")))
    assert boot + 86500 == box.clock.now() // 1_000_000_000

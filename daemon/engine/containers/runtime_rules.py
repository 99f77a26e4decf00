"""What only runc notices about a container's configuration: limits and kernel parameters that it cannot set."""

from api_schema.host_config import HostConfig
from daemon.errors import System

CREATE_FAILED = (
    "failed to create task for container: failed to create shim task: "
    "OCI runtime create failed: runc create failed: "
)
INIT_FAILED = CREATE_FAILED + "unable to start container process: error during container init: "
RLIMITS = {
    "cpu": 0,
    "fsize": 1,
    "data": 2,
    "stack": 3,
    "core": 4,
    "rss": 5,
    "nproc": 6,
    "nofile": 7,
    "memlock": 8,
    "as": 9,
    "locks": 10,
    "sigpending": 11,
    "msgqueue": 12,
    "nice": 13,
    "rtprio": 14,
    "rttime": 15,
}
_OWN_KERNEL_PARAMETERS = frozenset(
    f"kernel.{name}"
    for name in (
        "msgmax",
        "msgmnb",
        "msgmni",
        "sem",
        "shmall",
        "shmmax",
        "shmmni",
        "shm_rmid_forced",
    )
)


def check_runtime(host: HostConfig) -> None:
    """Raise what runc says, as dockerd passes it on."""
    for ulimit in host.ulimits or ():
        if ulimit is None:
            continue
        number = RLIMITS.get(ulimit.name)
        if number is None:
            raise System(f"{CREATE_FAILED}wrong rlimit value: RLIMIT_{ulimit.name.upper()}")
        if ulimit.soft > ulimit.hard >= 0:
            raise System(
                f"{INIT_FAILED}error setting rlimits for ready process: "
                f"error setting rlimit type {number}: invalid argument"
            )
    for name in host.sysctls or ():
        _check_sysctl(name, host)


def _check_sysctl(name: str, host: HostConfig) -> None:
    if name in _OWN_KERNEL_PARAMETERS or name.startswith("fs.mqueue."):
        if host.ipc_mode == "host":
            raise System(
                f'{CREATE_FAILED}sysctl "{name}" is not allowed in the hosts ipc namespace'
            )
        return
    if name.startswith("net."):
        if host.network_mode == "host":
            raise System(f'{CREATE_FAILED}sysctl "{name}" not allowed in host network namespace')
        return
    raise System(f'{CREATE_FAILED}sysctl "{name}" is not in a separate kernel namespace')


def check_tmpfs_sizes(sizes: dict[str, int]) -> None:
    """A negative size reaches the kernel before anybody minds."""
    for path, size in sizes.items():
        if size < 0:
            raise System(
                f'{INIT_FAILED}error mounting "tmpfs" to rootfs at "{path}": mount src=tmpfs, '
                f"dst={path}, dstFd=/proc/thread-self/fd/11, "
                f"flags=MS_NOSUID|MS_NODEV|MS_NOEXEC, data=size={size}: invalid argument"
            )

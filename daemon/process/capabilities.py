"""Linux's capabilities, and which of them Docker leaves to a container."""

from collections.abc import Iterable
from typing import Final

CAPABILITIES: Final = (
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
)
"""By bit number."""

ALL_MASK: Final = (1 << len(CAPABILITIES)) - 1
DEFAULT_MASK: Final = 0xA80425FB


def capability_mask(
    add: Iterable[str] = (), drop: Iterable[str] = (), *, privileged: bool = False
) -> int:
    """The bounding set after `--cap-add` and `--cap-drop`; unknown names count for nothing."""
    if privileged:
        return ALL_MASK
    added, dropped = _mask(add), _mask(drop)
    if dropped == ALL_MASK:
        return added
    return (DEFAULT_MASK | added) & ~dropped


def _mask(names: Iterable[str]) -> int:
    mask = 0
    for name in names:
        bare = name.upper().removeprefix("CAP_")
        if bare == "ALL":
            return ALL_MASK
        if bare in CAPABILITIES:
            mask |= 1 << CAPABILITIES.index(bare)
    return mask

"""What the driver options of an endpoint say of its interface: a name, and kernel parameters of its own."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from daemon.errors import System
from daemon.process import net_sysctls
from daemon.process.net import NetNamespace

NAME = "com.docker.network.endpoint.ifname"
SYSCTLS = "com.docker.network.endpoint.sysctls"
_LONGEST_NAME = 15
_PLACE = "/ifname/"


def interface_name(options: Mapping[str, str], namespace: NetNamespace, link: str) -> str:
    """The name that is asked for, as far as the kernel lets `link` have it, else the next free one."""
    asked = options.get(NAME)
    if not asked:
        return namespace.free_name()
    if fault := _name_fault(asked, namespace):
        raise System(
            f"failed to add interface {link} to sandbox: "
            f'error renaming interface "{link}" to "{asked}": {os.strerror(fault).lower()}'
        )
    return asked


def _name_fault(name: str, namespace: NetNamespace) -> int:
    if len(name) > _LONGEST_NAME:
        return errno.ERANGE
    if name in (".", "..") or any(c in "/:" or c.isspace() for c in name):
        return errno.EINVAL
    return errno.EEXIST if name in namespace.interfaces else 0


def set_parameters(
    options: Mapping[str, str], namespace: NetNamespace, interface: str, link: str
) -> None:
    """Write what the option asks for, once the interface is there; System in dockerd's words if that fails."""
    asked = options.get(SYSCTLS)
    for sysctl in asked.split(",") if asked else ():
        name, equals, value = sysctl.partition("=")
        try:
            if not equals:
                raise System(f"expected sysctl '{sysctl}' to have format name=value")
            _write(namespace, _path(name, interface), value)
        except System as error:
            raise System(f"failed to add interface {link} to sandbox: {error}") from None


def _path(name: str, interface: str) -> str:
    path = name.strip().replace(".", "/").removeprefix("net/")
    place = path.lower().find(_PLACE)
    return f"{path[:place]}/{interface}/{path[place + len(_PLACE) :]}"


def _write(namespace: NetNamespace, path: str, value: str) -> None:
    full = f"/proc/sys/net/{path}"
    try:
        net_sysctls.write(namespace, path, value)
    except FileNotFoundError:
        raise System(f"{full} is not a sysctl file") from None
    except OSError:
        raise System(f"unable to write to '{full}': write {full}: invalid argument") from None

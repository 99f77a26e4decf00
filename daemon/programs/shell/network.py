"""bash's `/dev/tcp/HOST/PORT` and `/dev/udp/HOST/PORT`."""

import errno
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_SERVICES = {"ftp": 21, "ssh": 22, "smtp": 25, "domain": 53, "http": 80, "https": 443}


async def open_socket(shell: "Shell", path: str) -> int:
    """Connect; a failure is told, and told again by the OSError that open(2) would have raised."""
    _, _, protocol, host, *rest = [*path.split("/", 4), "", ""]
    if not host or not rest[0]:
        raise OSError(errno.EISDIR if not host else errno.ENOENT, os.strerror(errno.EISDIR), path)
    port = _SERVICES.get(rest[0]) or (int(rest[0]) if rest[0].isdigit() else 0)
    if not 0 < port < 65536:
        await shell.complain(f"{rest[0]}: Servname not supported for ai_socktype")
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    try:
        return await shell.proc.connect(host, port, proto=protocol)
    except socket.gaierror:
        await shell.complain(f"{host}: Name or service not known")
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path) from None
    except OSError as error:
        await shell.say(f"{shell.arg0}: connect: {error.strerror}\n")
        raise

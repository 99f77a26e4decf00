"""bash's `/dev/tcp/HOST/PORT` and `/dev/udp/HOST/PORT`."""

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.process.process import Process

_SERVICES = {"http": 80, "https": 443, "ssh": 22, "smtp": 25, "domain": 53, "ftp": 21}


async def open_device(proc: "Process", path: str) -> int:
    """Connect; OSError as open(2) would report it."""
    _, _, _, host, port_text = path.split("/", 4) if path.count("/") >= 4 else ["", "", "", "", ""]
    port = _SERVICES.get(port_text) or (int(port_text) if port_text.isdigit() else 0)
    if not host or not port:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return await proc.connect(host, port)

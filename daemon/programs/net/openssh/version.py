"""Which OpenSSH it is: that of the distribution around it."""

import re

from daemon.process.process import Process
from daemon.programs.tools.kit import is_musl
from daemon.programs.tools.packages.known import find

LIBRARY = {"alpine": "OpenSSL 3.5.4 30 Sep 2025", "debian": "OpenSSL 3.0.17 1 Jul 2025"}


def software(proc: Process) -> str:
    """As it introduces itself to a server."""
    family = _family(proc)
    package = find(family, "openssh-client")
    release = package.version.rpartition(":")[2] if package else ""
    upstream, _, revision = release.partition("-")
    own = f" Debian-{revision}" if family == "debian" else ""
    return f"OpenSSH_{re.sub('_', '', upstream)}{own}"


def version(proc: Process) -> str:
    return f"{software(proc)}, {LIBRARY[_family(proc)]}"


def _family(proc: Process) -> str:
    return "alpine" if is_musl(proc) else "debian"

"""Executables that installed packages leave behind, and the program behind those that nothing of ours simulates."""

import os

from api_schema.simulated_binary import simulated_binary
from daemon.process.process import Process
from daemon.programs.tools.kit import opened
from daemon.programs.tools.packages.known import Package, version_of_command

_VERSION_LINES = {
    "git": "git version {}",
    "gcc": "gcc (Debian 12.2.0-14+deb12u1) {}",
    "make": "GNU Make {}",
    "jq": "jq-{}",
    "openssl": "OpenSSL {} 30 May 2023",
    "go": "go version go{} linux/amd64",
}


async def install_commands(proc: Process, package: Package, folder: str) -> list[str]:
    """Put the package's executables into `folder`; what stands there already is replaced, as dpkg and apk do."""
    paths = []
    for command, program in package.commands.items():
        path = f"{folder}/{command}"
        if proc.machine.fs.exists(path):
            proc.unlink(path)
        async with opened(proc, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755) as fd:
            await proc.write(fd, simulated_binary(program))
        proc.chmod(path, 0o755)
        paths.append(path)
    return paths


def remove_commands(proc: Process, package: Package, folder: str) -> None:
    for command in package.commands:
        if proc.machine.fs.exists(f"{folder}/{command}"):
            proc.unlink(f"{folder}/{command}")


async def stub(proc: Process) -> int:
    """An installed command without a simulation: it knows its version and otherwise succeeds silently."""
    command = os.path.basename(proc.argv[0])
    proc.machine.on_unsimulated(proc.exe)
    if proc.argv[1:2] in (["--version"], ["-V"], ["version"], ["-version"]):
        form = _VERSION_LINES.get(command, f"{command} {{}}")
        await proc.out(form.format(version_of_command(command)) + "\n")
    return 0

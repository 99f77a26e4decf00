"""What every service needs: the time in a log's form, its own address, its listening port, its log file, its user."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from daemon.fs.nodes import Credentials
from daemon.process.process import Process

NANOSECONDS = 1_000_000_000


def moment(proc: Process, layout: str) -> str:
    """The container's time, in UTC, as strftime writes it."""
    return datetime.fromtimestamp(proc.machine.clock.now() / NANOSECONDS, UTC).strftime(layout)


async def own_address(proc: Process) -> str:
    """The address that the container's own name has."""
    try:
        return (await proc.resolve(proc.machine.hostname))[0]
    except (OSError, IndexError):
        return "127.0.0.1"


async def own_port(proc: Process, port: int, host: str = "") -> int:
    """A listening TCP socket on every address, or on one."""
    return await proc.listen(port, host or "::")


def user_ids(proc: Process, name: str) -> Credentials | None:
    """Uid and gid of a user in /etc/passwd; None if there is none, or we are not root."""
    if proc.cred.uid != 0:
        return None
    try:
        lines = proc.machine.fs.read_bytes("/etc/passwd").decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split(":")
        if fields[0] == name and len(fields) > 3:
            return Credentials(int(fields[2]), int(fields[3]))
    return None


@dataclass(slots=True)
class LogFile:
    """A log by its path; links to the standard streams, as images set them up, are the streams themselves."""

    path: str

    async def write(self, proc: Process, line: str) -> None:
        stream = self._stream(proc)
        if stream is not None:
            await proc.write(stream, os.fsencode(line))
            return
        fd = await proc.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            await proc.write(fd, os.fsencode(line))
        finally:
            proc.close(fd)

    def _stream(self, proc: Process) -> int | None:
        path = self.path
        if path not in STREAMS:
            try:
                path = proc.readlink(path)
            except OSError:
                return None
        return STREAMS.get(path)


STREAMS = {
    f"{folder}{name}": number
    for folder in ("/dev/", "/proc/self/fd/", "/dev/fd/")
    for number in (1, 2)
    for name in (str(number), {1: "stdout", 2: "stderr"}[number])
}

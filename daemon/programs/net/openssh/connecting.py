"""The way of ssh to a server: its name, its port, and the first line that it says."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

from daemon.process.process import Process
from daemon.programs.net.openssh.kit import Fatal, Unresolved, resolve
from daemon.programs.tools.kit import reason

PORT = 22
CHUNK = 8192
LONGEST = 8192
"""Bytes of what a server may say before it says who it is."""


class Stranger(Exception):
    """What has been reached does not talk as a server of SSH does; the text says so in two lines."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server of SSH that let itself be connected to."""

    proc: Process
    fd: int
    address: str
    port: int

    @property
    def place(self) -> str:
        return f"{self.address} port {self.port}"

    async def introduce(self, software: str) -> None:
        """Exchange identifications; Stranger if there is none, or none that can be read."""
        said = b""
        try:
            await self.proc.write(self.fd, f"SSH-2.0-{software}\r\n".encode())
            while not _identification(said):
                data = await self.proc.read(self.fd, CHUNK)
                if not data:
                    raise self._stranger("Connection closed by remote host", "closed")
                said += data
                if b"\0" in said or len(said) > LONGEST:
                    raise Stranger(
                        "kex_exchange_identification: banner line contains invalid characters\n"
                        f"banner exchange: Connection to {self.place}: invalid format"
                    )
        except ConnectionError as error:
            raise self._stranger(f"read: {reason(error)}", "reset") from None

    def _stranger(self, what: str, how: str) -> Stranger:
        return Stranger(f"kex_exchange_identification: {what}\nConnection {how} by {self.place}")

    async def wait_for_end(self) -> None:
        """Until the server has had enough: keys are not exchanged here."""
        try:
            while await self.proc.read(self.fd, CHUNK):
                pass
        except ConnectionError:
            pass


def _identification(said: bytes) -> bool:
    return any(line.startswith(b"SSH-") for line in said.split(b"\n")[:-1])


async def connect(
    proc: Process,
    host: str,
    port: int,
    family: str = "",
    timeout: float | None = None,  # noqa: ASYNC109
) -> Server:
    """To the first of the host's addresses that takes it; Fatal in the words of ssh. `family` is "4", "6" or none."""
    try:
        found = await resolve(proc, host)
    except Unresolved as unknown:
        raise Fatal(f"ssh: Could not resolve hostname {host}: {unknown}") from None
    addresses = [address for address in found if not family or (":" in address) == (family == "6")]
    error = OSError(errno.EADDRNOTAVAIL, "")
    for address in addresses:
        try:
            fd = await proc.connect(address, port, timeout=timeout)
        except OSError as failure:
            error = failure
        else:
            return Server(proc, fd, address, port)
    why = os.strerror(error.errno) if error.errno else "Connection timed out"
    raise Fatal(f"ssh: connect to host {host} port {port}: {why}")

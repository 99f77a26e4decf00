"""Where a script comes from when its text is not known beforehand: a descriptor, or a person at a terminal."""

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_BLOCKS = {"ash": 1023, "dash": 8191, "bash": 1}
"""How much each shell reads at a time from what is no terminal; bash takes care not to read ahead."""


class Source(Protocol):
    """Gives text piece by piece; the empty text is the end."""

    async def more(self, *, continued: bool) -> str: ...


class DescriptorSource:
    """Standard input that is no terminal."""

    def __init__(self, shell: "Shell", fd: int = 0) -> None:
        self.shell = shell
        self.fd = fd
        self.size = _BLOCKS[shell.flavour.name]
        self._rest = b""

    async def more(self, *, continued: bool) -> str:
        """The next line or block; bytes of an unfinished character wait for the rest."""
        data = await self._read()
        if self.shell.flavour.bash:
            while data and not data.endswith(b"\n") and (more := await self._read()):
                data += more
        if "v" in self.shell.options:
            await self.shell.say(os.fsdecode(data))
        return self._decoded(data)

    def _decoded(self, data: bytes) -> str:
        data = self._rest + data
        cut = len(data)
        for back in range(1, min(4, len(data)) + 1):
            byte = data[-back]
            if byte >= 0xC0:
                needed = 2 + (byte >= 0xE0) + (byte >= 0xF0)
                cut = len(data) - back if needed > back else cut
                break
            if byte < 0x80:
                break
        self._rest = data[cut:]
        if not cut and self._rest:
            self._rest, cut = b"", len(data)
        return os.fsdecode(data[:cut])

    async def _read(self) -> bytes:
        while True:
            try:
                return await self.shell.proc.read(self.fd, self.size)
            except InterruptedError:
                await self.shell.interrupted()
            except OSError:
                return b""

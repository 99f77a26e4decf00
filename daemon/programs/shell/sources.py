"""Where a script comes from when its text is not known beforehand: a descriptor, or a person at a terminal."""

import os
from typing import TYPE_CHECKING, Protocol

from daemon.programs.shell.errors import Incomplete, ShellSyntaxError
from daemon.programs.shell.parser import Parser
from daemon.programs.shell.syntax import List

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


class LineReader:
    """Complete lines from a source, as lists of commands."""

    def __init__(self, shell: "Shell", source: Source) -> None:
        self.shell = shell
        self.source = source
        self.text = ""
        self.line = 1
        self.ended = False

    async def next(self) -> List | None:
        """The next line's commands; None at the end. ShellSyntaxError drops the text that is left."""
        closer = ""
        fresh = ""
        while True:
            if self.text and (closer in fresh or self.ended):
                try:
                    return self._parse()
                except Incomplete as open_end:
                    closer = open_end.closer
            if self.ended:
                return None
            fresh = await self.source.more(continued=bool(self.text))
            self.ended = not fresh
            self.text += fresh

    def drop(self) -> None:
        """Give up what has been read of an unfinished line."""
        self.text = ""

    def _parse(self) -> List | None:
        shell = self.shell
        aliases = shell.interpreter.aliases()
        parser = Parser(self.text, shell.flavour, line=self.line, final=self.ended, aliases=aliases)
        parser.extglob = "extglob" in shell.shopts
        try:
            parsed = parser.parse_line()
        except ShellSyntaxError:
            self.text = ""
            raise
        except RecursionError:
            self.text = ""
            raise ShellSyntaxError("too deep") from None
        if parsed is None and not self.ended:
            raise Incomplete("")
        self.line = parser.line_at(parser.pos)
        self.text = parser.text[parser.pos :]
        return parsed

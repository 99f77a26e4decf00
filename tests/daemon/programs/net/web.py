"""A server that answers every request with the same bytes and remembers the last request."""

from daemon.process.process import Process
from tests.daemon.programs.network import Lan


class OneReply:
    def __init__(self, lan: Lan, reply: str) -> None:
        self.reply = reply.encode()
        self.request = ""
        self.container = lan.container("server")
        self.container.install("/bin/web", self._main)

    async def start(self) -> None:
        await (await self.container.start("web")).said("listening")

    async def _main(self, proc: Process) -> int:
        listener = await proc.listen(80, "::")
        await proc.out("listening\n")
        while True:
            fd = await proc.accept(listener)
            self.request = await self._read(proc, fd)
            await proc.write(fd, self.reply)
            proc.close(fd)

    async def _read(self, proc: Process, fd: int) -> str:
        """The head and, as far as Content-Length says, the body."""
        text = ""
        while "\r\n\r\n" not in text:
            text += (await proc.read(fd)).decode()
        head, _, body = text.partition("\r\n\r\n")
        lengths = [
            line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Content-Length")
        ]
        while len(body) < int(lengths[0] if lengths else 0):
            body += (await proc.read(fd)).decode()
        return f"{head}\r\n\r\n{body}"

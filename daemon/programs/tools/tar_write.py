"""tar c: files into a stream of members."""

import os
import stat
import tarfile

from daemon.fs.nodes import Stat
from daemon.process.process import Process
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.compression import compressor
from daemon.programs.tools.dates import NS
from daemon.programs.tools.kit import Failure, chunks, complain, either, is_gnu, opened, reason
from daemon.programs.tools.tar_format import (
    BLOCK,
    RECORD,
    TarRequest,
    excluded,
    long_line,
    shown_name,
)

_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
}


class Packer:
    """Writes one archive."""

    def __init__(self, proc: Process, request: TarRequest) -> None:
        self.proc = proc
        self.request = request
        self.names = Names(proc)
        self.links: dict[tuple[int, int], str] = {}
        self.code = 0
        self.written = 0
        self.out = 1
        self.machine = compressor(request.compression) if request.compression else None
        self.own: tuple[int, int] | None = None
        self.stripped: set[str] = set()

    async def run(self) -> int:
        request = self.request
        if not request.names:
            text = "Cowardly refusing to create an empty archive"
            raise Failure(either(self.proc, text, "empty archive"), 2 if is_gnu(self.proc) else 1)
        if request.archive != "-":
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            try:
                self.out = await self.proc.open(request.archive, flags, 0o666)
            except OSError as error:
                text = either(
                    self.proc,
                    f"{request.archive}: Cannot open: {reason(error)}",
                    f"can't open '{request.archive}': {reason(error)}",
                )
                raise Failure(text, 2 if is_gnu(self.proc) else 1) from error
        info = self.proc.fstat(self.out)
        self.own = (info.dev, info.ino) if stat.S_ISREG(info.mode) else None
        for folder, name in request.names:
            await self._add(os.path.join(folder, name) if folder != "." else name, name)
        await self._finish()
        if self.code and is_gnu(self.proc):
            await complain(self.proc, "Exiting with failure status due to previous errors")
        return self.code

    async def _add(self, path: str, name: str) -> None:
        if excluded(name, self.request.exclude):
            return
        try:
            info = self.proc.stat(path, follow=self.request.follow)
        except OSError as error:
            await self._cannot(name, error)
            return
        if (info.dev, info.ino) == self.own:
            await complain(
                self.proc,
                f"{name}: {'file is the archive; not dumped' if is_gnu(self.proc) else 'file is the archive; skipping'}",
            )
            return
        if stat.S_IFMT(info.mode) not in _TYPES:
            await complain(self.proc, f"{name}: socket ignored")
            return
        await self._member(path, name, info)
        if stat.S_ISDIR(info.mode) and self.request.recurse:
            await self._below(path, name)

    async def _below(self, path: str, name: str) -> None:
        await self.proc.checkpoint()
        try:
            children = self.proc.listdir(path)
        except OSError as error:
            await self._cannot(name, error)
            return
        for child in children:
            await self._add(f"{path.rstrip('/')}/{child}", f"{name.rstrip('/')}/{child}")

    async def _cannot(self, name: str, error: OSError) -> None:
        self.code = 2 if is_gnu(self.proc) else 1
        text = either(
            self.proc, f"{name}: Cannot stat: {reason(error)}", f"{name}: {reason(error)}"
        )
        await complain(self.proc, text)

    async def _stored_name(self, name: str) -> str:
        if self.request.absolute or not name.startswith("/"):
            return name
        if "/" not in self.stripped:
            self.stripped.add("/")
            text = either(
                self.proc,
                "Removing leading `/' from member names",
                "removing leading '/' from member names",
            )
            await complain(self.proc, text)
        return name.lstrip("/") or "./"

    async def _member(self, path: str, name: str, info: Stat) -> None:
        member = tarfile.TarInfo(await self._stored_name(name))
        member.mode = stat.S_IMODE(info.mode)
        member.uid, member.gid = info.uid, info.gid
        if not self.request.numeric:
            member.uname = self.names.user(info.uid) if self.names.knows_user(info.uid) else ""
            member.gname = self.names.group(info.gid) if self.names.knows_group(info.gid) else ""
        if self.request.owner:
            member.uname, member.uid = self.request.owner, self.names.uid(self.request.owner) or 0
        if self.request.group:
            member.gname, member.gid = self.request.group, self.names.gid(self.request.group) or 0
        member.mtime = info.mtime_ns // NS
        member.type = _TYPES[stat.S_IFMT(info.mode)]
        self._details(member, path, info)
        await self._say(member)
        await self._write(_header(member))
        if member.isreg():
            await self._content(path, member.size)

    def _details(self, member: tarfile.TarInfo, path: str, info: Stat) -> None:
        key = (info.dev, info.ino)
        if info.nlink > 1 and not stat.S_ISDIR(info.mode) and key in self.links:
            member.type = tarfile.LNKTYPE
            member.linkname = self.links[key]
        elif stat.S_ISREG(info.mode):
            member.size = info.size
            self.links[key] = member.name
        elif stat.S_ISLNK(info.mode):
            member.linkname = self.proc.readlink(path)
        elif stat.S_ISCHR(info.mode) or stat.S_ISBLK(info.mode):
            member.devmajor, member.devminor = os.major(info.rdev), os.minor(info.rdev)

    async def _say(self, member: tarfile.TarInfo) -> None:
        if not self.request.verbose:
            return
        line = (
            shown_name(member)
            if self.request.verbose == 1
            else long_line(member, is_gnu(self.proc))
        )
        if self.request.archive == "-":
            await self.proc.err(line + "\n")
        else:
            await self.proc.out(line + "\n")

    async def _content(self, path: str, size: int) -> None:
        left = size
        async with opened(self.proc, path) as fd:
            async for data in chunks(self.proc, fd):
                await self._write(data[:left])
                left -= min(left, len(data))
                if not left:
                    break
        await self._write(bytes(left + -size % BLOCK))

    async def _write(self, data: bytes) -> None:
        self.written += len(data)
        if self.machine:
            data = self.machine.compress(data)
        if data:
            await self.proc.write(self.out, data)

    async def _finish(self) -> None:
        end = 2 * BLOCK
        await self._write(bytes(end + -(self.written + end) % RECORD))
        if self.machine:
            await self.proc.write(self.out, self.machine.flush())
        if self.out != 1:
            self.proc.close(self.out)


def _header(member: tarfile.TarInfo) -> bytes:
    return member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")

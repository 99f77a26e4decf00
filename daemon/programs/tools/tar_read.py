"""tar x and t: members out of a stream, whatever compressed it."""

import os
import stat
import tarfile
from collections.abc import AsyncIterator
from contextlib import suppress

from daemon.process.process import Process
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.compression import CorruptError, decompressed, kind_of
from daemon.programs.tools.dates import NS
from daemon.programs.tools.kit import Failure, chunks, complain, either, is_gnu, opened, reason
from daemon.programs.tools.paths import make_folders
from daemon.programs.tools.tar_format import BLOCK, TarRequest, excluded, long_line, shown_name


class _Stream:
    """Exact amounts of bytes from an iterator of chunks."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self.source = source
        self.held = b""

    async def peek(self, size: int) -> bytes:
        while len(self.held) < size:
            try:
                self.held += await anext(self.source)
            except StopAsyncIteration:
                break
        return self.held[:size]

    async def take(self, size: int) -> bytes:
        data = await self.peek(size)
        self.held = self.held[len(data) :]
        return data

    async def pieces(self, size: int) -> AsyncIterator[bytes]:
        """`size` bytes in pieces; CorruptError if the stream is shorter."""
        while size:
            data = self.held[:size] or await self._more()
            if self.held:
                self.held = self.held[len(data) :]
            elif len(data) > size:
                data, self.held = data[:size], data[size:]
            size -= len(data)
            yield data

    async def _more(self) -> bytes:
        try:
            return await anext(self.source)
        except StopAsyncIteration:
            raise CorruptError("short read") from None

    async def rest(self) -> AsyncIterator[bytes]:
        if self.held:
            yield self.held
            self.held = b""
        async for data in self.source:
            yield data


async def _plain(source: AsyncIterator[bytes], kind: str) -> _Stream:
    """The archive's bytes; compression is recognized by its magic number, as both tars do."""
    stream = _Stream(source)
    found = kind_of(await stream.peek(6)) or kind
    return _Stream(decompressed(stream.rest(), found)) if found else stream


async def members(stream: _Stream) -> AsyncIterator[tarfile.TarInfo]:
    """Each member, GNU's and pax's long names put in place; its content must be taken before the next one."""
    longer: dict[str, str] = {}
    while True:
        block = await stream.take(BLOCK)
        if 0 < len(block) < BLOCK:
            raise CorruptError("short read")
        if not block.strip(b"\0"):
            return
        try:
            member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise CorruptError("invalid tar magic") from error
        if member.type in (
            tarfile.GNUTYPE_LONGNAME,
            tarfile.GNUTYPE_LONGLINK,
            tarfile.XHDTYPE,
            tarfile.XGLTYPE,
        ):
            data = await stream.take(member.size + -member.size % BLOCK)
            longer |= _extended(member.type, data[: member.size])
            continue
        _apply(member, longer)
        longer = {}
        yield member


def _extended(kind: bytes, data: bytes) -> dict[str, str]:
    if kind == tarfile.XGLTYPE:
        return {}
    if kind != tarfile.XHDTYPE:
        name = "path" if kind == tarfile.GNUTYPE_LONGNAME else "linkpath"
        return {name: os.fsdecode(data.rstrip(b"\0"))}
    found = {}
    while data:
        length, _, rest = data.partition(b" ")
        if not length.isdigit() or not int(length):
            break
        key, _, value = rest[: int(length) - len(length) - 1].rstrip(b"\n").partition(b"=")
        found[key.decode()] = os.fsdecode(value)
        data = data[int(length) :]
    return found


def _apply(member: tarfile.TarInfo, longer: dict[str, str]) -> None:
    member.name = longer.get("path", member.name)
    member.linkname = longer.get("linkpath", member.linkname)
    member.size = int(longer.get("size", member.size))
    member.uid = int(longer.get("uid", member.uid))
    member.gid = int(longer.get("gid", member.gid))
    if "mtime" in longer:
        member.mtime = int(float(longer["mtime"]))
    if not member.isreg():
        member.size = 0


class Extractor:
    """Reads one archive: lists it, or puts its members in place."""

    def __init__(self, proc: Process, request: TarRequest) -> None:
        self.proc = proc
        self.request = request
        self.names = Names(proc)
        self.wanted = [name.rstrip("/") for _, name in request.names]
        self.found: set[str] = set()
        self.code = 0
        self.folders: list[tuple[str, tarfile.TarInfo]] = []
        self.stripped = False

    async def run(self) -> int:
        request = self.request
        try:
            async with opened(self.proc, request.archive) as fd:
                if request.mode == "x" and request.folder != ".":
                    self.proc.chdir(request.folder)
                await self._all(await _plain(chunks(self.proc, fd), request.compression))
        except FileNotFoundError as error:
            raise self._cannot_open(error) from error
        self._finish_folders()
        for name in self.wanted:
            if name not in self.found:
                self.code = 2 if is_gnu(self.proc) else 1
                text = either(
                    self.proc, f"{name}: Not found in archive", f"{name}: not found in archive"
                )
                await complain(self.proc, text)
        if self.code and is_gnu(self.proc):
            await complain(self.proc, "Exiting with failure status due to previous errors")
        return self.code

    def _cannot_open(self, error: OSError) -> Failure:
        name = (
            self.request.archive
            if error.filename in (None, self.request.archive)
            else error.filename
        )
        if not is_gnu(self.proc):
            verb = "can't open" if name == self.request.archive else "can't change directory to"
            return Failure(f"{verb} '{name}': {reason(error)}")
        return Failure(
            f"{name}: Cannot open: {reason(error)}\ntar: Error is not recoverable: exiting now", 2
        )

    async def _all(self, stream: _Stream) -> None:
        seen = False
        async for member in members(stream):
            seen = True
            name = self._target(member.name)
            if name and self._is_wanted(member.name):
                await self._say(member, name)
                if self.request.mode == "x":
                    await self._extract(stream, member, name)
                    continue
            await self._skip(stream, member.size)
        if not seen and not is_gnu(self.proc):
            raise CorruptError("short read")
        async for _ in stream.rest():
            await self.proc.checkpoint()

    def _target(self, name: str) -> str:
        """The name to extract as: leading slashes and `..` go, and as many folders as --strip-components says."""
        if not self.request.absolute:
            name = name.lstrip("/")
        parts = name.rstrip("/").split("/")
        if ".." in parts:
            return ""
        return "/".join(parts[self.request.strip :])

    def _is_wanted(self, name: str) -> bool:
        if excluded(name, self.request.exclude):
            return False
        if not self.wanted:
            return True
        name = name.rstrip("/")
        for wanted in self.wanted:
            if name == wanted or name.startswith(wanted + "/"):
                self.found.add(wanted)
                return True
        return False

    async def _say(self, member: tarfile.TarInfo, name: str) -> None:
        request = self.request
        listing = request.mode == "t"
        if not listing and not request.verbose:
            return
        full = request.verbose >= (1 if listing else 2)
        line = long_line(member, is_gnu(self.proc)) if full else shown_name(member)
        if request.to_stdout and not listing:
            await self.proc.err(line + "\n")
        else:
            await self.proc.out(line + "\n")

    async def _skip(self, stream: _Stream, size: int) -> None:
        async for _ in stream.pieces(size + -size % BLOCK):
            await self.proc.checkpoint()

    async def _extract(self, stream: _Stream, member: tarfile.TarInfo, name: str) -> None:
        try:
            if self.request.to_stdout:
                await self._content(stream, member, 1)
            elif member.isreg():
                await self._file(stream, member, name)
            else:
                self._special(member, name)
        except OSError as error:
            self.code = 2 if is_gnu(self.proc) else 1
            text = either(
                self.proc,
                f"{name}: Cannot open: {reason(error)}",
                f"can't create {name}: {reason(error)}",
            )
            await complain(self.proc, text)

    async def _content(self, stream: _Stream, member: tarfile.TarInfo, fd: int) -> None:
        async for data in stream.pieces(member.size):
            if fd >= 0:
                await self.proc.write(fd, data)
        await stream.take(-member.size % BLOCK)

    async def _file(self, stream: _Stream, member: tarfile.TarInfo, name: str) -> None:
        fd = -1
        try:
            self._make_way(name)
            fd = await self.proc.open(
                name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode & 0o777
            )
        finally:
            await self._content(stream, member, fd)
            if fd >= 0:
                self.proc.close(fd)
        self._attributes(member, name)

    def _make_way(self, name: str) -> None:
        """Folders above are made; what is in the way goes, unless -k protects it."""
        make_folders(self.proc, os.path.dirname(name))
        if self.request.keep_old:
            return
        with suppress(FileNotFoundError, IsADirectoryError):
            self.proc.unlink(name)

    def _special(self, member: tarfile.TarInfo, name: str) -> None:
        if member.isdir():
            self._folder(member, name)
            return
        self._make_way(name)
        if member.issym():
            self.proc.symlink(member.linkname, name)
        elif member.islnk():
            self.proc.link(self._target(member.linkname), name)
            return
        else:
            kind = {tarfile.CHRTYPE: stat.S_IFCHR, tarfile.BLKTYPE: stat.S_IFBLK}.get(
                member.type, stat.S_IFIFO
            )
            self.proc.mknod(
                name, kind | member.mode & 0o777, os.makedev(member.devmajor, member.devminor)
            )
        self._attributes(member, name)

    def _folder(self, member: tarfile.TarInfo, name: str) -> None:
        if name in ("", "."):
            return
        try:
            if not stat.S_ISDIR(self.proc.stat(name).mode):
                raise FileExistsError(17, "File exists", name)
        except FileNotFoundError:
            self._make_way(name)
            self.proc.mkdir(name, 0o777)
        self.folders.append((name, member))

    def _finish_folders(self) -> None:
        """Modes and times of folders come last: filling them changes the one and may need the other."""
        for name, member in reversed(self.folders):
            with suppress(OSError):
                self._attributes(member, name)

    def _attributes(self, member: tarfile.TarInfo, name: str) -> None:
        if self.proc.cred.uid == 0 and self.request.own:
            uid = self.names.find_user(member.uname) if not self.request.numeric else None
            gid = self.names.find_group(member.gname) if not self.request.numeric else None
            self.proc.chown(
                name, uid.uid if uid else member.uid, gid.gid if gid else member.gid, follow=False
            )
        if not member.issym():
            masked = self.proc.cred.uid and not self.request.permissions
            self.proc.chmod(name, member.mode & 0o7777 & ~(self.proc.umask if masked else 0))
        if not self.request.touch:
            when = int(member.mtime) * NS
            self.proc.utime(name, when, when, follow=False)

"""Compressed streams: gzip, bzip2 and xz as sources and sinks of bytes, and the programs that are named after them."""

import bz2
import lzma
import os
import stat
import zlib
from collections.abc import AsyncIterator
from typing import Any, Protocol

from daemon.process.process import Process
from daemon.programs.tools.kit import (
    Failure,
    chunks,
    is_gnu,
    name_of,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.options import Options

MAGIC = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ"}
SUFFIXES = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "lzma": ".lzma"}


class Compressor(Protocol):
    """What zlib, bz2 and lzma have in common."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def compressor(kind: str, level: int = 6) -> Compressor:
    if kind == "bzip2":
        return bz2.BZ2Compressor(level)
    if kind == "xz":
        return lzma.LZMACompressor(preset=min(level, 6))
    if kind == "lzma":
        return lzma.LZMACompressor(format=lzma.FORMAT_ALONE)
    return zlib.compressobj(level, zlib.DEFLATED, 31)


def _decompressor(kind: str) -> Any:  # noqa: ANN401
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    if kind in ("xz", "lzma"):
        return lzma.LZMADecompressor()
    return zlib.decompressobj(31)


class CorruptError(Exception):
    """The compressed data is damaged, cut off, or something else."""


async def decompressed(source: AsyncIterator[bytes], kind: str) -> AsyncIterator[bytes]:
    """The plain bytes; several members one after the other are one stream."""
    machine = _decompressor(kind)
    started = False
    async for data in source:
        while data:
            try:
                plain = machine.decompress(data)
            except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
                raise CorruptError("invalid magic" if not started else "crc error") from error
            started = True
            if plain:
                yield plain
            if not machine.eof:
                break
            data = machine.unused_data
            machine = _decompressor(kind)
            started = False
            if data.strip(b"\0") == b"":
                break
    if started and not machine.eof:
        raise CorruptError("unexpected end of file")


def kind_of(head: bytes) -> str:
    """Which compression the first bytes show; "" for none."""
    return next((kind for kind, magic in MAGIC.items() if head.startswith(magic)), "")


_NAMES = {
    "gzip": ("gzip", False, False),
    "gunzip": ("gzip", True, False),
    "zcat": ("gzip", True, True),
    "uncompress": ("gzip", True, False),
    "bzip2": ("bzip2", False, False),
    "bunzip2": ("bzip2", True, False),
    "bzcat": ("bzip2", True, True),
    "xz": ("xz", False, False),
    "unxz": ("xz", True, False),
    "xzcat": ("xz", True, True),
    "lzma": ("lzma", False, False),
    "unlzma": ("lzma", True, False),
    "lzcat": ("lzma", True, True),
}
_LONG = (
    "stdout=c to-stdout=c decompress=d uncompress=d force=f keep=k list=l test=t verbose=v quiet=q recursive=r "
    "fast=1 best=9 no-name=n suffix:=S stdin-size threads:=T"
)


@tool(
    "[-cfkdt123456789] [FILE]...",
    "cfkdtvqn123456789rlNS:",
    about="Compress or decompress FILEs (or stdin)",
    gnu="aeT:zM:",
    package="1.12",
    long=_LONG,
)
async def gzip(proc: Process, options: Options) -> int:
    kind, unpack, to_stdout = _NAMES.get(os.path.basename(proc.argv[0]), ("gzip", False, False))
    job = _Job(proc, options, kind, unpack or "d" in options or "t" in options or "l" in options)
    job.to_stdout = to_stdout or "c" in options
    code = 0
    for path in options.args or ["-"]:
        code = max(code, await job.one(path))
    return code


class _Job:
    def __init__(self, proc: Process, options: Options, kind: str, unpack: bool) -> None:
        self.proc = proc
        self.options = options
        self.kind = kind
        self.unpack = unpack
        self.to_stdout = False
        self.level = int(options.last_of("123456789") or "6")

    async def one(self, path: str) -> int:
        try:
            if path == "-":
                return await self._stdin()
            if stat.S_ISDIR(self.proc.stat(path).mode):
                await self._complain(
                    f"{path} is a directory -- ignored"
                    if is_gnu(self.proc)
                    else f"{path}: Is a directory",
                )
                return 2 if is_gnu(self.proc) else 1
            return await self._file(path)
        except CorruptError as error:
            await self.proc.err("\n" if is_gnu(self.proc) else "")
            await self._complain(self._corrupt(path, str(error)))
            return 1
        except OSError as error:
            await self._complain(f"{path}: {reason(error)}")
            return 1

    async def _complain(self, text: str) -> None:
        """GNU's gunzip and zcat are scripts around gzip, and it is gzip that speaks."""
        name = "gzip" if is_gnu(self.proc) and self.kind == "gzip" else name_of(self.proc)
        await self.proc.err(f"{name}: {text}\n")

    def _corrupt(self, path: str, what: str) -> str:
        if not is_gnu(self.proc):
            zcat = os.path.basename(self.proc.argv[0]) == "zcat"
            return "no gzip/bzip2/xz magic" if zcat and what == "invalid magic" else what
        name = "stdin" if path == "-" else path
        texts = {
            "invalid magic": f"{name}: not in {self.kind} format",
            "unexpected end of file": f"{name}: unexpected end of file",
        }
        return texts.get(what, f"{name}: invalid compressed data--crc error")

    async def _stdin(self) -> int:
        if not self.unpack and self.proc.isatty(1) and "f" not in self.options:
            raise Failure(
                "compressed data not written to a terminal. Use -f to force compression."
                if is_gnu(self.proc)
                else "compressed data not written to terminal"
            )
        await self._pump(0, 1)
        return 0

    async def _file(self, path: str) -> int:
        target = self._target(path)
        if target is None:
            return await self._bad_suffix(path)
        if "t" in self.options or "l" in self.options:
            return await self._inspect(path)
        if self.to_stdout:
            async with opened(self.proc, path) as fd:
                await self._pump(fd, 1)
            return 0
        if self.proc.fs.exists(os.path.join(self.proc.cwd, target)) and "f" not in self.options:
            text = (
                f"{target} already exists;\tnot overwritten"
                if is_gnu(self.proc)
                else f"can't open '{target}': File exists"
            )
            await self._complain(text)
            return 2 if is_gnu(self.proc) else 1
        await self._replace(path, target)
        return 0

    async def _replace(self, path: str, target: str) -> None:
        info = self.proc.stat(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        async with (
            opened(self.proc, path) as fd,
            opened(self.proc, target, flags, info.mode & 0o777) as out,
        ):
            try:
                await self._pump(fd, out)
            except CorruptError:
                self.proc.unlink(target)
                raise
        self.proc.utime(target, info.atime_ns, info.mtime_ns)
        if "k" not in self.options:
            self.proc.unlink(path)
        if "v" in self.options:
            await self.proc.err(
                f"{path}:\t -- {'created' if 'k' in self.options else 'replaced with'} {target}\n"
            )

    def _target(self, path: str) -> str | None:
        suffix = self.options.value("S") or SUFFIXES[self.kind]
        if not self.unpack:
            return None if path.endswith(suffix) else path + suffix
        if path.endswith(suffix):
            return path.removesuffix(suffix)
        for short, full in ((".tgz", ".tar"), (".tbz", ".tar"), (".txz", ".tar"), (".Z", "")):
            if path.endswith(short):
                return path.removesuffix(short) + full
        return path if self.to_stdout or "t" in self.options else None

    async def _bad_suffix(self, path: str) -> int:
        if self.unpack:
            text = (
                f"{path}: unknown suffix -- ignored"
                if is_gnu(self.proc)
                else f"{path}: unknown suffix - ignored"
            )
        else:
            suffix = SUFFIXES[self.kind]
            text = f"{path} already has {suffix} suffix -- unchanged"
        await self._complain(text)
        return 2 if is_gnu(self.proc) else 1

    async def _inspect(self, path: str) -> int:
        packed = self.proc.stat(path).size
        size = 0
        async with opened(self.proc, path) as fd:
            async for data in decompressed(chunks(self.proc, fd), self.kind):
                size += len(data)
        if "l" in self.options:
            ratio = 100 * (1 - packed / size) if size else 0.0
            name = self._target(path)
            await self.proc.out(
                "         compressed        uncompressed  ratio uncompressed_name\n"
                f"{packed:19d} {size:19d} {ratio:5.1f}% {name}\n"
            )
        elif "v" in self.options:
            await self.proc.err(f"{path}:\t OK\n")
        return 0

    async def _pump(self, source: int, target: int) -> None:
        if self.unpack:
            async for data in decompressed(chunks(self.proc, source), self.kind):
                await self.proc.write(target, data)
            return
        machine = compressor(self.kind, self.level)
        async for data in chunks(self.proc, source):
            await self.proc.write(target, machine.compress(data))
        await self.proc.write(target, machine.flush())

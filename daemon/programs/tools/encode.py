"""Encodings and arithmetic on the command line: base64, base32, expr, split, dd."""

import base64
import binascii
import os
import re
from collections.abc import Callable
from contextlib import suppress

from daemon.process.process import Process
from daemon.programs.common.regex import RegexError, compile_posix
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    chunks,
    complain,
    either,
    is_gnu,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.options import Options
from daemon.programs.tools.sizes import parse_size

Codec = Callable[[bytes], bytes]
_LONG = "decode=d ignore-garbage=i wrap:=w"


@tool(
    "[-d] [-w COL] [FILE]",
    "dw:",
    about="Base64 encode or decode FILE to standard output",
    gnu="i",
    long=_LONG,
)
async def base64_(proc: Process, options: Options) -> int:
    return await _codec(proc, options, base64.b64encode, base64.b64decode, 3)


@tool(
    "[-d] [-w COL] [FILE]",
    "dw:",
    about="Base32 encode or decode FILE to standard output",
    gnu="i",
    long=_LONG,
)
async def base32(proc: Process, options: Options) -> int:
    return await _codec(proc, options, base64.b32encode, base64.b32decode, 5)


async def _codec(proc: Process, options: Options, encode: Codec, decode: Codec, unit: int) -> int:
    path = options.args[0] if options.args else "-"
    async with opened(proc, path) as fd:
        if "d" in options:
            return await _decoded(proc, fd, decode, "i" in options)
        width = options.number("w", 76)
        held, line = b"", b""
        async for data in chunks(proc, fd):
            held += data
            whole = len(held) // unit * unit
            line = await _wrapped(proc, line + encode(held[:whole]), width, last=False)
            held = held[whole:]
        await _wrapped(proc, line + encode(held), width, last=True)
    return 0


async def _wrapped(proc: Process, text: bytes, width: int, *, last: bool) -> bytes:
    if not width:
        await proc.out(text)
        return b""
    whole = len(text) // width * width
    lines = [text[i : i + width] + b"\n" for i in range(0, whole, width)]
    await proc.out(b"".join(lines))
    rest = text[whole:]
    if last and rest:
        await proc.out(rest + b"\n")
    return rest


async def _decoded(proc: Process, fd: int, decode: Codec, lenient: bool) -> int:
    held = b""
    async for data in chunks(proc, fd):
        clean = re.sub(rb"[^A-Za-z0-9+/=]" if lenient else rb"[\r\n]", b"", data)
        held += clean
        whole = len(held) // 8 * 8
        if not await _decode_piece(proc, held[:whole], decode):
            return 1
        held = held[whole:]
    return 0 if await _decode_piece(proc, held, decode) else 1


async def _decode_piece(proc: Process, piece: bytes, decode: Codec) -> bool:
    good = re.match(rb"[A-Za-z0-9+/]*={0,6}", piece)
    text = good[0] if good else b""
    try:
        await proc.out(decode(text))
    except (ValueError, binascii.Error):
        with suppress(ValueError, binascii.Error):
            await proc.out(decode(text + b"=" * (-len(text) % 4)))
        text = b""
    if len(text) == len(piece):
        return True
    await complain(proc, "invalid input")
    return False


class _Expression:
    """expr's grammar, by precedence: | & comparisons + - * / % :."""

    def __init__(self, proc: Process, words: list[str]) -> None:
        self.proc = proc
        self.words = words
        self.at = 0

    def peek(self) -> str | None:
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self) -> str:
        word = self.peek()
        if word is None:
            last = self.words[-1] if self.words else ""
            raise Failure(
                either(self.proc, f"syntax error: missing argument after '{last}'", "syntax error"),
                2,
            )
        self.at += 1
        return word

    def value(self) -> str:
        result = self._or()
        if self.peek() is not None:
            raise Failure(
                either(
                    self.proc, f"syntax error: unexpected argument '{self.peek()}'", "syntax error"
                ),
                2,
            )
        return result

    def _or(self) -> str:
        left = self._and()
        while self.peek() == "|":
            self.take()
            right = self._and()
            left = left if not is_null(left) else right if not is_null(right) else "0"
        return left

    def _and(self) -> str:
        left = self._comparison()
        while self.peek() == "&":
            self.take()
            right = self._comparison()
            left = left if not is_null(left) and not is_null(right) else "0"
        return left

    def _comparison(self) -> str:
        left = self._sum()
        while self.peek() in ("=", "==", "!=", "<", "<=", ">", ">="):
            operator = self.take()
            right = self._sum()
            both = is_number(left) and is_number(right)
            order = (
                (int(left) > int(right)) - (int(left) < int(right))
                if both
                else (left > right) - (left < right)
            )
            held = {
                "=": order == 0,
                "==": order == 0,
                "!=": order != 0,
                "<": order < 0,
                "<=": order <= 0,
                ">": order > 0,
                ">=": order >= 0,
            }
            left = "1" if held[operator] else "0"
        return left

    def _sum(self) -> str:
        left = self._product()
        while self.peek() in ("+", "-"):
            sign = self.take()
            right = self._number(self._product())
            left = str(self._number(left) + right if sign == "+" else self._number(left) - right)
        return left

    def _product(self) -> str:
        left = self._match()
        while self.peek() in ("*", "/", "%"):
            operator = self.take()
            a, b = self._number(left), self._number(self._match())
            if operator == "*":
                left = str(a * b)
                continue
            if not b:
                raise Failure("division by zero", 2)
            quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            left = str(quotient if operator == "/" else a - quotient * b)
        return left

    def _number(self, text: str) -> int:
        if not is_number(text):
            raise Failure(either(self.proc, "non-integer argument", "non-numeric argument"), 2)
        return int(text)

    def _match(self) -> str:
        left = self._primary()
        while self.peek() == ":":
            self.take()
            left = self._matched(left, self._primary())
        return left

    def _matched(self, text: str, pattern: str) -> str:
        try:
            made = compile_posix(os.fsencode(pattern))
        except RegexError as error:
            raise Failure(str(error), 2) from error
        found = made.match(os.fsencode(text))
        if made.groups:
            return os.fsdecode(found[1] or b"") if found else ""
        return str(len(os.fsdecode(found[0]))) if found else "0"

    def _primary(self) -> str:
        word = self.take()
        if word == "(":
            inside = self._or()
            if self.take() != ")":
                raise Failure("syntax error", 2)
            return inside
        if word == "+" and is_gnu(self.proc):
            return self.take()
        if self.peek() is None:
            return word
        if word == "length":
            return str(len(self._primary()))
        if word == "match":
            return self._matched(self._primary(), self._primary())
        if word == "index":
            text, chars = self._primary(), self._primary()
            return str(next((i + 1 for i, c in enumerate(text) if c in chars), 0))
        if word == "substr":
            text, start, count = self._primary(), self._primary(), self._primary()
            if not is_number(start) or not is_number(count) or int(start) < 1 or int(count) < 1:
                return ""
            return text[int(start) - 1 : int(start) - 1 + int(count)]
        return word


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None


def is_null(text: str) -> bool:
    return text == "" or re.fullmatch(r"-?0+", text) is not None


@tool("EXPRESSION", raw=True, about="Print the value of EXPRESSION", trouble=(2, 2))
async def expr(proc: Process, options: Options) -> int:
    words = options.args[1:] if options.args[:1] == ["--"] else options.args
    if not words:
        if is_gnu(proc):
            raise UsageError("missing operand")
        raise Failure("too few arguments", 2)
    result = _Expression(proc, words).value()
    await proc.out(result + "\n")
    return 1 if is_null(result) else 0


@tool(
    "[OPTIONS] [INPUT [PREFIX]]",
    "a:b:l:",
    about="Split a file into pieces",
    gnu="dn:C:eut:x",
    long="suffix-length:=a bytes:=b lines:=l numeric-suffixes?=d number:=n additional-suffix:=additional verbose",
)
async def split(proc: Process, options: Options) -> int:
    source = options.args[0] if options.args else "-"
    prefix = options.args[1] if len(options.args) > 1 else "x"
    pieces = _Pieces(
        proc, prefix, options.number("a", 2), "d" in options, options.value("additional")
    )
    size = parse_size(options.value("b")) if "b" in options else None
    lines = parse_size(options.value("l", "1000"))
    if lines == 0 or size == 0:
        raise Failure(either(proc, "invalid number of lines: 0", "invalid number '0'"))
    try:
        async with opened(proc, source) as fd:
            if size:
                await _split_bytes(proc, fd, size, pieces)
            else:
                await _split_lines(proc, fd, lines or 1000, pieces)
    except FileNotFoundError as error:
        quote = either(proc, f"cannot open '{source}' for reading", source)
        raise Failure(f"{quote}: {reason(error)}") from error
    return 0


class _Pieces:
    """xaa, xab, ... one after the other."""

    def __init__(self, proc: Process, prefix: str, length: int, digits: bool, tail: str) -> None:
        self.proc = proc
        self.prefix = prefix
        self.length = length
        self.letters = "0123456789" if digits else "abcdefghijklmnopqrstuvwxyz"
        self.tail = tail
        self.count = 0

    async def next(self) -> int:
        number, name = self.count, ""
        for _ in range(self.length):
            number, index = divmod(number, len(self.letters))
            name = self.letters[index] + name
        if number:
            raise Failure(
                "output file suffixes exhausted" if is_gnu(self.proc) else "suffixes exhausted"
            )
        self.count += 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        return await self.proc.open(self.prefix + name + self.tail, flags, 0o666)


async def _split_bytes(proc: Process, fd: int, size: int, pieces: _Pieces) -> None:
    out, left = -1, 0
    async for data in chunks(proc, fd):
        while data:
            if not left:
                if out >= 0:
                    proc.close(out)
                out, left = await pieces.next(), size
            await proc.write(out, data[:left])
            data, left = data[left:], max(0, left - len(data))


async def _split_lines(proc: Process, fd: int, lines: int, pieces: _Pieces) -> None:
    out, left = -1, 0
    async for data in chunks(proc, fd):
        for line in data.splitlines(keepends=True):
            if not left:
                if out >= 0:
                    proc.close(out)
                out, left = await pieces.next(), lines
            await proc.write(out, line)
            left -= line.endswith(b"\n")


_DD_DEFAULTS = {
    "if": "-",
    "of": "-",
    "bs": "",
    "ibs": "512",
    "obs": "512",
    "count": "",
    "skip": "0",
    "seek": "0",
    "conv": "",
    "iflag": "",
    "oflag": "",
    "status": "",
}


def _dd_size(proc: Process, text: str) -> int:
    product = 1
    for factor in text.split("x") if not text.startswith("0x") else [text]:
        size = parse_size(factor)
        if size is None:
            raise Failure(either(proc, f"invalid number: '{text}'", f"invalid number '{text}'"))
        product *= size
    return product


@tool(
    "[if=FILE] [of=FILE] [ibs=N obs=N/bs=N] [count=N] [skip=N] [seek=N] [conv=notrunc|noerror|sync|fsync] [status=none]",
    raw=True,
    about="Copy a file with converting and formatting",
)
async def dd(proc: Process, options: Options) -> int:
    asked = dict(_DD_DEFAULTS)
    for word in options.args:
        name, equals, value = word.partition("=")
        if word == "--":
            continue
        if not equals or (name not in asked and name != "cbs"):
            raise UsageError(f"unrecognized operand '{word}'" if is_gnu(proc) else "")
        asked[name] = value
    return await _Copy(proc, asked).run()


class _Copy:
    """One run of dd: blocks in, blocks out, and the account of both."""

    def __init__(self, proc: Process, asked: dict[str, str]) -> None:
        self.proc = proc
        self.asked = asked
        self.block = _dd_size(proc, asked["bs"] or asked["ibs"])
        self.count = _dd_size(proc, asked["count"]) if asked["count"] else None
        self.skip = _dd_size(proc, asked["skip"])
        self.seek = _dd_size(proc, asked["seek"])
        self.conv = set(asked["conv"].split(",")) - {""}
        self.whole = self.partial = self.size = 0
        if not self.block:
            raise Failure(either(proc, "invalid number: '0'", "bs must not be zero"))

    async def run(self) -> int:
        started = self.proc.machine.clock.monotonic()
        source = await self._opened(self.asked["if"], os.O_RDONLY)
        target = await self._opened(self.asked["of"], self._out_flags())
        await self._skip(source)
        self._seek(target)
        await self._copy(source, target)
        await self._account(self.proc.machine.clock.monotonic() - started)
        return 0

    def _out_flags(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT
        if "append" in self.asked["oflag"]:
            flags |= os.O_APPEND
        keep = "notrunc" in self.conv or self.seek
        return flags if keep else flags | os.O_TRUNC

    async def _opened(self, path: str, flags: int) -> int:
        if path == "-" or (path == "" and flags == os.O_RDONLY):
            return 0 if flags == os.O_RDONLY else 1
        try:
            return await self.proc.open(path, flags, 0o666)
        except OSError as error:
            text = either(self.proc, f"failed to open '{path}'", f"can't open '{path}'")
            raise Failure(f"{text}: {reason(error)}") from error

    async def _skip(self, source: int) -> None:
        left = self.skip if "skip_bytes" in self.asked["iflag"] else self.skip * self.block
        if not left:
            return
        try:
            self.proc.seek(source, left, os.SEEK_CUR)
        except OSError:
            while left and (data := await self.proc.read(source, min(left, 65536))):
                left -= len(data)

    def _seek(self, target: int) -> None:
        if self.seek:
            block = _dd_size(self.proc, self.asked["bs"] or self.asked["obs"])
            self.proc.seek(target, self.seek * block, os.SEEK_CUR)
            if "notrunc" not in self.conv:
                self.proc.ftruncate(target, self.seek * block)

    async def _copy(self, source: int, target: int) -> None:
        while self.count is None or self.whole + self.partial < self.count:
            data = await self._block(source)
            if not data:
                return
            if len(data) == self.block:
                self.whole += 1
            else:
                self.partial += 1
                if "sync" in self.conv:
                    data = data.ljust(self.block, b"\0")
            data = self._converted(data)
            await self.proc.write(target, data)
            self.size += len(data)

    async def _block(self, source: int) -> bytes:
        data = await self.proc.read(source, self.block)
        while "fullblock" in self.asked["iflag"] and data and len(data) < self.block:
            more = await self.proc.read(source, self.block - len(data))
            if not more:
                break
            data += more
        return data

    def _converted(self, data: bytes) -> bytes:
        if "ucase" in self.conv:
            return data.upper()
        if "lcase" in self.conv:
            return data.lower()
        if "swab" in self.conv:
            return b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
        return data

    async def _account(self, seconds: float) -> None:
        if self.asked["status"] == "none":
            return
        counts = f"{self.whole}+{self.partial} records"
        await self.proc.err(f"{counts} in\n{counts} out\n")
        if self.asked["status"] != "noxfer":
            await self.proc.err(_speed(self.size, max(seconds, 1e-6), is_gnu(self.proc)))


def _speed(size: int, seconds: float, gnu: bool) -> str:
    rate = size / seconds
    unit = 1000.0 if gnu else 1024.0
    for letter in ("", "k", "M", "G", "T"):
        if rate < unit or letter == "T":
            break
        rate /= unit
    shown = f"{rate:.1f}{letter}B/s" if not gnu else f"{rate:.1f} {letter}B/s"
    human = ""
    if size >= 1000 and gnu:
        human = (
            f" ({size / 1000:.1f} kB, {size / 1024:.1f} KiB)"
            if size < 1000_000
            else f" ({size / 1000_000:.1f} MB, {size / (1 << 20):.1f} MiB)"
        )
    elif size >= 1024:
        human = f" ({size / 1024:.1f}KB)" if size < 1 << 20 else f" ({size / (1 << 20):.1f}MB)"
    noun = "byte" if size == 1 and gnu else "bytes"
    if gnu:
        return f"{size} {noun}{human} copied, {seconds:g} s, {shown}\n"
    return f"{size} bytes{human} copied, {seconds:.6f} seconds, {shown}\n"

"""bzip2 as Go reads it: slowly, but with what comes before an error, and the error in Go's words.

The C library does the work where nothing is wrong; it says of what is wrong only that it is, and keeps a whole block back.
"""

from collections.abc import Iterator

BLOCK_MAGIC, FINAL_MAGIC = 0x314159265359, 0x177245385090
GROUP = 50
"""So many symbols are read with one tree."""
TREES_MIN, TREES_MAX = 2, 6
CODE_MAX = 20
REPEAT_MAX = 2 << 20

Tree = int | tuple["Tree", "Tree"]
"""A symbol, or what follows a 0 and a 1."""


class Bzip2Error(ValueError):
    """The text is Go's."""

    def __init__(self, what: str) -> None:
        super().__init__(f"bzip2 data invalid: {what}")


class _Bits:
    """The stream, bit by bit; EOFError at its end."""

    def __init__(self, data: Iterator[int]) -> None:
        self._data = data
        self._kept = self._count = 0

    def read(self, count: int) -> int:
        while self._count < count:
            self._kept = self._kept << 8 | self.byte()
            self._count += 8
        self._count -= count
        value = self._kept >> self._count
        self._kept &= (1 << self._count) - 1
        return value

    def byte(self) -> int:
        """The next whole one, when no bits are left."""
        byte = next(self._data, None)
        if byte is None:
            raise EOFError
        return byte

    def align(self) -> None:
        self.read(self._count % 8)


def unpacked(data: Iterator[int]) -> Iterator[bytes]:
    """What comes out of whole streams, one after the other. Raises Bzip2Error and EOFError."""
    bits = _Bits(data)
    limit = _head(bits)
    wanted = 0
    while True:
        magic = bits.read(48)
        if magic == BLOCK_MAGIC:
            checksum = bits.read(32)
            wanted = (wanted << 1 & 0xFFFFFFFF | wanted >> 31) ^ checksum
            text = _plain(_block(bits, limit))
            yield text
            if _checksum(text) != checksum:
                raise Bzip2Error("block checksum mismatch")
        elif magic == FINAL_MAGIC:
            if bits.read(32) != wanted:
                raise Bzip2Error("file checksum mismatch")
            bits.align()
            try:
                first = bits.byte()
            except EOFError:
                return
            if bytes((first, bits.byte())) != b"BZ":
                raise Bzip2Error("bad magic value in continuation file")
            limit, wanted = _level(bits), 0
        else:
            raise Bzip2Error("bad magic value found")


def _head(bits: _Bits) -> int:
    if bits.read(16) != int.from_bytes(b"BZ"):
        raise Bzip2Error("bad magic value")
    return _level(bits)


def _level(bits: _Bits) -> int:
    """How many bytes a block may have."""
    if bits.read(8) != ord("h"):
        raise Bzip2Error("non-Huffman entropy encoding")
    level = bits.read(8) - ord("0")
    if not 1 <= level <= 9:
        raise Bzip2Error("invalid compression level")
    return level * 100_000


def _block(bits: _Bits, limit: int) -> Iterator[int]:
    """The bytes of a block, in their old order."""
    if bits.read(1):
        raise Bzip2Error("deprecated randomized files")
    origin = bits.read(24)
    symbols = _symbols(bits)
    selectors, trees = _trees(bits, len(symbols) + 2)
    text = bytearray()
    repeat, power, end = 0, 1, len(symbols) + 1
    for symbol in _decoded(bits, selectors, trees):
        if symbol < 2:
            power = power if repeat else 1
            repeat += power << symbol
            power <<= 1
            if repeat > REPEAT_MAX:
                raise Bzip2Error("repeat count too large")
            continue
        if repeat > limit - len(text):
            raise Bzip2Error("repeats past end of block")
        text += symbols[:1] * repeat
        repeat = 0
        if symbol == end:
            break
        if len(text) >= limit:
            raise Bzip2Error("data exceeds block size")
        moved = symbols.pop(symbol - 1)
        symbols.insert(0, moved)
        text.append(moved)
    if origin >= len(text):
        raise Bzip2Error("origPtr out of bounds")
    return _sorted_back(text, origin)


def _symbols(bits: _Bits) -> bytearray:
    """Which bytes there are in a block."""
    ranges = bits.read(16)
    found = bytearray()
    for high in range(16):
        if ranges >> 15 - high & 1:
            used = bits.read(16)
            found += bytes(high << 4 | low for low in range(16) if used >> 15 - low & 1)
    if not found:
        raise Bzip2Error("no symbols in input")
    return found


def _trees(bits: _Bits, symbols: int) -> tuple[list[int], list[Tree]]:
    """Which tree is used when, and the trees."""
    count = bits.read(3)
    if not TREES_MIN <= count <= TREES_MAX:
        raise Bzip2Error("invalid number of Huffman trees")
    order, selectors = list(range(count)), []
    for _ in range(bits.read(15)):
        index = 0
        while bits.read(1):
            index += 1
            if index >= count:
                raise Bzip2Error("tree index too large")
        order.insert(0, order.pop(index))
        selectors.append(order[0])
    return selectors, [_tree(_lengths(bits, symbols)) for _ in range(count)]


def _lengths(bits: _Bits, symbols: int) -> list[int]:
    length, lengths = bits.read(5), []
    for _ in range(symbols):
        while True:
            if not 1 <= length <= CODE_MAX:
                raise Bzip2Error("Huffman length out of range")
            if not bits.read(1):
                break
            length += -1 if bits.read(1) else 1
        lengths.append(length)
    return lengths


def _tree(lengths: list[int]) -> Tree:
    """Codes are given out from the longest to the shortest, and by falling symbols: their bits are inverted."""
    code, codes = 0, []
    for length, symbol in sorted(((n, symbol) for symbol, n in enumerate(lengths)), reverse=True):
        codes.append((code, symbol))
        code = code + (1 << 32 - length) & 0xFFFFFFFF
    return _node(sorted(codes, key=lambda pair: pair[0]), 31)


def _node(codes: list[tuple[int, int]], bit: int) -> Tree:
    """Levels at which all codes agree are left out, as Go leaves them out."""
    if len(codes) == 1:
        return codes[0][1]
    while True:
        left = [pair for pair in codes if not pair[0] >> bit & 1]
        if 0 < len(left) < len(codes):
            right = [pair for pair in codes if pair[0] >> bit & 1]
            return _node(right, bit - 1), _node(left, bit - 1)
        if not bit:
            raise Bzip2Error("equal symbols in Huffman tree")
        bit -= 1


def _decoded(bits: _Bits, selectors: list[int], trees: list[Tree]) -> Iterator[int]:
    if not selectors:
        raise Bzip2Error("no tree selectors given")
    for selector in selectors:
        for _ in range(GROUP):
            node = trees[selector]
            while isinstance(node, tuple):
                node = node[bits.read(1)]
            yield node
    raise Bzip2Error("insufficient selector indices for number of symbols")


def _sorted_back(text: bytearray, origin: int) -> Iterator[int]:
    """The Burrows-Wheeler transform, undone."""
    following = sorted(range(len(text)), key=text.__getitem__)
    at = following[origin]
    for _ in range(len(text)):
        yield text[at]
        at = following[at]


def _plain(packed: Iterator[int]) -> bytes:
    """Behind four equal bytes stands how many more there are."""
    out = bytearray()
    last, equal = -1, 0
    for byte in packed:
        if equal == 4:
            out += bytes((last,)) * byte
            last, equal = (-1, 0) if byte else (last, 1)
            continue
        equal = equal + 1 if byte == last else 1
        last = byte
        out.append(byte)
    return bytes(out)


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
        table.append(value)
    return table


_CRC = _crc_table()


def _checksum(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value = value << 8 & 0xFFFFFFFF ^ _CRC[value >> 24 ^ byte]
    return value ^ 0xFFFFFFFF

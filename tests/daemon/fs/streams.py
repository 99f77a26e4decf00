"""Compressed streams, read to wherever they end."""

import io

from daemon.fs.compression import decompressed
from daemon.fs.tarread import ArchiveError


def read(packed: bytes) -> tuple[bytes, str]:
    """What came out, and the error behind it."""
    out = b""
    try:
        for chunk in decompressed(io.BytesIO(packed)):
            out += chunk
    except ArchiveError as error:
        return out, str(error)
    return out, ""

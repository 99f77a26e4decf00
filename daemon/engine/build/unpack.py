"""ADD of a local archive: a tar, plain or compressed, is unpacked where it is added."""

from __future__ import annotations

import os

from daemon.fs.compression import decompressed
from daemon.fs.extract import extract
from daemon.fs.filesystem import Filesystem
from daemon.fs.tarread import ArchiveError

BLOCK = 512
MAGIC = slice(257, 262)


class FileReader:
    """A file of a filesystem as a stream."""

    def __init__(self, files: Filesystem, path: str) -> None:
        self._file = files.open(path, os.O_RDONLY)
        self._at = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.pread(size if size >= 0 else 1 << 20, self._at)
        self._at += len(data)
        return data

    def close(self) -> None:
        self._file.close()


def is_archive(files: Filesystem, path: str) -> bool:
    """Whether the file, unpacked if it is compressed, begins with the header of a tar."""
    reader = FileReader(files, path)
    try:
        head = b""
        for chunk in decompressed(reader):
            head += chunk
            if len(head) >= BLOCK:
                break
        return head[MAGIC] == b"ustar"
    except (OSError, EOFError, ValueError, ArchiveError):
        return False
    finally:
        reader.close()


def unpack_archive(files: Filesystem, path: str, target: Filesystem, to: str) -> bool:
    """Unpack the archive at `path` into the folder `to`; False, and nothing done, for any other file."""
    if not is_archive(files, path):
        return False
    target.makedirs(to)
    reader = FileReader(files, path)
    try:
        extract(target, to, reader)
    finally:
        reader.close()
    return True

"""Where a registry keeps its bytes: named files, in memory or in a folder."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol


class Files(Protocol):
    """Names are paths without leading slash; the store lets only well-formed repository names and digests in.

    `walk` yields the names that start with `prefix`.
    """

    def size(self, name: str) -> int | None: ...
    def open(self, name: str) -> BinaryIO: ...
    def write(self, name: str, data: bytes) -> None: ...
    def append(self, name: str, data: bytes) -> None: ...
    def move(self, old: str, new: str) -> None: ...
    def delete(self, name: str) -> None: ...
    def walk(self, prefix: str) -> Iterator[str]: ...


class MemoryFiles:
    def __init__(self) -> None:
        self._files: dict[str, bytes | bytearray] = {}

    def size(self, name: str) -> int | None:
        data = self._files.get(name)
        return None if data is None else len(data)

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self._files[name])

    def write(self, name: str, data: bytes) -> None:
        self._files[name] = data

    def append(self, name: str, data: bytes) -> None:
        grown = self._files.get(name)
        if not isinstance(grown, bytearray):
            grown = self._files[name] = bytearray(grown or b"")
        grown += data

    def move(self, old: str, new: str) -> None:
        self._files[new] = bytes(self._files.pop(old))

    def delete(self, name: str) -> None:
        self._files.pop(name, None)

    def walk(self, prefix: str) -> Iterator[str]:
        return iter([name for name in self._files if name.startswith(prefix)])


class FolderFiles:
    """The same in a folder, which survives the registry."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def size(self, name: str) -> int | None:
        path = self._root / name
        return path.stat().st_size if path.is_file() else None

    def open(self, name: str) -> BinaryIO:
        return (self._root / name).open("rb")

    def write(self, name: str, data: bytes) -> None:
        path = self._made(name)
        partial = path.with_name(path.name + ".part")
        partial.write_bytes(data)
        partial.replace(path)

    def append(self, name: str, data: bytes) -> None:
        with self._made(name).open("ab") as file:
            file.write(data)

    def move(self, old: str, new: str) -> None:
        (self._root / old).replace(self._made(new))

    def delete(self, name: str) -> None:
        (self._root / name).unlink(missing_ok=True)

    def walk(self, prefix: str) -> Iterator[str]:
        for folder, _, files in os.walk(self._root / prefix.rpartition("/")[0]):
            relative = Path(folder).relative_to(self._root)
            for name in files:
                path = str(relative / name)
                if path.startswith(prefix) and not name.endswith(".part"):
                    yield path

    def _made(self, name: str) -> Path:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

"""What the program `registry` of a container stands for: an OCI registry that keeps its blobs in that container."""

from __future__ import annotations

import asyncio
import io
import os
import posixpath
from collections.abc import Callable, Iterator
from typing import BinaryIO

from aiohttp import web

from daemon.fs.filesystem import Filesystem
from fake_registry.app import create_app
from fake_registry.registry import Registry
from fake_registry.store import Store

ROOT = "/var/lib/registry"


class ContainerFiles:
    """The registry's files below a folder of a container, where a volume may lie."""

    def __init__(self, namespace: Callable[[], Filesystem]) -> None:
        self._namespace = namespace

    def _path(self, name: str) -> str:
        return f"{ROOT}/{name}"

    def size(self, name: str) -> int | None:
        fs = self._namespace()
        path = self._path(name)
        return fs.stat(path).size if fs.exists(path) and not fs.isdir(path) else None

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self._namespace().read_bytes(self._path(name)))

    def write(self, name: str, data: bytes) -> None:
        fs = self._made(name)
        fs.write_bytes(self._path(name), data)

    def append(self, name: str, data: bytes) -> None:
        fs = self._made(name)
        file = fs.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            file.append(data)
        finally:
            file.close()

    def move(self, old: str, new: str) -> None:
        self._made(new).rename(self._path(old), self._path(new))

    def delete(self, name: str) -> None:
        fs = self._namespace()
        if fs.exists(self._path(name)):
            fs.unlink(self._path(name))

    def walk(self, prefix: str) -> Iterator[str]:
        fs = self._namespace()
        pending = [prefix.rpartition("/")[0]]
        while pending:
            folder = pending.pop()
            if not fs.isdir(self._path(folder)):
                continue
            for name in fs.listdir(self._path(folder)):
                path = posixpath.join(folder, name)
                if fs.isdir(self._path(path)):
                    pending.append(path)
                elif path.startswith(prefix):
                    yield path

    def _made(self, name: str) -> Filesystem:
        fs = self._namespace()
        fs.makedirs(posixpath.dirname(self._path(name)))
        return fs


class RegistryBackend:
    """The registry of one container, served on a Unix socket from the first connection on."""

    def __init__(self, namespace: Callable[[], Filesystem], path: str) -> None:
        self._path = path
        self._app = create_app(Registry(store=Store(ContainerFiles(namespace))))
        self._runner: web.AppRunner | None = None
        self._starting = asyncio.Lock()

    async def socket(self) -> str:
        """Where it listens."""
        async with self._starting:
            if self._runner is None:
                runner = web.AppRunner(self._app, access_log=None)
                await runner.setup()
                await web.UnixSite(runner, self._path).start()
                self._runner = runner
        return self._path

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

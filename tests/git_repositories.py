"""Git repositories for builds, and the servers that have them: git's own protocol, and plain files over HTTP."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "s3cret"
SETTINGS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
}
CONFIG = ("-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always")


class Work:
    """A repository to commit to, and its bare copy below `served`, which `publish` brings up to date."""

    def __init__(self, folder: Path, served: Path) -> None:
        self.folder = folder
        self.bare = served / f"{folder.name}.git"

    async def git(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "git",
            *CONFIG,
            *words,
            cwd=self.folder,
            env={**os.environ, **SETTINGS},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode().strip()

    async def begin(self) -> None:
        self.folder.mkdir(parents=True)
        await self.git("init", "--quiet")
        await self.git("init", "--quiet", "--bare", str(self.bare))

    async def commit(self, message: str, files: Mapping[str, str] | None = None) -> str:
        """The commit's name."""
        for name, text in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        await self.git("add", "--all")
        await self.git("commit", "--quiet", "--message", message)
        return await self.git("rev-parse", "HEAD")

    async def publish(self) -> None:
        await self.git("push", "--quiet", "--mirror", "--force", str(self.bare))
        await self.git("--git-dir", str(self.bare), "update-server-info")


async def make_repositories(folder: Path, salt: str = "") -> tuple[Path, Work]:
    """`app` with branches main, dev and feature/x, tags v1 and va1, and a submodule, which is `lib`; and `empty`.

    The folder of the bare ones, and `app` itself.
    """
    served = folder / "served"
    app, lib, empty = (Work(folder / name, served) for name in ("app", "lib", "empty"))
    for work in (app, lib, empty):
        await work.begin()
    await lib.commit("lib", {"lib.txt": f"lib{salt}\n"})
    await lib.publish()
    files = {
        "Dockerfile": f"FROM busybox\nCOPY . /src\nRUN : {salt}; cd /src; stat -c '%A %u %n' $(ls -A); cat file.txt\n",
        "file.txt": f"main{salt}\n",
        "run.sh": "#!/bin/sh\necho run\n",
        "sub/Dockerfile": f"FROM busybox\nCOPY . /sub\nRUN : {salt}; cat /sub/inner.txt\n",
        "sub/inner.txt": f"inner{salt}\n",
    }
    (app.folder / "link").symlink_to("file.txt")
    (app.folder / "way").symlink_to("sub")
    await app.commit("one", files)
    (app.folder / "run.sh").chmod(0o755)
    await app.commit("executable")
    await app.git("tag", "v1")
    await app.git("tag", "--annotate", "--message", "annotated", "va1")
    await app.git("branch", "feature/x")
    await app.git("submodule", "--quiet", "add", str(lib.bare), "vendored")
    await app.git("config", "--file", ".gitmodules", "submodule.vendored.url", "../lib.git")
    await app.commit("with a submodule")
    await app.git("checkout", "--quiet", "-b", "dev")
    await app.commit("dev", {"file.txt": f"dev{salt}\n", ".dockerignore": "*.sh\n"})
    await app.git("checkout", "--quiet", "main")
    await app.publish()
    return served, app


async def names(served: Path) -> dict[str, str]:
    """What every commit is a head or tag of, by its name, and by the short one."""
    found = {}
    for bare in sorted(map(served.joinpath, os.listdir(served))):
        work = Work(bare, served)
        shown = await work.git("for-each-ref", "--format=%(objectname) %(*objectname) %(refname)")
        for line in shown.splitlines():
            *commits, ref = line.split()
            for commit, what in zip(commits, ("", " ^{}"), strict=False):
                found[commit] = f"{bare.stem}/{ref}{what}"
                found[commit[:7]] = f"{bare.stem}/{ref}{what} in short"
    return found


@contextlib.asynccontextmanager
async def git_server(served: Path) -> AsyncIterator[str]:
    """The address of all below a folder: each connection is served by a git daemon of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    serving = asyncio.create_task(_serve(listener, served))
    try:
        yield f"git://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        listener.close()


async def _serve(listener: socket.socket, served: Path) -> None:
    daemons: list[asyncio.subprocess.Process] = []
    try:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            connection.setblocking(True)
            with connection:
                daemons.append(await _daemon(connection, served))
    finally:
        for daemon in daemons:
            with contextlib.suppress(ProcessLookupError):
                daemon.terminate()
            await daemon.wait()


async def _daemon(connection: socket.socket, served: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *("git", "daemon", "--inetd", "--export-all", f"--base-path={served}"),
        stdin=connection,
        stdout=connection,
        stderr=asyncio.subprocess.DEVNULL,
    )


@contextlib.asynccontextmanager
async def web_server(served: Path) -> AsyncIterator[str]:
    """Plain files at `/`, and those below `/private` for who has the token."""
    app = web.Application(middlewares=[_check_login])
    app.router.add_static("/private", served)
    app.router.add_static("/", served)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("")).rstrip("/")


@web.middleware
async def _check_login(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        value = base64.b64decode(value).decode().partition(":")[2]
    if request.path.startswith("/private") and value != TOKEN:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="private"'})
    return await handler(request)

"""git as BuildKit calls it: without anybody's configuration, and again in another way where a server cannot do it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from daemon.engine.build.git.addresses import is_commit
from daemon.engine.build.git.process import run_git
from daemon.engine.dockerfile.errors import DockerfileError

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
SHALLOW = "--depth=1"
SSH_COMMAND = (
    "ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
)
"""Any host key will do, as BuildKit takes the one that it has just asked for."""
SETTINGS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": SSH_COMMAND,
    "GIT_CONFIG_NOSYSTEM": "1",
    "HOME": "/dev/null",
    "LC_ALL": "C",
}
NOT_FROM_FILES = ("-c", "protocol.file.allow=user")
"""No repository may have submodules on this machine."""
_NO_DEPTH = (b"--depth", b"shallow")
_NOT_ADVERTISED = (b"not our ref", b"unadvertised object")


@dataclass(frozen=True, slots=True)
class Git:
    """What all calls of one piece of work have in common."""

    folder: str
    """Where git runs, unless it has a work tree."""
    log: Callable[[bytes, int], None]
    shown: Callable[[bytes], bytes] = bytes
    """What is told of git's output: not where mockerd really has its files."""
    login: tuple[str, ...] = ()
    agent: str = ""
    """The socket of an SSH agent."""
    git_dir: str = ""
    work_tree: str = ""

    def at(self, git_dir: str, work_tree: str = "") -> Git:
        return replace(self, git_dir=git_dir, work_tree=work_tree)

    async def run(self, *words: str) -> str:
        """Standard output; DockerfileError if git fails."""
        while True:
            ended = await run_git(
                [*self._common(), *words],
                self._environment(),
                self.work_tree or self.folder,
                lambda data, stream: self.log(self.shown(data), stream),
            )
            if not ended.problem:
                return ended.out.decode("utf-8", "surrogateescape")
            another = _in_another_way(words, ended.err)
            if another == words:
                said = self.shown(ended.err).decode("utf-8", "replace")
                raise DockerfileError(f"git stderr:\n{said}: {ended.problem}")
            words = another

    def _common(self) -> list[str]:
        found = [*NOT_FROM_FILES]
        if self.work_tree:
            found += ["--work-tree", self.work_tree]
        if self.git_dir:
            found += ["--git-dir", self.git_dir]
        return [*found, *self.login]

    def _environment(self) -> dict[str, str]:
        names = ("PATH", *PROXIES, *map(str.lower, PROXIES))
        found = {name: os.environ[name] for name in names if name in os.environ} | SETTINGS
        return found | {"SSH_AUTH_SOCK": self.agent} if self.agent else found


def _in_another_way(words: tuple[str, ...], complaint: bytes) -> tuple[str, ...]:
    """Without what the server does not know; the same words if that cannot have been it."""
    if any(word in complaint for word in _NO_DEPTH) and SHALLOW in words:
        return tuple(word for word in words if word != SHALLOW)
    by_name = words[0] == "fetch" and len(words) > 2 and is_commit(words[-1])
    if any(word in complaint for word in _NOT_ADVERTISED) and by_name:
        return words[:-1]
    return words

"""ssh and scp, up to the point where keys would be exchanged: nothing here is a server of SSH."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from daemon.process.process import Process
from daemon.programs.net.openssh.connecting import PORT, Stranger, connect
from daemon.programs.net.openssh.kit import FATAL, End, Fatal, Usage, getopt, log, program
from daemon.programs.net.openssh.version import software, version
from daemon.programs.tools.options import Options

LETTERS = "1246aAb:B:c:CD:e:E:fF:gGi:I:J:kKl:L:m:MnNo:O:p:P:qQ:R:sS:tTvVw:W:xXyY"
SCP_LETTERS = "12346ABCTdfOpqRrstvD:F:J:M:P:S:c:i:l:o:X:"
NO_IDENTITY = "Warning: Identity file {} not accessible: No such file or directory.\n"
NO_TERMINAL = "Pseudo-terminal will not be allocated because stdin is not a terminal."


@program("ssh [options] [user@]host [command [argument ...]]", FATAL)
async def ssh(proc: Process) -> int:
    options = getopt(proc.argv[1:], LETTERS)
    if "V" in options:
        await proc.err(f"{version(proc)}\n")
        return 0
    config = options.value("F")
    if config and not proc.access(config, os.R_OK):
        raise Fatal(f"Can't open user config file {config}: No such file or directory")
    if not options.args:
        raise Usage
    target = _Target.parse(options.args.pop(0))
    more = getopt(options.args, LETTERS)
    options.given += more.given
    options.args = more.args
    return await _Call(proc, options, target).run()


@dataclass(frozen=True, slots=True)
class _Target:
    """Where to, as it was written."""

    host: str
    port: str = ""

    @staticmethod
    def parse(text: str) -> _Target:
        if text.startswith("ssh://"):
            parts = urlsplit(text)
            if parts.path.strip("/"):
                raise Usage
            host, _, port = parts.netloc.rpartition("@")[2].partition(":")
            return _Target(host, port)
        host = text.rpartition("@")[2]
        if host.startswith("-"):
            raise Fatal("hostname contains invalid characters")
        return _Target(host)


class _Call:
    """One connection and what is to be done with it."""

    def __init__(self, proc: Process, options: Options, target: _Target) -> None:
        self.proc = proc
        self.options = options
        self.settings = dict(_setting(text) for text in reversed(options.values("o")))
        self.host = self.settings.get("hostname", target.host)
        self.port = _port(options.value("p") or target.port or self.settings.get("port", ""))
        self.timeout = self.settings.get("connecttimeout", "")

    async def run(self) -> int:
        try:
            await self._connect()
        except (Fatal, Stranger) as end:
            await self._log(str(end))
        return FATAL

    async def _connect(self) -> None:
        if "v" in self.options:
            await self._log(version(self.proc))
        for path in self.options.values("i"):
            if not self.proc.access(path, os.R_OK):
                await self.proc.err(NO_IDENTITY.format(path))
        if self._wants_terminal and not self.proc.isatty(0):
            await self._log(NO_TERMINAL)
        family = next((name for name in ("4", "6") if name in self.options), "")
        seconds = float(self.timeout) if self.timeout.isdigit() else None
        server = await connect(self.proc, self.host, self.port, family, seconds)
        await server.introduce(software(self.proc))
        self.proc.machine.on_unsimulated(self.proc.exe)
        await server.wait_for_end()
        raise Stranger(f"Connection closed by {server.place}")

    async def _log(self, text: str) -> None:
        if "q" not in self.options:
            await log(self.proc, text)

    @property
    def _wants_terminal(self) -> bool:
        if "T" in self.options or "N" in self.options:
            return False
        return not self.options.args or "t" in self.options


def _setting(text: str) -> tuple[str, str]:
    """`Name=value` or `Name value` of -o."""
    name, _, value = text.replace("=", " ", 1).strip().partition(" ")
    return name.lower(), value.strip()


def _port(text: str) -> int:
    if not text:
        return PORT
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise End(f"Bad port '{text}'", FATAL)
    return int(text)


@program("scp [options] source ... target", 1)
async def scp(proc: Process) -> int:
    """A copy within this machine is cp's; to another one it gets as far as ssh does."""
    options = getopt(proc.argv[1:], SCP_LETTERS)
    if len(options.args) < 2:
        raise Usage
    remote = next(filter(None, map(_remote, options.args)), "")
    if not remote:
        flags = [f"-{name}" for name in ("r", "p") if name in options]
        child = await proc.spawn(["cp", *flags, "--", *options.args])
        _, status = await proc.wait(child.pid)
        return getattr(status, "shell_code", 1)
    port = ["-p", options.value("P")] if "P" in options else []
    settings = [word for text in options.values("o") for word in ("-o", text)]
    child = await proc.spawn(["ssh", "-T", *port, *settings, "--", remote, "sftp"])
    await proc.wait(child.pid)
    raise Fatal("scp: Connection closed")


def _remote(name: str) -> str:
    """The host of `[user@]host:path`; a slash before the colon makes it a file of this machine."""
    host, colon, _ = name.partition(":")
    return host if colon and "/" not in host else ""

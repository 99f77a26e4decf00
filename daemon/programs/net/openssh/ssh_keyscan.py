"""ssh-keyscan: asks hosts for their keys, and gets none from what serves no SSH."""

from daemon.process.process import Process
from daemon.programs.net.openssh.connecting import PORT, Stranger, connect
from daemon.programs.net.openssh.kit import (
    End,
    Fatal,
    Unresolved,
    Usage,
    getopt,
    log,
    program,
    resolve,
)
from daemon.programs.net.openssh.version import software
from daemon.programs.tools.kit import read_all, reason
from daemon.programs.tools.options import Options

LETTERS = "cDHv46f:p:T:t:"
KINDS = ("rsa", "ecdsa", "ed25519", "ecdsa-sk", "ed25519-sk")
"""What it asks for, each in a connection of its own."""
KNOWN = (*KINDS, "dsa")
SECONDS = 5.0


@program("ssh-keyscan [-46cDHv] [-f file] [-p port] [-T timeout] [-t type] [host ...]", 1)
async def ssh_keyscan(proc: Process) -> int:
    options = getopt(proc.argv[1:], LETTERS)
    kinds = _kinds(options)
    port, seconds = _port(options), await _timeout(proc, options)
    hosts = await _hosts(proc, options)
    if not hosts:
        raise Usage
    for host in hosts:
        for _ in kinds:
            await _scan(proc, host, port, seconds)
    return 1


def _kinds(options: Options) -> list[str]:
    kinds = [kind for text in options.values("t") for kind in text.split(",")]
    for kind in kinds:
        if kind not in KNOWN:
            raise Fatal(f'Unknown key type "{kind}"')
    return kinds or list(KINDS)


def _port(options: Options) -> int:
    text = options.value("p", str(PORT))
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise End(f"Bad port '{text}'", 1)
    return int(text)


async def _timeout(proc: Process, options: Options) -> float:
    text = options.value("T", str(int(SECONDS)))
    if not text.isdecimal() or not int(text):
        await proc.err(f"Bad timeout '{text}'\n")
        raise Usage
    return float(text)


async def _hosts(proc: Process, options: Options) -> list[str]:
    words = list(options.args)
    for path in options.values("f"):
        try:
            lines = (await read_all(proc, path)).decode("utf-8", "replace").splitlines()
        except OSError as error:
            raise Fatal(f"ssh-keyscan: {path}: {reason(error)}") from None
        words += [line.split()[0] for line in lines if line.strip()]
    return [host for word in words for host in word.split(",")]


async def _scan(proc: Process, host: str, port: int, seconds: float) -> None:
    try:
        await resolve(proc, host)
    except Unresolved as unknown:
        await log(proc, f"getaddrinfo {host}: {unknown}")
        return
    try:
        server = await connect(proc, host, port, timeout=seconds)
    except Fatal:
        return
    try:
        await server.introduce(software(proc))
    except Stranger as stranger:
        if "closed" in str(stranger):
            await log(proc, f"{host}: Connection closed by remote host")
    finally:
        proc.close(server.fd)

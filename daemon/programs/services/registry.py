"""registry: Docker's own registry, as far as its log and its port; what answers is the engine's registry backend."""

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.process.status import ProcessExit
from daemon.programs.services.http_server import accept_for_ever
from daemon.programs.services.kit import moment

PORT = 5000
VERSION = "2.8.3"
CONFIGS = ("/etc/docker/registry/config.yml", "/etc/distribution/config.yml")


async def main(proc: Process) -> int:
    words = proc.argv[1:]
    if words[:1] in (["--version"], ["-v"]):
        await proc.out(f"{proc.argv[0]} github.com/docker/distribution v{VERSION}\n")
        return 0
    if words[:1] != ["serve"]:
        await proc.out(
            "`registry`\n\nUsage:\n  registry [flags]\n  registry [command]\n\nAvailable Commands:\n  serve\n"
        )
        return 0
    path = words[1] if len(words) > 1 else CONFIGS[0]
    if not proc.machine.fs.exists(path, cwd=proc.cwd):
        await proc.err(f"configuration error: open {path}: no such file or directory\n")
        return 1
    return await _serve(proc, _port(proc))


def _port(proc: Process) -> int:
    address = proc.env.get("REGISTRY_HTTP_ADDR", "")
    port = address.rpartition(":")[2]
    return int(port) if port.isdigit() else PORT


async def _log(proc: Process, level: str, text: str) -> None:
    stamp = moment(proc, "%Y-%m-%dT%H:%M:%S.%fZ")
    await proc.err(
        f'time="{stamp}" level={level} msg="{text}" go.version=go1.20.8 service=registry version={VERSION} \n'
    )


async def _serve(proc: Process, port: int) -> int:
    backend = proc.machine.backend
    if backend is None:
        await _log(proc, "fatal", "this engine runs no registry for its containers")
        return 1
    for signum in (Signal.SIGTERM, Signal.SIGINT):
        proc.on_signal(signum, _leave)
    proc.on_signal(Signal.SIGPIPE, IGNORE)
    listener = await proc.listen(port, "::")
    await _log(proc, "info", "redis not configured")
    await _log(proc, "info", "using inmemory blob descriptor cache")
    await _log(proc, "info", f"listening on [::]:{port}")
    await accept_for_ever(proc, [listener], _connection)
    return 0


async def _connection(proc: Process, fd: int) -> int:
    """Pass bytes between the client and the backend, both ways, until both have ended."""
    backend = proc.machine.backend
    assert backend is not None, "checked before listening"
    inner = proc.install(await proc.block(backend("registry")))
    sources = {fd: inner, inner: fd}
    while sources:
        for source in await proc.wait_readable(list(sources)):
            data = await proc.read(source)
            if data:
                await proc.write(sources[source], data)
            else:
                proc.shutdown(sources.pop(source))
    return 0


def _leave(_signum: int) -> None:
    # Go's default for a signal that nobody handles.
    raise ProcessExit(2)

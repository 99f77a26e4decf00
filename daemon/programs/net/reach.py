"""telnet, traceroute and ssl_client: whether somebody is there, and how far."""

import os

from daemon.process.process import Process
from daemon.programs.net.addresses import lookup, port_number
from daemon.programs.net.interfaces import routes
from daemon.programs.net.names import name_of
from daemon.programs.tools.kit import Failure, UsageError, either, is_gnu, tool
from daemon.programs.tools.options import Options


@tool(
    "[-a] [-l USER] HOST [PORT]",
    "al:",
    gnu="468EKLcdfrxb:e:n:",
    about="Connect to telnet server",
    package="inetutils 2.4",
)
async def telnet(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    host = options.args[0]
    port = port_number(options.args[1] if len(options.args) > 1 else "23")
    addresses = await lookup(proc, host)
    if port is None or not addresses:
        gnu = f"could not resolve {host}/{options.args[-1]}: Name or service not known"
        raise Failure(either(proc, gnu, f"bad address '{host}'"))
    if is_gnu(proc):
        await proc.out(f"Trying {addresses[0]}...\n")
    try:
        fd = await proc.connect(addresses[0], port)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        gnu = f"Unable to connect to remote host: {reason}"
        raise Failure(
            either(proc, gnu, f"can't connect to remote host ({addresses[0]}): {reason}")
        ) from None
    await proc.out(f"{either(proc, f'Connected to {host}.', f'Connected to {host}')}\n")
    if is_gnu(proc):
        await proc.out("Escape character is '^]'.\n")
    return await _talk(proc, fd)


async def _talk(proc: Process, fd: int) -> int:
    sources = [0, fd]
    while True:
        ready = await proc.wait_readable(sources)
        if 0 in ready:
            typed = await proc.read(0)
            if not typed:
                return 0
            await proc.write(fd, typed.replace(b"\n", b"\r\n"))
        if fd in ready:
            data = await proc.read(fd)
            if not data:
                await proc.err("Connection closed by foreign host\r\n")
                return 1
            await proc.out(data)


@tool(
    "[-46FIlnrv] [-f 1ST_TTL] [-m MAXTTL] [-q PROBES] [-w SEC] HOST [BYTES]",
    "46FIlnrvf:m:q:w:p:s:t:i:g:z:",
    gnu="TUeNAM:",
    about="Trace the route to HOST",
    package="traceroute 2.1",
)
async def traceroute(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    host = options.args[0]
    addresses = await lookup(proc, host)
    if not addresses:
        raise Failure(either(proc, f"{host}: Name or service not known", f"bad address '{host}'"))
    hops = int(options.value("m") or 30)
    size = 60 if is_gnu(proc) else 46
    await proc.out(f"traceroute to {host} ({addresses[0]}), {hops} hops max, {size} byte packets\n")
    for number, hop in enumerate(await _hops(proc, addresses[0], hops), 1):
        await proc.out(f"{number:2d}  {hop}\n")
    return 0


async def _hops(proc: Process, address: str, limit: int) -> list[str]:
    """A neighbour is one hop away, the host's gateway as well; beyond it nobody answers."""
    draw = proc.machine.ids.random.random
    times = "".join(f"  {0.004 + draw() * 0.02:.3f} ms" for _ in range(3))
    if await proc.answers_echo(address):
        return [f"{name_of(proc, address) or address} ({address}){times}"]
    gateway = next((route.gateway for route in routes(proc) if route.gateway), "")
    first = [f"{gateway} ({gateway}){times}"] if gateway else []
    return (first + ["*  *  *"] * limit)[:limit]


async def ssl_client(proc: Process) -> int:
    """busybox's helper for https: there is no TLS in here, and it says so."""
    await proc.err("ssl_client: TLS is not simulated, use http\n")
    return 1

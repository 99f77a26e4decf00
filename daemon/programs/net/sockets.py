"""netstat and ss: which sockets are open, and whose."""

from collections.abc import Iterator
from dataclasses import dataclass

from daemon.process.process import Process
from daemon.process.sockets import Address, Listener, Socket
from daemon.programs.net.ifconfig import route_table
from daemon.programs.tools.kit import tool
from daemon.programs.tools.options import Options


@dataclass(frozen=True, slots=True)
class Row:
    """One socket of the namespace."""

    protocol: str
    local: Address
    peer: Address
    state: str
    socket: Socket

    @property
    def name(self) -> str:
        """tcp, tcp6, udp or udp6."""
        return self.protocol + ("6" if ":" in self.local.host else "")


def rows(proc: Process) -> Iterator[Row]:
    """Listeners and UDP sockets first, then connections."""
    for bound in proc.net.bound_sockets():
        state = "LISTEN" if isinstance(bound, Listener) else ""
        yield Row(bound.protocol, bound.local, bound.peer, state, bound)
    for connection in sorted(proc.net.connections, key=lambda c: (c.local, c.peer)):
        yield Row("tcp", connection.local, connection.peer, connection.state, connection)


def owner(proc: Process, socket: Socket) -> tuple[int, str] | None:
    """The first process that has the socket open, as far as the caller may look."""
    for process in sorted(proc.machine.processes.values(), key=lambda p: p.pid):
        if any(description is socket for description in process.fds.values()):
            allowed = proc.cred.uid in (0, process.cred.uid)
            return (process.pid, process.name) if allowed else None
    return None


def _wanted(row: Row, options: Options, listen: str) -> bool:
    """Whether the letters on the command line ask for this socket."""
    kinds = {kind for letter, kind in (("t", "tcp"), ("u", "udp")) if letter in options}
    if kinds and row.protocol not in kinds:
        return False
    family = [version for version in "46" if version in options]
    if family and ("6" in family) != row.name.endswith("6"):
        return False
    waiting = row.state == "LISTEN" or (row.protocol == "udp" and not row.peer.port)
    if "a" in options:
        return True
    return waiting if listen in options else not waiting


def _shown(address: Address, any_host: str, any_port: str) -> str:
    host = any_host if address.host in ("", "0.0.0.0") else address.host
    return f"{host}:{address.port or any_port}"


@tool(
    "[-ral] [-tuwx] [-enWp]",
    "ralntuwxeWp",
    gnu="46vsico",
    long="listening=l numeric=n tcp=t udp=u all=a route=r program=p programs=p",
    package="net-tools 2.10",
)
async def netstat(proc: Process, options: Options) -> int:
    if "r" in options:
        await proc.out(route_table(proc, numeric="n" in options))
        return 0
    what = (
        "(servers and established)"
        if "a" in options
        else "(only servers)"
        if "l" in options
        else "(w/o servers)"
    )
    tail = "PID/Program name" if "p" in options else ""
    await proc.out(
        f"Active Internet connections {what}\n"
        f"Proto Recv-Q Send-Q Local Address           Foreign Address         State       {tail}\n"
    )
    for row in rows(proc):
        if _wanted(row, options, "l"):
            await proc.out(_netstat_line(proc, row, options))
    if not any(letter in options for letter in "tuwx"):
        await proc.out(
            f"Active UNIX domain sockets {what}\n"
            "Proto RefCnt Flags       Type       State         I-Node Path\n"
        )
    return 0


def _netstat_line(proc: Process, row: Row, options: Options) -> str:
    local, peer = _shown(row.local, "0.0.0.0", "*"), _shown(row.peer, "0.0.0.0", "*")
    if row.name.endswith("6") and not row.peer.host:
        peer = ":::*"
    program = ""
    if "p" in options:
        found = owner(proc, row.socket)
        program = f"{found[0]}/{found[1]}" if found else "-"
    return f"{row.name:<5} {0:6} {0:6} {local:<23} {peer:<23} {row.state:<11} {program}\n"


STATES = {
    "LISTEN": "LISTEN",
    "ESTABLISHED": "ESTAB",
    "CLOSE_WAIT": "CLOSE-WAIT",
    "FIN_WAIT2": "FIN-WAIT-2",
    "TIME_WAIT": "TIME-WAIT",
    "": "UNCONN",
}


@tool(
    "[ OPTIONS ]",
    "",
    gnu="hVnraletmopsiuxwt460HO",
    long="listening=l numeric=n tcp=t udp=u all=a processes=p no-header=H",
    package="iproute2-6.1.0",
)
async def ss(proc: Process, options: Options) -> int:
    single = ("t" in options) != ("u" in options)
    if "H" not in options:
        kind = "" if single else "Netid "
        program = " Process" if "p" in options else ""
        await proc.out(
            f"{kind}State  Recv-Q Send-Q Local Address:Port Peer Address:Port{program}\n"
        )
    for row in rows(proc):
        if _wanted(row, options, "l"):
            await proc.out(_ss_line(proc, row, options, single))
    return 0


def _ss_line(proc: Process, row: Row, options: Options, single: bool) -> str:
    backlog = row.socket.backlog if isinstance(row.socket, Listener) else 0
    kind = "" if single else f"{row.protocol:<5} "
    local, peer = _ss_address(row.local), _ss_address(row.peer)
    if row.name.endswith("6") and not row.peer.host:
        peer = "*:*"
    program = ""
    if "p" in options and (found := owner(proc, row.socket)):
        program = f' users:(("{found[1]}",pid={found[0]},fd={_number(proc, found[0], row.socket)}))'
    state = STATES.get(row.state, row.state)
    return f"{kind}{state:<6} {0:<6} {backlog:<6} {local:>18} {peer:<17}{program}".rstrip() + "\n"


def _ss_address(address: Address) -> str:
    host = {"": "0.0.0.0", "::": "*"}.get(address.host, address.host)
    return f"{f'[{host}]' if ':' in host else host}:{address.port or '*'}"


def _number(proc: Process, pid: int, socket: Socket) -> int:
    return next(fd for fd, what in proc.machine.processes[pid].fds.items() if what is socket)

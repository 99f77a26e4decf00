"""What stands in for a binary that was found but has no simulation (decision 5)."""

from typing import TYPE_CHECKING, Final

from daemon.process.signals import Signal
from daemon.process.status import Program

if TYPE_CHECKING:
    from daemon.process.machine import Machine
    from daemon.process.process import Process

ENDS_A_SERVICE: Final = (
    Signal.SIGHUP,
    Signal.SIGINT,
    Signal.SIGQUIT,
    Signal.SIGTERM,
    Signal.SIGUSR1,
    Signal.SIGUSR2,
    Signal.SIGWINCH,
)


def stand_in(machine: "Machine", argv: list[str], *, main: bool) -> Program:
    """A service for what the image was made to run or what it exposes a port for; otherwise success at once.

    An entrypoint script that ends in `exec "$@"` leaves the tail of the image's argv.
    """
    of_the_image = bool(argv) and machine.image_argv[-len(argv) :] == argv
    return service if main and (machine.exposes_port or of_the_image) else succeed


async def succeed(process: "Process") -> int:
    return 0


async def service(process: "Process") -> int:
    """Run until the stop signal, and end at once then, as a well-behaved server does."""
    stopping: list[int] = []
    for signum in {*ENDS_A_SERVICE, process.machine.stop_signal} - {Signal.SIGKILL, Signal.SIGSTOP}:
        process.on_signal(signum, stopping.append)
    while not stopping:
        await process.pause()
    return 0

"""What may befall a running container on request, as if it had come about by itself."""

from daemon.engine.container import Container, Live
from daemon.errors import Conflict
from daemon.process.status import ExitStatus


def end_process(container: Container, code: int) -> None:
    """Let the main process end with `code`."""
    live = _live(container)
    live.process.doom(ExitStatus(code & 0xFF))


def run_out_of_memory(container: Container) -> None:
    """Let the kernel kill the main process for want of memory."""
    live = _live(container)
    live.machine.kill_for_memory(live.process)


def _live(container: Container) -> Live:
    if container.live is None:
        raise Conflict(f"container {container.id} is not running")
    return container.live

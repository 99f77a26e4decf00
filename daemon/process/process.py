"""Process: what a simulated program sees of its kernel."""

from daemon.process.process_calls import ProcessCalls
from daemon.process.socket_calls import SocketCalls


class Process(SocketCalls, ProcessCalls):
    """One simulated process; programs are `async def main(proc: Process) -> int`.

    Every `async` system call passes the checkpoint (signals, pause, fair share), so a program that computes
    between calls awaits `checkpoint()` itself.
    """

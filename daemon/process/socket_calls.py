"""The system calls on sockets."""

from daemon.process.file_calls import FileCalls


class SocketCalls(FileCalls):
    """A process's sockets are descriptors like any other."""

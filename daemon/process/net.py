"""Network namespaces."""

from daemon.clock import Clock


class NetNamespace:
    def __init__(self, *, clock: Clock) -> None:
        self.clock = clock

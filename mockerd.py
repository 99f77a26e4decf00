"""The public door: `from mockerd import MockDaemon`, the command `mockerd`, and the pytest plugin.

Nothing of the daemon is imported before it is used, so that loading the plugin costs nothing and hides no other
project's modules.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.util
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from daemon.app import Daemon
    from daemon.behaviours import Main
    from daemon.clock import Clock

__all__ = ["MockDaemon", "main"]
T = TypeVar("T")


def check_import_name() -> None:
    """python-daemon also installs a package `daemon`; say so instead of failing somewhere inside it."""
    found = importlib.util.find_spec("daemon")
    marker = Path(found.origin or "").with_name("app.py") if found else None
    if marker is None or not marker.is_file():
        place = found.origin if found else "nowhere"
        raise ImportError(
            f"the package `daemon` found ({place}) is not mockerd's: another distribution, such as python-daemon, "
            "uses the same name; install mockerd into an environment of its own"
        )


class MockDaemon:
    """A whole daemon in this process: `async with MockDaemon() as docker:`, or `with MockDaemon.running() as docker:`.

    Options are the fields of `daemon.config.Config`. By default it listens on a Unix socket in a private folder.
    With `clock="manual"` the containers' time stands still until `advance` moves it.
    """

    def __init__(self, *, clock: Clock | Literal["manual"] | None = None, **options: Any) -> None:  # noqa: ANN401 - Config's fields
        check_import_name()
        from daemon.app import Daemon
        from daemon.clock import ManualClock
        from daemon.config import Config

        chosen = ManualClock() if clock == "manual" else clock
        self.daemon: Daemon = Daemon(Config(**options), chosen)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def docker_host(self) -> str:
        """What DOCKER_HOST is to be."""
        return self.daemon.hosts[0]

    @property
    def url(self) -> str:
        """The same, under the name that docker-py's `base_url` and aiodocker's `url` suggest."""
        return self.docker_host

    @property
    def socket_path(self) -> str:
        """The file of the first Unix socket."""
        return next(h for h in self.daemon.hosts if h.startswith("unix://")).removeprefix("unix://")

    async def __aenter__(self) -> MockDaemon:
        self._loop = asyncio.get_running_loop()
        await self.daemon.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.daemon.close()

    @classmethod
    @contextlib.contextmanager
    def running(cls, **options: Any) -> Iterator[MockDaemon]:  # noqa: ANN401 - Config's fields
        """The daemon in a thread of its own, for code that is not asynchronous."""
        mock = cls(**options)
        thread = _LoopThread()
        try:
            thread.run(mock.__aenter__())
            try:
                yield mock
            finally:
                thread.run(mock.__aexit__())
        finally:
            thread.close()

    # The daemon's worst days, on request (docs/how-to/inject-a-fault.md).

    def arm(self, point: str, **fields: Any) -> int:  # noqa: ANN401 - Fault's fields
        """Let a fault of `daemon.faults.FaultPoint` wait for its occasion; returns the number that disarms it."""
        from daemon.faults import Fault, FaultPoint

        return self.call(lambda daemon: daemon.faults.arm(Fault(FaultPoint(point), **fields)))

    def disarm(self, number: int | None = None) -> None:
        """Forget one fault (None: all); what hangs on it goes on."""
        self.call(lambda daemon: daemon.faults.disarm(number))

    def open_gate(self, name: str) -> None:
        """Let the requests through that wait at the gate, now and later."""
        self.call(lambda daemon: daemon.faults.gate(name).open())

    def waiting_at(self, name: str) -> int:
        """How many requests wait at the gate."""
        return self.call(lambda daemon: daemon.faults.gate(name).waiting)

    def go_away(self, seconds: float) -> None:
        """Cut every connection, refuse new ones for so long, and be back: containers go on meanwhile."""
        self.call(lambda daemon: daemon.go_away(seconds))

    def end_container(self, name: str, code: int = 0) -> None:
        """Let the main process of a container end by itself, with that exit code."""
        from daemon.engine.containers.mishaps import end_process

        self.call(lambda daemon: end_process(daemon.containers.get(name), code))

    def run_out_of_memory(self, name: str) -> None:
        """Let the kernel kill the main process of a container for want of memory."""
        from daemon.engine.containers.mishaps import run_out_of_memory

        self.call(lambda daemon: run_out_of_memory(daemon.containers.get(name)))

    # What programs do instead of their simulation (docs/how-to/script-a-container.md).

    def script(self, *, main: Main | None = None, **fields: Any) -> int:  # noqa: ANN401 - Behaviour's fields
        """Let programs behave as told, by the fields of `daemon.behaviours.Behaviour`; returns what `unscript` takes.

        `main`, a coroutine function that is given the process and returns its exit code, runs instead of them.
        """
        from daemon.behaviours import behaviour_of

        behaviour = behaviour_of(fields)
        return self.call(lambda daemon: daemon.behaviours.add(behaviour, main))

    def unscript(self, number: int | None = None) -> None:
        """Forget one behaviour (None: all); programs that run already go on."""
        self.call(lambda daemon: daemon.behaviours.remove(number))

    def advance(self, seconds: float) -> None:
        """Move a manual clock."""
        from daemon.clock import ManualClock

        clock = self.daemon.clock
        assert isinstance(clock, ManualClock), 'MockDaemon(clock="manual") has a clock that moves'
        self.call(lambda _daemon: clock.advance(seconds))

    @property
    def unsupported_calls(self) -> dict[tuple[str, str], int]:
        """Requests that no route answered, by method and path, with their number."""
        return self.call(lambda daemon: dict(daemon.reports.calls))

    @property
    def unsimulated_programs(self) -> dict[str, int]:
        """Programs for which a stand-in ran, by their path in the container, with their number."""
        return self.call(lambda daemon: dict(daemon.reports.programs))

    def call(self, function: Callable[[Daemon], T]) -> T:
        """Run `function` with the daemon in the daemon's own thread, and return what it returns."""
        if self._in_own_loop():
            return function(self.daemon)

        async def inside() -> T:
            return function(self.daemon)

        assert self._loop is not None, "the daemon is not running"
        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result()

    def _in_own_loop(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False


class _LoopThread:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mockerd", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


# pytest has loaded this module as its plugin; the command must not pay for importing pytest.
if "pytest" in sys.modules:
    import pytest

    @pytest.fixture
    def mockerd() -> Iterator[MockDaemon]:
        """A running daemon of the test's own, in a thread, so that blocking clients can be used."""
        with MockDaemon.running() as mock:
            yield mock

    @pytest.fixture
    def docker_host(mockerd: MockDaemon) -> str:
        """The DOCKER_HOST of a running daemon."""
        return mockerd.docker_host


def main() -> int:
    """The command `mockerd`."""
    check_import_name()
    # Loading modules makes no garbage, and what they are stays: neither is worth a collection.
    gc.disable()
    from daemon.__main__ import main as command

    gc.freeze()
    # A request makes thousands of short-lived objects and hardly a cycle: look for cycles less often.
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
    return command()


if __name__ == "__main__":
    raise SystemExit(main())

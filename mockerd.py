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
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from daemon.app import Daemon
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
    """

    def __init__(self, *, clock: Clock | None = None, **options: Any) -> None:  # noqa: ANN401 - Config's fields
        check_import_name()
        from daemon.app import Daemon
        from daemon.config import Config

        self.daemon: Daemon = Daemon(Config(**options), clock)
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

    def call(self, function: Callable[[Daemon], T]) -> T:
        """Run `function` with the daemon in the daemon's own thread, and return what it returns."""

        async def inside() -> T:
            return function(self.daemon)

        assert self._loop is not None, "the daemon is not running"
        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result()


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
    gc.enable()
    return command()


if __name__ == "__main__":
    raise SystemExit(main())

"""The health of a container: a probe each interval, a verdict after enough of them, the last five remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

from api_schema.containers import ContainerConfig, HealthConfig
from daemon.clock import NANOSECONDS, Clock
from daemon.engine.container import Container

INTERVAL: Final = 30 * NANOSECONDS
TIMEOUT: Final = 30 * NANOSECONDS
START_INTERVAL: Final = 5 * NANOSECONDS
RETRIES: Final = 3
LOG_LENGTH: Final = 5
OUTPUT_LIMIT: Final = 4096
STARTING, HEALTHY, UNHEALTHY = "starting", "healthy", "unhealthy"
DEFAULT_SHELL: Final = ["/bin/sh", "-c"]

Probe = Callable[[Container, list[str]], Awaitable[tuple[int, bytes]]]
"""Runs a command in the container as an exec; returns its exit code and output."""


class Emit(Protocol):
    def __call__(self, container: Container, action: str, **attributes: str) -> None: ...


Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


@dataclass(frozen=True, slots=True)
class Result:
    """One probe; times in nanoseconds."""

    start: int
    end: int
    exit_code: int
    output: str


class HealthMonitor:
    """One for the life of a container: the log and the verdict survive restarts, the probing does not."""

    def __init__(self, container: Container, clock: Clock, emit: Emit) -> None:
        self._container = container
        self._clock = clock
        self._emit = emit
        self._task: asyncio.Task[None] | None = None
        self.status = STARTING
        self.failing_streak = 0
        self.log: list[Result] = []

    @staticmethod
    def applies_to(config: ContainerConfig) -> bool:
        """Is there anything to probe with?"""
        test = (config.healthcheck.test if config.healthcheck else None) or ["NONE"]
        return test[0] in ("CMD", "CMD-SHELL")

    @property
    def _config(self) -> HealthConfig:
        return self._container.config.healthcheck or HealthConfig()

    @property
    def _command(self) -> list[str]:
        kind, *words = self._config.test or ["NONE"]
        shell = self._container.config.shell or DEFAULT_SHELL
        return [*shell, *words] if kind == "CMD-SHELL" else words

    def begin(self, spawn: Spawn, probe: Probe, *, resumed: bool) -> None:
        """Probe from now on; after a pause the verdict stays, after a start it is open again."""
        if not resumed:
            self.status = STARTING
            self.failing_streak = 0
        self._task = spawn(self._watch(probe))

    def stop(self) -> None:
        """Stop probing. Who is not watched is called unhealthy, without an event; dockerd does so for old clients."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self.status = UNHEALTHY
            self._container.touch()

    async def _watch(self, probe: Probe) -> None:
        while True:
            await self._clock.sleep(self._pause() / NANOSECONDS)
            self._take(await self._ask(probe))

    def _pause(self) -> int:
        config = self._config
        if self.status == STARTING and self._in_start_period(self._clock.now()):
            return config.start_interval or START_INTERVAL
        return config.interval or INTERVAL

    def _in_start_period(self, moment: int) -> bool:
        return moment - (self._container.started_at or 0) < self._config.start_period

    async def _ask(self, probe: Probe) -> Result:
        start = self._clock.now()
        timeout = self._config.timeout or TIMEOUT
        try:
            async with self._clock.timeout(timeout / NANOSECONDS):
                code, output = await probe(self._container, self._command)
        except TimeoutError:
            text = f"Health check exceeded timeout ({go_duration(timeout)})"
            return Result(start, self._clock.now(), -1, text)
        return Result(start, self._clock.now(), code, _shown(output))

    def _take(self, result: Result) -> None:
        self.log = [*self.log[-(LOG_LENGTH - 1) :], result]
        before = self.status
        if result.exit_code == 0:
            self.failing_streak = 0
            self.status = HEALTHY
        elif before != STARTING or not self._in_start_period(result.start):
            self.failing_streak += 1
            if self.failing_streak >= (self._config.retries or RETRIES):
                self.status = UNHEALTHY
        self._container.touch()
        if self.status != before:
            self._emit(self._container, f"health_status: {self.status}")


def _shown(output: bytes) -> str:
    text = output[:OUTPUT_LIMIT].decode("utf-8", "replace")
    return text + "..." if len(output) > OUTPUT_LIMIT else text


def go_duration(nanoseconds: int) -> str:
    """A duration as Go prints it, for the usual ones: `500ms`, `2s`, `1m30s`."""
    if nanoseconds < NANOSECONDS:
        milliseconds = nanoseconds / 1_000_000
        return f"{milliseconds:g}ms" if milliseconds >= 1 else f"{nanoseconds / 1000:g}µs"
    minutes, rest = divmod(nanoseconds, 60 * NANOSECONDS)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if minutes or hours else ""
    return text + f"{rest / NANOSECONDS:g}s"

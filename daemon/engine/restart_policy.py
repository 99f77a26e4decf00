"""Whether and when a container that ended is started again."""

from typing import Final

from daemon.engine.container import Container

FIRST_DELAY: Final = 0.1
LONGEST_DELAY: Final = 60.0
STEADY_RUN: Final = 10.0
"""A run of this many seconds counts as a success: the delay starts afresh after it."""


def next_delay(container: Container, ran_for: float) -> float | None:
    """Seconds until the next attempt, None if there is none; remembers the delay for its doubling."""
    if container.restart_cancelled or not _wants_restart(container):
        return None
    if ran_for >= STEADY_RUN or not container.restart_delay:
        container.restart_delay = FIRST_DELAY
    else:
        container.restart_delay = min(container.restart_delay * 2, LONGEST_DELAY)
    return container.restart_delay


def _wants_restart(container: Container) -> bool:
    policy = container.host_config.restart_policy
    if policy.name == "always":
        return True
    if policy.name == "unless-stopped":
        return not container.manually_stopped
    if policy.name == "on-failure":
        tries_left = (
            not policy.maximum_retry_count or container.restart_count < policy.maximum_retry_count
        )
        return tries_left and container.exit_code != 0
    return False

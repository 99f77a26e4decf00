"""Steps that fail: whose failure it is, in which words, and where in the Dockerfile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from daemon.engine.build.progress import Step
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.source import Line


class StepFailed(DockerfileError):
    """A step that went wrong; `exit_code` when a process said so, `vertex` the step's digest."""

    def __init__(
        self, message: str, line: Line | None, *, exit_code: int | None = None, outer: str = ""
    ) -> None:
        super().__init__(outer + message, (line.start, line.end) if line else None)
        self.inner = message
        self.exit_code = exit_code
        self.vertex = ""
        self.outer = outer

    def at(self, line: Line | None) -> StepFailed:
        """The same for another build, whose step stands in that line; None where it is not that build's own."""
        failure = StepFailed(self.inner, line, exit_code=self.exit_code, outer=self.outer)
        failure.vertex = self.vertex
        return failure


@contextmanager
def told_by(step: Step) -> Iterator[None]:
    """What keeps a step from being begun is that step's error."""
    try:
        yield
    except StepFailed as failure:
        failure.vertex = step.digest
        if not step.vertex.error:
            step.failed(failure.inner)
        raise


@contextmanager
def step_errors(line: Line) -> Iterator[None]:
    try:
        yield
    except StepFailed:
        raise
    except DockerfileError as problem:
        raise StepFailed(problem.message, line) from None
    except ConnectionError:
        raise
    except OSError as error:
        text = (error.strerror or str(error)).lower()
        raise StepFailed(f"mkdir {error.filename}: {text}", line) from None

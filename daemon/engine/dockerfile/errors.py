"""What is wrong with a Dockerfile, and where."""

from __future__ import annotations

from collections.abc import Iterable

MAX_EDITS = 3


class DockerfileError(Exception):
    """A mistake in the Dockerfile; `lines` is the first and last line it stands on, counted from 1, once known."""

    def __init__(self, message: str, lines: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.lines = lines
        self.source: tuple[str, bytes] | None = None
        """Name and content of the file, where that is another one than the build's own."""


class FormError(DockerfileError):
    """A line that cannot even be split into words; told without its number."""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """BuildKit's ` (did you mean X?)` for the nearest candidate, whatever its case; else nothing."""
    found = nearest(word.lower(), [candidate.lower() for candidate in candidates])
    return f" (did you mean {found.upper() if word.isupper() else found}?)" if found else ""


def nearest(word: str, candidates: Iterable[str]) -> str:
    """The first of the candidates that are fewest edits away, fewer than three; nothing for a word that is one of them."""
    distances = {candidate: edits(word, candidate) for candidate in candidates}
    found = min(distances, key=lambda candidate: distances[candidate], default="")
    return found if found and 0 < distances[found] < MAX_EDITS else ""


def edits(one: str, other: str) -> int:
    """Levenshtein's distance: insertions, deletions and substitutions."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right)),
            )
    return row[-1]


def first(failures: BaseExceptionGroup[DockerfileError]) -> DockerfileError:
    """The first failure of a group, however deep."""
    found = failures.exceptions[0]
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found

"""What was asked for and is not here: calls that no route answers, programs that nothing simulates."""

import logging
from collections import Counter

log = logging.getLogger("mockerd.reports")

MOST_ENTRIES = 1000
"""A client that asks for ever new things does not fill the memory."""


class Reports:
    """Counts what is missing, and logs each thing once."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        """By method and path, without the API version."""
        self.programs: Counter[str] = Counter()
        """By the path of the program in its container."""

    def note_call(self, method: str, path: str) -> None:
        """No route answers this."""
        if (method, path) not in self.calls:
            log.warning("unsupported: %s %s", method, path)
        if len(self.calls) < MOST_ENTRIES or (method, path) in self.calls:
            self.calls[method, path] += 1

    def note_program(self, path: str) -> None:
        """A stand-in ran instead of this program."""
        if path not in self.programs:
            log.warning("not simulated: %s", path)
        if len(self.programs) < MOST_ENTRIES or path in self.programs:
            self.programs[path] += 1

"""A shell at a terminal: prompts, the line editor, ^C, job notices."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.programs.shell.main import Session


async def run_interactive(session: "Session") -> int:
    """Read commands from a person until `exit` or ^D."""
    raise NotImplementedError

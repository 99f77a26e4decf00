"""What the line editor sends to the screen, as busybox and as readline do it."""

from collections.abc import Callable

ASK_POSITION = "\x1b[6n"
"""busybox asks the terminal where the cursor is, in case something stands before the prompt."""
PASTE_ON, PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l\r"


class Painter:
    """Keeps the screen in step with the edited line; `write` collects what is sent."""

    def __init__(self, write: Callable[[str], None], *, bash: bool) -> None:
        self.write = write
        self.bash = bash
        self.prompt = ""
        self.width = 0
        self.columns = 80

    def start(self, prompt: str, columns: int) -> None:
        """Show the prompt."""
        self.prompt = prompt
        last_line = prompt.rpartition("\n")[2]
        self.width = len(_without_escapes(last_line))
        self.columns = columns or 80
        self.write(f"{PASTE_ON}{prompt}" if self.bash else f"{prompt}{ASK_POSITION}")

    def _row(self, cursor: int) -> int:
        return (self.width + cursor) // self.columns

    def _step(self, buffer: list[str], start: int, to: int) -> None:
        """Move the cursor along the line."""
        rows = self._row(start) - self._row(to)
        if rows == 0:
            if to < start:
                back = start - to
                self.write("\b" * back if self.bash or back <= 4 else f"\x1b[{back}D")
            else:
                self.write("".join(buffer[start:to]))
            return
        self.write(f"\x1b[{rows}A" if rows > 0 else f"\x1b[{-rows}B")
        column = (self.width + to) % self.columns
        self.write("\r" + (f"\x1b[{column}C" if column else ""))

    def _tail(self, buffer: list[str], cursor: int) -> None:
        """Write the line from the cursor on again, and come back."""
        rest = buffer[cursor:]
        if rest:
            self.write("".join(rest))
            self._step(buffer, len(buffer), cursor)

    # ---- what the editor tells --------------------------------------------------------------------

    def inserted(self, buffer: list[str], cursor: int, count: int) -> None:
        """`count` characters were inserted before the cursor."""
        text = "".join(buffer[cursor - count : cursor])
        if cursor < len(buffer) and self.bash and self._row(len(buffer)) == 0:
            self.write(f"\x1b[{count}@{text}")
            return
        self.write(text)
        if cursor == len(buffer) and (self.width + cursor) % self.columns == 0:
            self.write(" \r")
        self._tail(buffer, cursor)

    def moved(self, buffer: list[str], start: int, to: int) -> None:
        """The cursor moved."""
        if start != to:
            self._step(buffer, start, to)

    def removed(self, buffer: list[str], before: int, cursor: int) -> None:
        """Characters were removed, the cursor went from `before` to `cursor`."""
        if self.bash and before == cursor + 1 and cursor == len(buffer):
            self.write("\b \b")
            return
        if not self.bash and cursor == 0 and before > 1 and not self._row(before):
            self.write(f"\r{self._last_line()}")
        elif before > cursor:
            self._step(buffer + [""] * (before - len(buffer)), before, cursor)
        self.write("\x1b[K" if self.bash and self._row(len(buffer)) == 0 else "\x1b[J")
        self._tail(buffer, cursor)

    def replaced(self, buffer: list[str], before: int, length: int) -> None:
        """The whole line is another one; the old one had `length` characters, the cursor at `before`."""
        if (row := self._row(before)) > 0:
            self.write(f"\x1b[{row}A")
        text = "".join(buffer)
        if self.bash:
            self.write(("\b" * before if not row else f"\r{self._last_line()}") + text)
            self.write("\x1b[J" if row else "\x1b[K" if length > len(buffer) else "")
        else:
            self.write(f"\r{self._last_line()}{text}\x1b[J")

    def _last_line(self) -> str:
        return self.prompt.rpartition("\n")[2]

    def end(self, buffer: list[str], cursor: int) -> None:
        """The line is complete."""
        if not self.bash or self._row(cursor) != self._row(len(buffer)):
            self._step(buffer, cursor, len(buffer))
        self.write(f"\n{PASTE_OFF}" if self.bash else "\n")

    def interrupted(self, buffer: list[str], cursor: int) -> None:
        """The line was given up."""
        self._step(buffer, cursor, len(buffer))
        self.write(f"^C{PASTE_OFF}{PASTE_ON}{PASTE_OFF}\n" if self.bash else "^C\n")

    def end_of_input(self) -> None:
        """^D on an empty line."""
        self.write(f"{PASTE_OFF}\n" if self.bash else "\n")

    def cleared(self, buffer: list[str], cursor: int) -> None:
        """The screen is to be empty but for this line."""
        self.write("\x1b[H\x1b[2J" if self.bash else "\x1b[H\x1b[J\r")
        self.write(self.prompt + "".join(buffer) + ("" if self.bash else "\x1b[J"))
        self._step(buffer, len(buffer), cursor)

    def searching(self, wanted: str, found: str) -> None:
        """The line of a search through the history."""
        self.write(f"\r\x1b[K(reverse-i-search)`{wanted}': {found}")

    def searched(self) -> None:
        """The search is over; the line follows."""
        self.write(f"\r\x1b[K{self._last_line()}")

    def completed(self, buffer: list[str], cursor: int, count: int) -> None:
        """`count` characters were added; busybox paints the line anew."""
        if self.bash:
            self.inserted(buffer, cursor, count)
        else:
            self._repaint(buffer, cursor)

    def _repaint(self, buffer: list[str], cursor: int) -> None:
        self.write(f"\r{self._last_line()}{''.join(buffer)}\x1b[J")
        self._step(buffer, len(buffer), cursor)

    def listed(self, candidates: list[str], buffer: list[str], cursor: int) -> None:
        """The candidates, in columns, and the line again below."""
        width = max(map(len, candidates)) + 2
        columns = max(1, self.columns // width)
        rows = -(-len(candidates) // columns)
        lines = []
        for row in range(rows):
            text = "".join(cell.ljust(width) for cell in candidates[row::rows])
            lines.append(text if self.bash else text.rstrip())
        listing = "\n" + "".join(f"{line}\n" for line in lines)
        if self.bash:
            self.write(f"{listing}{self.prompt}{''.join(buffer)}")
            self._step(buffer, len(buffer), cursor)
        else:
            self._repaint(buffer, cursor)
            self.write(listing)
            self._repaint(buffer, cursor)


def _without_escapes(text: str) -> str:
    """The prompt as wide as it looks: colour sequences take no room."""
    out: list[str] = []
    pos = 0
    while pos < len(text):
        if text.startswith("\x1b[", pos):
            pos += 2
            while pos < len(text) and not "@" <= text[pos] <= "~":
                pos += 1
            pos += 1
        else:
            out.append(text[pos])
            pos += 1
    return "".join(out)

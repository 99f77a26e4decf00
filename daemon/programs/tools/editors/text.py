"""The text being edited: lines, a cursor, a yank register and undo. Pure; the editors are keys on top of it."""

import re
from dataclasses import dataclass, field


@dataclass(slots=True)
class Text:
    """Lines without their newlines; `row` and `column` are where the cursor is."""

    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    changed: bool = False
    ends_with_newline: bool = True
    register: list[str] = field(default_factory=list)
    linewise: bool = False
    history: list[tuple[list[str], int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, data: str) -> "Text":
        lines = data.split("\n")
        ended = lines[-1] == ""
        if ended and len(lines) > 1:
            lines.pop()
        return cls(lines or [""], ends_with_newline=ended or not data)

    def content(self) -> str:
        if self.lines == [""]:
            return ""
        return "\n".join(self.lines) + ("\n" if self.ends_with_newline else "")

    @property
    def line(self) -> str:
        return self.lines[self.row]

    @line.setter
    def line(self, text: str) -> None:
        self.lines[self.row] = text

    def remember(self) -> None:
        """Called before a change, so that `undo` can take it back."""
        self.history.append((list(self.lines), self.row, self.column))
        del self.history[:-100]
        self.changed = True

    def undo(self) -> bool:
        if not self.history:
            return False
        self.lines, self.row, self.column = self.history.pop()
        self.changed = True
        return True

    # --- moving

    def clamp(self, *, insert: bool = False) -> None:
        self.row = max(0, min(self.row, len(self.lines) - 1))
        last = len(self.line) if insert else max(0, len(self.line) - 1)
        self.column = max(0, min(self.column, last))

    def go(self, row: int, column: int) -> None:
        self.row, self.column = row, column

    def first_word(self) -> int:
        return len(self.line) - len(self.line.lstrip())

    def word_forward(self) -> None:
        found = re.compile(r"\w+|[^\w\s]+").finditer(self.line)
        for word in found:
            if word.start() > self.column:
                self.column = word.start()
                return
        if self.row + 1 < len(self.lines):
            self.row += 1
            self.column = self.first_word()
        else:
            self.column = len(self.line)

    def word_backward(self) -> None:
        starts = [
            w.start() for w in re.finditer(r"\w+|[^\w\s]+", self.line) if w.start() < self.column
        ]
        if starts:
            self.column = starts[-1]
        elif self.row:
            self.row -= 1
            starts = [w.start() for w in re.finditer(r"\w+|[^\w\s]+", self.line)]
            self.column = starts[-1] if starts else 0

    def word_end(self) -> None:
        ends = [
            w.end() - 1
            for w in re.finditer(r"\w+|[^\w\s]+", self.line)
            if w.end() - 1 > self.column
        ]
        if ends:
            self.column = ends[0]
        elif self.row + 1 < len(self.lines):
            self.row += 1
            self.column = -1
            self.word_end()

    # --- changing

    def insert(self, text: str) -> None:
        """Put `text` (newlines allowed) at the cursor, which ends up behind it."""
        head, tail = self.line[: self.column], self.line[self.column :]
        pieces = (head + text).split("\n")
        self.lines[self.row : self.row + 1] = [*pieces[:-1], pieces[-1] + tail]
        self.row += len(pieces) - 1
        self.column = len(pieces[-1])

    def backspace(self) -> None:
        if self.column:
            self.line = self.line[: self.column - 1] + self.line[self.column :]
            self.column -= 1
        elif self.row:
            self.column = len(self.lines[self.row - 1])
            self.lines[self.row - 1] += self.lines.pop(self.row)
            self.row -= 1

    def delete_char(self, count: int = 1) -> None:
        self.register, self.linewise = [self.line[self.column : self.column + count]], False
        self.line = self.line[: self.column] + self.line[self.column + count :]

    def delete_here(self) -> None:
        """The Delete key: at a line's end the next line comes up."""
        if self.column < len(self.line):
            self.line = self.line[: self.column] + self.line[self.column + 1 :]
        elif self.row + 1 < len(self.lines):
            self.line += self.lines.pop(self.row + 1)

    def yank_lines(self, first: int, last: int) -> None:
        self.register, self.linewise = self.lines[first : last + 1], True

    def delete_lines(self, first: int, last: int) -> None:
        self.yank_lines(first, last)
        del self.lines[first : last + 1]
        if not self.lines:
            self.lines = [""]
        self.row = min(first, len(self.lines) - 1)
        self.column = self.first_word()

    def delete_span(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """From `start` up to and without `end` (row, column)."""
        if end < start:
            start, end = end, start
        (r1, c1), (r2, c2) = start, end
        if r1 == r2:
            self.register = [self.lines[r1][c1:c2]]
        else:
            self.register = [self.lines[r1][c1:], *self.lines[r1 + 1 : r2], self.lines[r2][:c2]]
        self.linewise = False
        self.lines[r1 : r2 + 1] = [self.lines[r1][:c1] + self.lines[r2][c2:]]
        self.go(r1, c1)

    def put(self, *, after: bool) -> None:
        if not self.register:
            return
        if self.linewise:
            at = self.row + 1 if after else self.row
            self.lines[at:at] = self.register
            self.go(at, 0)
            return
        if after and self.line:
            self.column += 1
        self.insert("\n".join(self.register))
        self.column = max(0, self.column - 1)

    def join(self) -> None:
        if self.row + 1 < len(self.lines):
            following = self.lines.pop(self.row + 1).lstrip()
            self.column = len(self.line)
            glue = " " if self.line and following and not self.line.endswith(" ") else ""
            self.line += glue + following

    # --- finding and replacing

    def find(self, pattern: str, *, forward: bool = True) -> bool:
        """Move to the next match, around the end of the text if need be."""
        try:
            made = re.compile(pattern)
        except re.error:
            made = re.compile(re.escape(pattern))
        places = [
            (row, found.start())
            for row, line in enumerate(self.lines)
            for found in made.finditer(line)
        ]
        if not places:
            return False
        here = (self.row, self.column)
        if forward:
            self.row, self.column = next((p for p in places if p > here), places[0])
        else:
            self.row, self.column = next((p for p in reversed(places) if p < here), places[-1])
        return True

    def substitute(self, first: int, last: int, pattern: str, replacement: str, every: bool) -> int:
        """How many replacements were made on the lines first to last."""
        made = re.compile(pattern)
        replacement = re.sub(r"(?<!\\)&", r"\\g<0>", replacement)
        total = 0
        for row in range(first, last + 1):
            self.lines[row], count = made.subn(
                replacement, self.lines[row], count=0 if every else 1
            )
            if count:
                total += count
                self.row = row
        return total

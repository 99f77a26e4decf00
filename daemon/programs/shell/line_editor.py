"""A line editor for the prompt: arrows, history, the usual control keys and completion.

busybox and readline paint differently; what they send for plain typing is kept apart in `Painter`s.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from daemon.programs.shell.completion import Completion, complete
from daemon.programs.shell.painters import Painter

if TYPE_CHECKING:
    from daemon.process.tty import Attributes
    from daemon.programs.shell.shell import Shell

HISTORY_LIMIT = 500


class EndOfInput(Exception):
    """^D on an empty line, or the terminal is gone."""


class LineInterrupted(Exception):
    """^C: the line is given up."""


def editing(attributes: "Attributes") -> "Attributes":
    """The terminal while a line is edited: every key comes at once, and is ours."""
    return replace(attributes, icanon=False, echo=False, isig=False, iexten=False, vmin=1, vtime=0)


class LineEditor:
    """Reads one line at a time from descriptor 0, which is a terminal."""

    def __init__(self, shell: "Shell") -> None:
        self.shell = shell
        self.proc = shell.proc
        self.painter = Painter(self._write, bash=shell.flavour.bash)
        self.buffer: list[str] = []
        self.cursor: int = 0
        self.killed: str = ""
        self._history_at = 0
        self._draft = ""
        self._tabs = 0
        self._output: list[str] = []

    async def read_line(self, prompt: str) -> str:
        """A line without its newline; EndOfInput or LineInterrupted instead."""
        terminal = self.proc.terminal
        if terminal is None:
            raise EndOfInput
        saved = terminal.attributes
        terminal.set_attributes(editing(saved))
        self.buffer, self.cursor = [], 0
        self._history_at = len(self.shell.history)
        self.painter.start(prompt, terminal.cols)
        try:
            return await self._edit()
        finally:
            terminal.set_attributes(saved)
            await self._flush()

    async def _edit(self) -> str:
        while True:
            await self._flush()
            key = await self._key()
            if key == "\x12":
                key = await self._search()
            if key in ("\n", "\r"):
                self.painter.end(self.buffer, self.cursor)
                line = "".join(self.buffer)
                self._remember(line)
                return line
            if key == "\t":
                self._tabs += 1
                await self._complete()
                continue
            self._tabs = 0
            if (action := _ACTIONS.get(key)) is not None:
                action(self)
            elif len(key) == 1 and key >= " ":
                self._insert(key)

    def _remember(self, line: str) -> None:
        history = self.shell.history
        if line.strip() and (not history or history[-1] != line or self.shell.flavour.bash):
            history.append(line)
            del history[:-HISTORY_LIMIT]

    # ---- keys and screen --------------------------------------------------------------------------

    def _write(self, text: str) -> None:
        self._output.append(text)

    async def _flush(self) -> None:
        if self._output:
            text, self._output = "".join(self._output), []
            await self.proc.err(text)

    async def _byte(self) -> bytes:
        while True:
            try:
                data = await self.proc.read(0, 1)
            except InterruptedError:
                await self.shell.interrupted()
                continue
            except OSError:
                raise EndOfInput from None
            if not data:
                raise EndOfInput
            return data

    async def _key(self) -> str:
        """One key: a character, or the name of an escape sequence such as `<up>`."""
        data = await self._byte()
        if data == b"\x1b":
            return await self._escape()
        first = data[0]
        for _ in range((first >= 0xC0) + (first >= 0xE0) + (first >= 0xF0)):
            data += await self._byte()
        return os.fsdecode(data)

    async def _escape(self) -> str:
        following = await self._byte()
        if following not in (b"[", b"O"):
            return _META.get(following, "")
        sequence = b""
        while True:
            data = await self._byte()
            sequence += data
            if 0x40 <= data[0] <= 0x7E:
                return _SEQUENCES.get(sequence, "<ignored>")

    # ---- editing ----------------------------------------------------------------------------------

    def _insert(self, text: str) -> None:
        self.buffer[self.cursor : self.cursor] = list(text)
        self.cursor += len(text)
        self.painter.inserted(self.buffer, self.cursor, len(text))

    def _move(self, to: int) -> None:
        to = max(0, min(len(self.buffer), to))
        self.painter.moved(self.buffer, self.cursor, to)
        self.cursor = to

    def _remove(self, start: int, end: int, *, keep: bool = False) -> None:
        """Delete a range; `keep` puts it where ^Y finds it."""
        if start == end:
            return
        if keep:
            self.killed = "".join(self.buffer[start:end])
        before = self.cursor
        del self.buffer[start:end]
        self.cursor = start
        self.painter.removed(self.buffer, before, start)

    def _replace(self, text: str) -> None:
        before, length = self.cursor, len(self.buffer)
        self.buffer, self.cursor = list(text), len(text)
        self.painter.replaced(self.buffer, before, length)

    def _word_left(self) -> int:
        at = self.cursor
        while at and self.buffer[at - 1] == " ":
            at -= 1
        while at and self.buffer[at - 1] != " ":
            at -= 1
        return at

    def _word_right(self) -> int:
        at, end = self.cursor, len(self.buffer)
        while at < end and self.buffer[at] == " ":
            at += 1
        while at < end and self.buffer[at] != " ":
            at += 1
        return at

    def _backspace(self) -> None:
        if self.cursor:
            self._remove(self.cursor - 1, self.cursor)

    def _rub_out_word(self) -> None:
        start = self._word_left()
        if self.shell.flavour.bash:
            self._remove(start, self.cursor, keep=True)
            return
        self.killed = "".join(self.buffer[start : self.cursor])
        while self.cursor > start:
            self._backspace()

    def _delete(self) -> None:
        self._remove(self.cursor, min(self.cursor + 1, len(self.buffer)))

    def _delete_or_end(self) -> None:
        if not self.buffer:
            self.painter.end_of_input()
            raise EndOfInput
        self._delete()

    def _interrupt(self) -> None:
        self.painter.interrupted(self.buffer, self.cursor)
        raise LineInterrupted

    def _transpose(self) -> None:
        at = min(self.cursor, len(self.buffer) - 1)
        if at > 0:
            text = self.buffer[:]
            text[at - 1], text[at] = text[at], text[at - 1]
            self._replace("".join(text))
            self._move(at + 1)

    def _clear_screen(self) -> None:
        self.painter.cleared(self.buffer, self.cursor)

    # ---- history ----------------------------------------------------------------------------------

    def _recall(self, step: int) -> None:
        history = self.shell.history
        at = self._history_at + step
        if not 0 <= at <= len(history):
            self._write("\a")
            return
        if self._history_at == len(history):
            self._draft = "".join(self.buffer)
        self._history_at = at
        self._replace(self._draft if at == len(history) else history[at])

    async def _search(self) -> str:
        """^R: the newest line that holds what is typed, and the key that took it and now does what it does; ^G takes none."""
        typed = found = "".join(self.buffer)
        wanted = ""
        while True:
            self.painter.searching(wanted, found)
            await self._flush()
            key = await self._key()
            if key == "\x7f":
                wanted = wanted[:-1]
            elif len(key) == 1 and key >= " ":
                wanted += key
            elif key != "\x12":
                self.painter.searched()
                self.buffer, self.cursor = [], 0
                self._replace(typed if key == "\x07" else found)
                return key
            lines = [line for line in reversed(self.shell.history) if wanted in line]
            skip = 1 if key == "\x12" and found in lines else 0
            rest = lines[lines.index(found) + 1 :] if skip else lines
            found = rest[0] if rest else found

    # ---- completion -------------------------------------------------------------------------------

    async def _complete(self) -> None:
        found: Completion = complete(self.shell, "".join(self.buffer[: self.cursor]))
        if found.addition:
            self.buffer[self.cursor : self.cursor] = list(found.addition)
            self.cursor += len(found.addition)
            self._tabs = 0
            self.painter.completed(self.buffer, self.cursor, len(found.addition))
        elif len(found.candidates) > 1 and self._tabs > 1:
            self.painter.listed(found.candidates, self.buffer, self.cursor)
        else:
            self._write("\a")


_ACTIONS: dict[str, Callable[[LineEditor], None]] = {
    "\x01": lambda editor: editor._move(0),
    "\x02": lambda editor: editor._move(editor.cursor - 1),
    "\x03": LineEditor._interrupt,
    "\x04": LineEditor._delete_or_end,
    "\x05": lambda editor: editor._move(len(editor.buffer)),
    "\x06": lambda editor: editor._move(editor.cursor + 1),
    "\x08": LineEditor._backspace,
    "\x0b": lambda editor: editor._remove(editor.cursor, len(editor.buffer), keep=True),
    "\x0c": LineEditor._clear_screen,
    "\x0e": lambda editor: editor._recall(1),
    "\x10": lambda editor: editor._recall(-1),
    "\x14": LineEditor._transpose,
    "\x15": lambda editor: editor._remove(0, editor.cursor, keep=True),
    "\x17": LineEditor._rub_out_word,
    "\x19": lambda editor: editor._insert(editor.killed),
    "\x7f": LineEditor._backspace,
    "<up>": lambda editor: editor._recall(-1),
    "<down>": lambda editor: editor._recall(1),
    "<right>": lambda editor: editor._move(editor.cursor + 1),
    "<left>": lambda editor: editor._move(editor.cursor - 1),
    "<home>": lambda editor: editor._move(0),
    "<end>": lambda editor: editor._move(len(editor.buffer)),
    "<delete>": LineEditor._delete,
    "<word-left>": lambda editor: editor._move(editor._word_left()),
    "<word-right>": lambda editor: editor._move(editor._word_right()),
    "<kill-word>": lambda editor: editor._remove(editor.cursor, editor._word_right(), keep=True),
}
_SEQUENCES = {
    b"A": "<up>",
    b"B": "<down>",
    b"C": "<right>",
    b"D": "<left>",
    b"H": "<home>",
    b"F": "<end>",
    b"1~": "<home>",
    b"7~": "<home>",
    b"4~": "<end>",
    b"8~": "<end>",
    b"3~": "<delete>",
    b"1;5C": "<word-right>",
    b"1;5D": "<word-left>",
}
_META = {b"b": "<word-left>", b"f": "<word-right>", b"d": "<kill-word>", b"\x7f": "\x17"}

"""vi: insert mode, the usual commands of normal mode with counts, searching, and the ex commands that people type."""

import os
import re
from collections.abc import Callable

from daemon.process.process import Process
from daemon.programs.common.regex import RegexError, translate
from daemon.programs.tools.editors.files import load, store
from daemon.programs.tools.editors.screen import Keyboard, clipped, raw_keyboard, size_of
from daemon.programs.tools.editors.text import Text
from daemon.programs.tools.kit import tool
from daemon.programs.tools.options import Options

_CURSOR = {
    "up": "k",
    "down": "j",
    "left": "h",
    "right": "l",
    "home": "0",
    "end": "$",
    "page up": "\x02",
    "page down": "\x06",
    "delete": "x",
}


@tool(
    "[-c CMD] [-R] [-H] [FILE]...",
    "c:RHemMnpy",
    about="Edit FILE",
    gnu="u:T:dNVE",
    package="Vi IMproved 9.0",
)
async def vi(proc: Process, options: Options) -> int:
    words = [word for word in options.args if not word.startswith("+")]
    editor = Vi(proc, words[0] if words else "")
    await editor.open()
    for command in options.values("c"):
        await editor.ex(command)
    await proc.out("\x1b[?1049h")
    try:
        async with raw_keyboard(proc) as keyboard:
            await editor.run(keyboard)
    finally:
        rows, _ = size_of(proc)
        await proc.out(f"\x1b[{rows};1H\x1b[K\x1b[?1049l")
    return editor.code


class Vi:
    """The editor's state; `run` feeds it keys until it is done."""

    def __init__(self, proc: Process, path: str) -> None:
        self.proc = proc
        self.path = path
        self.text = Text()
        self.insert = False
        self.top = 0
        self.message = ""
        self.done = False
        self.code = 0
        self.search = ""
        self.forward = True
        self.keyboard: Keyboard | None = None

    async def open(self) -> None:
        data = await load(self.proc, self.path) if self.path else None
        if data is None:
            self.message = f'"{self.path}" [New file]' if self.path else "No file"
            return
        self.text = Text.of(data)
        self.message = f'"{self.path}" {len(self.text.lines)}L, {len(data)}C'

    async def run(self, keyboard: Keyboard) -> None:
        self.keyboard = keyboard
        while not self.done:
            await self.draw()
            key = await keyboard.key()
            if not key:
                return
            self.message = ""
            if self.insert:
                self._insert_key(key)
            else:
                await self._normal(key)

    async def _key(self) -> str:
        return await self.keyboard.key() if self.keyboard else ""

    # --- the screen

    async def draw(self) -> None:
        rows, columns = size_of(self.proc)
        height = rows - 1
        text = self.text
        text.clamp(insert=self.insert)
        self.top = (
            min(self.top, text.row) if text.row < self.top + height else text.row - height + 1
        )
        lines = []
        for row in range(self.top, self.top + height):
            shown = clipped(text.lines[row], 0, columns) if row < len(text.lines) else "~"
            lines.append(f"{shown}\x1b[K")
        column = len(clipped(text.line[: text.column], 0, columns))
        status = self.message or self._status()
        await self.proc.out(
            "\x1b[H"
            + "\r\n".join([*lines, f"{status[: columns - 1]}\x1b[K"])
            + f"\x1b[{text.row - self.top + 1};{min(column, columns - 1) + 1}H"
        )

    def _status(self) -> str:
        mode = "I" if self.insert else "-"
        mark = " [modified]" if self.text.changed else ""
        share = (self.text.row + 1) * 100 // len(self.text.lines)
        return f"{mode} {self.path or 'No file'}{mark} {self.text.row + 1}/{len(self.text.lines)} {share}%"

    # --- insert mode

    def _insert_key(self, key: str) -> None:
        text = self.text
        if key in ("escape", "\x03"):
            self.insert = False
            text.column -= 1
            text.clamp()
        elif key in ("\x7f", "\x08"):
            text.backspace()
        elif key in ("\r", "\n"):
            text.insert("\n")
        elif key == "delete":
            text.delete_here()
        elif key in _CURSOR:
            self._move(_CURSOR[key], 1)
            text.clamp(insert=True)
        elif key >= " " or key == "\t":
            text.insert(key)

    def _start_insert(self) -> None:
        self.insert = True

    # --- normal mode

    async def _normal(self, key: str) -> None:
        key = _CURSOR.get(key, key)
        digits = ""
        while key.isdigit() and (digits or key != "0"):
            digits += key
            key = await self._key()
        count = int(digits or 1)
        if key in _OPERATORS:
            await self._operator(key, count)
        elif key in _LONGER:
            await self._longer(key, count)
        elif key == "G":
            self._go_to_line(int(digits) if digits else len(self.text.lines))
        elif key in _EDITS:
            self._edit(key, count)
        else:
            self._move(key, count)

    async def _longer(self, key: str, count: int) -> None:
        """Commands that want more keys."""
        if key == ":":
            await self._command_line()
        elif key in "/?":
            await self._search_for(key)
        else:
            following = await self._key()
            if key == "r":
                self._replace(following, count)
            elif key + following == "ZZ":
                await self.ex("x")
            elif key + following == "gg":
                self._go_to_line(count)

    def _go_to_line(self, number: int) -> None:
        self.text.row = min(number, len(self.text.lines)) - 1
        self.text.column = self.text.first_word()

    def _edit(self, key: str, count: int) -> None:
        if key not in "nN":
            self.text.remember()
        for _ in range(count if key in _REPEATED else 1):
            _EDITS[key](self)

    def _replace(self, key: str, count: int) -> None:
        text = self.text
        if len(key) == 1 and key >= " " and text.column + count <= len(text.line):
            text.remember()
            text.line = text.line[: text.column] + key * count + text.line[text.column + count :]

    def _move(self, key: str, count: int) -> bool:
        """A motion; False if `key` is none."""
        text = self.text
        motion = _MOTIONS.get(key)
        if motion is None:
            return False
        for _ in range(count):
            motion(self, text)
        return True

    async def _operator(self, operator: str, count: int) -> None:
        text = self.text
        key = await self._key()
        digits = ""
        while key.isdigit() and (digits or key != "0"):
            digits += key
            key = await self._key()
        count *= int(digits or 1)
        if operator != "y":
            text.remember()
        if key == operator:
            self._whole_lines(operator, text.row, min(len(text.lines) - 1, text.row + count - 1))
            return
        if operator == "c" and key == "w":
            key = "e"
        start = (text.row, text.column)
        if key in ("j", "k", "G"):
            row = (
                len(text.lines) - 1 if key == "G" else text.row + (count if key == "j" else -count)
            )
            first, last = sorted((text.row, max(0, min(row, len(text.lines) - 1))))
            self._whole_lines(operator, first, last)
            return
        if not self._move(key, count):
            return
        if key in ("e", "$"):
            text.column += 1
        if key == "w" and text.row > start[0]:
            text.go(start[0], len(text.lines[start[0]]))
        self._span(operator, start, (text.row, text.column))

    def _whole_lines(self, operator: str, first: int, last: int) -> None:
        text = self.text
        if operator == "y":
            text.yank_lines(first, last)
            return
        if operator == "c":
            text.yank_lines(first, last)
            text.lines[first : last + 1] = [""]
            text.go(first, 0)
            self._start_insert()
            return
        text.delete_lines(first, last)

    def _span(self, operator: str, start: tuple[int, int], end: tuple[int, int]) -> None:
        text = self.text
        if operator == "y":
            lines = list(text.lines)
            text.delete_span(start, end)
            text.lines = lines
            text.go(*min(start, end))
            return
        text.delete_span(start, end)
        if operator == "c":
            self._start_insert()

    # --- searching and ex commands

    async def _line(self, prompt: str) -> str | None:
        """A line typed at the bottom; None if it was given up."""
        typed = ""
        rows, columns = size_of(self.proc)
        while True:
            await self.proc.out(f"\x1b[{rows};1H{(prompt + typed)[: columns - 1]}\x1b[K")
            key = await self._key()
            if key in ("\r", "\n"):
                return typed
            if key in ("escape", "\x03", ""):
                return None
            if key in ("\x7f", "\x08"):
                if not typed:
                    return None
                typed = typed[:-1]
            elif key >= " " and len(key) == 1:
                typed += key

    async def _search_for(self, mark: str) -> None:
        pattern = await self._line(mark)
        if pattern is None:
            return
        self.search = pattern or self.search
        self.forward = mark == "/"
        self.again(self.forward)

    def again(self, forward: bool) -> None:
        if self.search and not self.text.find(_python_regex(self.search), forward=forward):
            self.message = f"Pattern not found: {self.search}"

    async def _command_line(self) -> None:
        command = await self._line(":")
        if command:
            await self.ex(command)

    async def ex(self, command: str) -> None:
        """Run one ex command."""
        found = re.fullmatch(
            r"\s*(%|(?:\d+|[.$])(?:,(?:\d+|[.$]))?)?\s*(\w+|[!&=]*)?(!?)\s*(.*)", command, re.S
        )
        if not found:
            self.message = f":{command}: not implemented"
            return
        lines, name, force, rest = found[1] or "", found[2] or "", bool(found[3]), found[4]
        if name in ("s", "substitute"):
            self._substitute(lines, rest)
        elif not name and lines:
            self._go_to_line(self._range(lines)[1] + 1)
        else:
            await self._named(name, force, rest, lines, command)

    async def _named(self, name: str, force: bool, rest: str, lines: str, command: str) -> None:
        if name in ("w", "wq", "x", "write"):
            if name == "x" and not self.text.changed:
                self.done = True
            elif await self._write(rest.strip() or self.path, force):
                self.done = name in ("wq", "x")
        elif name in ("q", "quit", "qa"):
            self._quit(force)
        elif name == "d":
            self.text.remember()
            self.text.delete_lines(*self._range(lines))
        elif name in ("e", "edit"):
            self.path = rest.strip() or self.path
            await self.open()
        elif name in ("r", "read"):
            data = await load(self.proc, rest.strip())
            if data is None:
                self.message = f'"{rest.strip()}" cannot be read'
            else:
                self.text.remember()
                self.text.lines[self.text.row + 1 : self.text.row + 1] = Text.of(data).lines
        elif name in ("set", "se", "syntax", "noh", "nohlsearch"):
            self.message = ""
        else:
            self.message = f":{command}: not implemented"

    def _quit(self, force: bool) -> None:
        if self.text.changed and not force:
            self.message = "No write since last change (:quit! overrides)"
        else:
            self.done = True

    async def _write(self, path: str, force: bool) -> bool:
        if not path:
            self.message = "No current filename"
            return False
        content = self.text.content()
        error = await store(self.proc, path, content)
        if error:
            self.message = f'"{path}" {error}'
            return False
        self.path = self.path or path
        self.text.changed = False
        self.message = f'"{path}" {len(self.text.lines)}L, {len(content.encode())}C'
        return True

    def _range(self, lines: str) -> tuple[int, int]:
        last = len(self.text.lines)
        if lines == "%":
            return 0, last - 1
        numbers = {".": self.text.row + 1, "$": last, "": self.text.row + 1}
        ends = [numbers[w] if w in numbers else int(w) for w in lines.split(",")]
        return max(1, min(ends[0], last)) - 1, max(1, min(ends[-1], last)) - 1

    def _substitute(self, lines: str, rest: str) -> None:
        mark = rest[:1]
        parts = re.split(rf"(?<!\\){re.escape(mark)}", rest[1:]) if mark else []
        if len(parts) < 2:
            self.message = "bad substitution"
            return
        flags = parts[2] if len(parts) > 2 else ""
        self.text.remember()
        first, last = self._range(lines)
        count = self.text.substitute(
            first, last, _python_regex(parts[0]), parts[1].replace(f"\\{mark}", mark), "g" in flags
        )
        if not count:
            self.message = f"Pattern not found: {parts[0]}"


def _python_regex(pattern: str) -> str:
    """A basic regular expression, as vi has them, for Python's engine."""
    try:
        return translate(os.fsencode(pattern), multiline=True).decode("latin-1")
    except RegexError:
        return re.escape(pattern)


def _paste_after(editor: Vi) -> None:
    editor.text.put(after=True)


def _open_below(editor: Vi) -> None:
    text = editor.text
    text.lines.insert(text.row + 1, "")
    text.go(text.row + 1, 0)
    editor.insert = True


def _open_above(editor: Vi) -> None:
    editor.text.lines.insert(editor.text.row, "")
    editor.text.column = 0
    editor.insert = True


def _insert_at(column: Callable[[Text], int]) -> Callable[[Vi], None]:
    def start(editor: Vi) -> None:
        editor.text.column = column(editor.text)
        editor.insert = True

    return start


def _delete_to_end(editor: Vi) -> None:
    text = editor.text
    text.delete_char(len(text.line) - text.column)


def _change_to_end(editor: Vi) -> None:
    _delete_to_end(editor)
    editor.insert = True


def _delete_before(editor: Vi) -> None:
    if editor.text.column:
        editor.text.column -= 1
        editor.text.delete_char()


def _undo(editor: Vi) -> None:
    editor.text.history.pop()
    if not editor.text.undo():
        editor.message = "Already at oldest change"


def _flip_case(editor: Vi) -> None:
    text = editor.text
    char = text.line[text.column : text.column + 1]
    text.line = text.line[: text.column] + char.swapcase() + text.line[text.column + 1 :]
    text.column += 1


def _substitute_char(editor: Vi) -> None:
    editor.text.delete_char()
    editor.insert = True


_EDITS: dict[str, Callable[[Vi], None]] = {
    "x": lambda editor: editor.text.delete_char(),
    "X": _delete_before,
    "D": _delete_to_end,
    "C": _change_to_end,
    "s": _substitute_char,
    "p": _paste_after,
    "P": lambda editor: editor.text.put(after=False),
    "J": lambda editor: editor.text.join(),
    "u": _undo,
    "~": _flip_case,
    "Y": lambda editor: editor.text.yank_lines(editor.text.row, editor.text.row),
    "o": _open_below,
    "O": _open_above,
    "i": _insert_at(lambda text: text.column),
    "I": _insert_at(lambda text: text.first_word()),
    "a": _insert_at(lambda text: min(text.column + 1, len(text.line))),
    "A": _insert_at(lambda text: len(text.line)),
    "n": lambda editor: editor.again(editor.forward),
    "N": lambda editor: editor.again(not editor.forward),
}
_REPEATED = "xXpPJ~nN"
_OPERATORS = "dcy"
_LONGER = frozenset(":/?rZg")


def _vertical(step: Callable[[Vi], int]) -> Callable[[Vi, Text], None]:
    def move(editor: Vi, text: Text) -> None:
        text.row = max(0, min(text.row + step(editor), len(text.lines) - 1))

    return move


def _page(editor: Vi) -> int:
    return size_of(editor.proc)[0] - 2


def _set_column(column: Callable[[Text], int]) -> Callable[[Vi, Text], None]:
    def move(editor: Vi, text: Text) -> None:
        text.column = column(text)

    return move


_MOTIONS: dict[str, Callable[[Vi, Text], None]] = {
    "h": _set_column(lambda text: max(0, text.column - 1)),
    "\x7f": _set_column(lambda text: max(0, text.column - 1)),
    "l": _set_column(lambda text: min(text.column + 1, len(text.line))),
    " ": _set_column(lambda text: min(text.column + 1, len(text.line))),
    "j": _vertical(lambda editor: 1),
    "k": _vertical(lambda editor: -1),
    "\r": _vertical(lambda editor: 1),
    "0": _set_column(lambda text: 0),
    "^": _set_column(lambda text: text.first_word()),
    "$": _set_column(lambda text: max(0, len(text.line) - 1)),
    "w": lambda editor, text: text.word_forward(),
    "b": lambda editor, text: text.word_backward(),
    "e": lambda editor, text: text.word_end(),
    "\x06": _vertical(_page),
    "\x02": _vertical(lambda editor: -_page(editor)),
    "\x04": _vertical(lambda editor: _page(editor) // 2),
    "\x15": _vertical(lambda editor: -(_page(editor) // 2)),
}

"""nano: typing goes into the text, ^O writes, ^X leaves, ^W finds, ^K cuts, ^U pastes."""

from collections.abc import Awaitable, Callable

from daemon.process.process import Process
from daemon.programs.tools.editors.files import load, store
from daemon.programs.tools.editors.screen import Keyboard, clipped, raw_keyboard, size_of
from daemon.programs.tools.editors.text import Text
from daemon.programs.tools.kit import tool
from daemon.programs.tools.options import Options

_HELP = (
    "^G Help      ^O Write Out ^W Where Is  ^K Cut       ^T Execute   ^C Location",
    "^X Exit      ^R Read File ^\\ Replace   ^U Paste     ^J Justify   ^/ Go To Line",
)


@tool(
    "[OPTIONS] [[+LINE] FILE]...", "lmwivEST:x", about="Edit FILE", package="GNU nano, version 7.2"
)
async def nano(proc: Process, options: Options) -> int:
    if not proc.isatty(0) or not proc.isatty(1):
        await proc.err(
            "Error opening terminal: unknown.\n"
            if "TERM" not in proc.env
            else "standard input is not a terminal\n"
        )
        return 1
    words = [word for word in options.args if not word.startswith("+")]
    editor = Nano(proc, words[0] if words else "")
    await editor.open()
    await proc.out("\x1b[?1049h\x1b[H\x1b[2J")
    try:
        async with raw_keyboard(proc) as keyboard:
            await editor.run(keyboard)
    finally:
        await proc.out("\x1b[?1049l\r")
    return 0


class Nano:
    """The editor's state; `run` feeds it keys until it is done."""

    def __init__(self, proc: Process, path: str) -> None:
        self.proc = proc
        self.path = path
        self.text = Text()
        self.top = 0
        self.message = ""
        self.done = False
        self.search = ""
        self.cutting = False
        self.keyboard: Keyboard | None = None

    async def open(self) -> None:
        data = await load(self.proc, self.path) if self.path else None
        if data is None:
            self.message = (
                "[ New File ]"
                if self.path
                else "[ Welcome to nano.  For basic help, type Ctrl+G. ]"
            )
            return
        # The line behind the last newline is one to stand on, unlike in vi.
        self.text = Text(data.split("\n"), ends_with_newline=False)
        count = len(Text.of(data).lines) if data else 0
        self.message = f"[ Read {count} line{'s' if count != 1 else ''} ]"

    async def run(self, keyboard: Keyboard) -> None:
        self.keyboard = keyboard
        while not self.done:
            await self.draw()
            key = await keyboard.key()
            if not key:
                return
            self.message = ""
            await self._take(key)

    async def draw(self, question: str | None = None) -> None:
        rows, columns = size_of(self.proc)
        height = max(1, rows - 4)
        text = self.text
        text.clamp(insert=True)
        self.top = (
            min(self.top, text.row) if text.row < self.top + height else text.row - height + 1
        )
        mark = " *" if text.changed else ""
        title = f"  GNU nano 7.2{(self.path or 'New Buffer').center(max(0, columns - 30))}{mark}"
        lines = [f"\x1b[7m{title[:columns]:<{columns}}\x1b[m"]
        for row in range(self.top, self.top + height):
            lines.append(
                clipped(text.lines[row], 0, columns) + "\x1b[K"
                if row < len(text.lines)
                else "\x1b[K"
            )
        middle = question if question is not None else self.message.center(columns).rstrip()
        lines.append(
            f"\x1b[7m{middle:<{columns}}\x1b[m" if question is not None else f"{middle}\x1b[K"
        )
        lines += [f"{line[:columns]}\x1b[K" for line in _HELP]
        column = len(clipped(text.line[: text.column], 0, columns))
        where = f"\x1b[{text.row - self.top + 2};{column + 1}H"
        if question is not None:
            where = f"\x1b[{rows - 2};{len(question) + 1}H"
        await self.proc.out("\x1b[H" + "\r\n".join(lines) + where)

    async def _take(self, key: str) -> None:
        cutting, self.cutting = self.cutting, False
        action = _CONTROLS.get(key)
        if action == "cut":
            self._cut(cutting)
        elif action in _DIALOGUES:
            await _DIALOGUES[action](self)
        elif action:
            _move(self, action)
        else:
            self._edit(key)

    def _edit(self, key: str) -> None:
        if key in ("\r", "\n"):
            self._type("\n")
        elif key in ("\x7f", "\x08"):
            self.text.remember()
            self.text.backspace()
        elif key in ("delete", "\x04"):
            self.text.remember()
            self.text.delete_here()
        elif len(key) == 1 and (key >= " " or key == "\t"):
            self._type(key)

    async def paste(self) -> None:
        self.text.remember()
        self.text.insert("".join(f"{line}\n" for line in self.text.register))

    async def tell_position(self) -> None:
        text = self.text
        self.message = f"[ line {text.row + 1}/{len(text.lines)}, col {text.column + 1} ]"

    def _type(self, key: str) -> None:
        self.text.remember()
        self.text.insert(key)

    def _cut(self, more: bool) -> None:
        """Neighbouring cuts collect their lines."""
        text = self.text
        text.remember()
        kept = list(text.register) if more else []
        text.delete_lines(text.row, text.row)
        text.register = kept + text.register
        text.column = 0
        self.cutting = True

    async def _ask(self, question: str, typed: str = "") -> str | None:
        while True:
            await self.draw(f"{question}{typed}")
            key = await self.keyboard.key() if self.keyboard else ""
            if key in ("\r", "\n"):
                return typed
            if key in ("\x03", "escape", ""):
                self.message = "[ Cancelled ]"
                return None
            if key in ("\x7f", "\x08"):
                typed = typed[:-1]
            elif len(key) == 1 and key >= " ":
                typed += key

    async def write(self) -> bool:
        path = await self._ask("File Name to Write: ", self.path)
        if not path:
            return False
        content = self.text.content()
        content += "" if content.endswith("\n") or not content else "\n"
        error = await store(self.proc, path, content)
        if error:
            self.message = f"[ Error writing {path}: {error} ]"
            return False
        self.path = path
        self.text.changed = False
        count = content.count("\n")
        self.message = f"[ Wrote {count} line{'s' if count != 1 else ''} ]"
        return True

    async def leave(self) -> None:
        if not self.text.changed:
            self.done = True
            return
        await self.draw("Save modified buffer? (y/n/^C) ")
        key = await self.keyboard.key() if self.keyboard else ""
        if key in ("y", "Y"):
            self.done = await self.write()
        elif key in ("n", "N"):
            self.done = True
        else:
            self.message = "[ Cancelled ]"

    async def find(self) -> None:
        default = f" [{self.search}]" if self.search else ""
        pattern = await self._ask(f"Search{default}: ")
        if pattern is None:
            return
        self.search = pattern or self.search
        if self.search and not self.text.find(self.search):
            self.message = f'[ "{self.search}" not found ]'


_DIALOGUES: dict[str, Callable[[Nano], Awaitable[object]]] = {
    "exit": Nano.leave,
    "write": Nano.write,
    "find": Nano.find,
    "paste": Nano.paste,
    "where": Nano.tell_position,
}
_CONTROLS = {
    "\x18": "exit",
    "\x0f": "write",
    "\x13": "write",
    "\x17": "find",
    "\x0b": "cut",
    "\x15": "paste",
    "\x03": "where",
    "\x01": "home",
    "\x05": "end",
    "\x10": "up",
    "\x0e": "down",
    "\x02": "left",
    "\x06": "right",
    "\x19": "page up",
    "\x16": "page down",
    "up": "up",
    "down": "down",
    "left": "left",
    "right": "right",
    "home": "home",
    "end": "end",
    "page up": "page up",
    "page down": "page down",
}


def _move(editor: Nano, action: str) -> None:
    text = editor.text
    page = size_of(editor.proc)[0] - 5
    if action in ("up", "down", "page up", "page down"):
        text.row += {"up": -1, "down": 1, "page up": -page, "page down": page}[action]
    elif action == "left" and not text.column and text.row:
        text.go(text.row - 1, len(text.lines[text.row - 1]))
    elif action == "right" and text.column == len(text.line) and text.row + 1 < len(text.lines):
        text.go(text.row + 1, 0)
    elif action in ("left", "right"):
        text.column += 1 if action == "right" else -1
    else:
        text.column = 0 if action == "home" else len(text.line)
    text.clamp(insert=True)

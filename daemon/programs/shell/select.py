"""bash's `select`: a numbered menu and a question, over and over."""

from typing import TYPE_CHECKING

from daemon.programs.shell.builtins.reading import read_line
from daemon.programs.shell.syntax import For

if TYPE_CHECKING:
    from daemon.programs.shell.interpreter import Interpreter

DEFAULT_WIDTH = 80


async def select_loop(interpreter: "Interpreter", node: For, words: list[str]) -> int:
    """Ask until the input ends or the body breaks out."""
    shell = interpreter.shell
    if not words:
        return 0
    status = 0
    shell.loops += 1
    try:
        show = True
        while True:
            if show:
                await shell.say(_menu(words))
            prompt = shell.variables.get("PS3")
            await shell.say("#? " if prompt is None else prompt)
            line, complete = await read_line(shell, 0)
            if not complete:
                await shell.say("\n")
                return 1
            answer = line.strip()
            show = not answer
            if show:
                continue
            shell.variables.set("REPLY", answer)
            number = int(answer) if answer.isdigit() else 0
            shell.variables.set(node.name, words[number - 1] if 1 <= number <= len(words) else "")
            status, again = await interpreter.run_body(node.body)
            if not again:
                return status
    finally:
        shell.loops -= 1


def _menu(words: list[str]) -> str:
    """The choices in as many columns as fit, counted downwards."""
    digits = len(str(len(words)))
    longest = max(map(len, words)) + digits + 2
    columns = max(1, DEFAULT_WIDTH // (longest + 2))
    rows = -(-len(words) // columns)
    if rows == 1:
        rows, columns = len(words), 1
    lines = []
    for row in range(rows):
        cells = [f"{n + 1:{digits}d}) {words[n]}" for n in range(row, len(words), rows)]
        lines.append("  ".join(cell.ljust(longest) for cell in cells).rstrip() + "\n")
    return "".join(lines)

"""jq: its command line; values are read one after the other and printed as they come."""

import codecs
import json
from collections.abc import AsyncIterator, Iterator

from daemon.process.process import Process
from daemon.programs.tools.jq.check import check, known_functions
from daemon.programs.tools.jq.interpreter import Halt, Interpreter, Scope
from daemon.programs.tools.jq.parser import JqSyntaxError, Node, parse
from daemon.programs.tools.jq.specials import SPECIAL
from daemon.programs.tools.jq.values import JqError, Json, dump, plain, truth
from daemon.programs.tools.kit import Failure, chunks, complain, opened, read_all, reason, tool
from daemon.programs.tools.options import OptionError, Options, Parser

NS = 1_000_000_000
_LONG = (
    "raw-output=r compact-output=c null-input=n slurp=s raw-input=R join-output=j sort-keys=S exit-status=e "
    "from-file:=f color-output=C monochrome-output=M tab=tab indent:=indent ascii-output=a arg=arg args=args "
    "unbuffered=u seq=seq stream=stream jsonargs=jsonargs help=h version=V raw-output0=raw0"
)
_PAIRS = ("--arg", "--argjson", "--slurpfile", "--rawfile")


@tool("[OPTIONS] FILTER [FILE]...", raw=True, about="Command-line JSON processor", trouble=(2, 2))
async def jq(proc: Process, options: Options) -> int:
    words, variables = await _taken_arguments(proc)
    try:
        given = Parser("rcnsRjSef:CMauhV", _LONG).parse(words)
    except OptionError as error:
        raise Failure(
            f"Unknown arguments\nUse jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq ({error.text})",
            2,
        ) from error
    if "V" in given:
        await proc.out("jq-1.7.1\n")
        return 0
    source, paths = await _program(proc, given)
    positional = paths if "args" in given or "jsonargs" in given else []
    if positional:
        paths = []
    variables |= {
        "ENV": dict(proc.env),
        "__prog_args": positional,
        "ARGS": {"positional": positional, "named": dict(variables)},
    }
    return await _Run(proc, given, source, paths, variables).run()


async def _taken_arguments(proc: Process) -> tuple[list[str], dict[str, Json]]:
    """The options that take a name and a value, read before all others."""
    words: list[str] = []
    variables: dict[str, Json] = {}
    rest = iter(proc.argv[1:])
    for word in rest:
        if word not in _PAIRS:
            words.append(word)
            continue
        name, value = next(rest, ""), next(rest, "")
        variables[name] = await _argument(proc, word, name, value)
    return words, variables


async def _argument(proc: Process, option: str, name: str, value: str) -> Json:
    if option == "--arg":
        return value
    try:
        if option == "--argjson":
            return json.loads(value)
        text = (await read_all(proc, value)).decode(errors="replace")
    except OSError as error:
        raise Failure(
            f"Bad JSON in --{option[2:]} {name} {value}: Could not open {value}: {reason(error)}", 2
        ) from error
    except ValueError:
        raise Failure(
            "Invalid JSON text passed to --argjson\nUse jq --help for help with command-line options",
            2,
        ) from None
    return text if option == "--rawfile" else list(decode_all(text))


async def _program(proc: Process, given: Options) -> tuple[str, list[str]]:
    words = list(given.args)
    if "f" in given:
        return (await read_all(proc, given.value("f"))).decode(errors="replace"), words
    if not words:
        if proc.isatty(0):
            raise Failure("Usage: jq [OPTIONS] FILTER [FILES...]", 2)
        return ".", []
    return words[0], words[1:]


class Decoder:
    """JSON values out of text that comes in pieces; `line` is where the last one ended."""

    def __init__(self) -> None:
        self.text = ""
        self.line = 0
        self._decode = json.JSONDecoder().raw_decode

    def feed(self, text: str, *, final: bool) -> Iterator[Json]:
        """The values that are complete now; ValueError for what can be no JSON."""
        self.text += text
        while self._skip_blanks():
            try:
                value, end = self._decode(self.text)
            except json.JSONDecodeError as error:
                if final or error.pos < len(self.text.rstrip()) - 10:
                    raise
                return
            # A number at the very end may go on in the next piece.
            if end == len(self.text) and not final and not isinstance(value, str | list | dict):
                return
            self.line += self.text.count("\n", 0, end) + self.text.startswith("\n", end)
            self.text = self.text[end:].removeprefix("\n")
            yield value

    def _skip_blanks(self) -> bool:
        bare = self.text.lstrip(" \t\r\n\x1e\ufeff")
        self.line += self.text.count("\n", 0, len(self.text) - len(bare))
        self.text = bare
        return bool(bare)


def decode_all(text: str) -> Iterator[Json]:
    """The JSON values of a text, one after the other."""
    return Decoder().feed(text, final=True)


class _Run:
    def __init__(
        self,
        proc: Process,
        given: Options,
        source: str,
        paths: list[str],
        variables: dict[str, Json],
    ) -> None:
        self.proc = proc
        self.given = given
        self.paths = paths
        self.source = source
        self.variables = variables
        self.code = self.failed = 0
        self.last: Json = None
        self.printed = False
        self.where = "<unknown>"

    async def run(self) -> int:
        try:
            program = parse(self.source)
            check(program, known_functions(), set(self.variables))
        except JqSyntaxError as error:
            quoting = " (Unix shell quoting issues?)" if "syntax error" in str(error) else ""
            await self.proc.err(
                f"jq: error: {error}{quoting} at <top-level>, line 1:\n{self.source}\njq: 1 compile error\n"
            )
            return 3
        try:
            await self._run(program)
        except ValueError as error:
            await self.proc.err(f"parse error: {_parse_error(error)}\n")
            return 2
        except Halt as halt:
            return await self._halted(halt)
        except RecursionError:
            await self.proc.err("jq: error: recursion too deep\n")
            return 5
        return self.failed or self._exit_code()

    async def _run(self, program: Node) -> None:
        rest: Iterator[Json] = iter(())
        clock = self.proc.machine.clock
        interpreter = Interpreter(lambda: next(rest), clock.now() / NS, SPECIAL)
        scope = interpreter.scope(self.variables)
        if self._needs_everything():
            rest = iter([value async for value in self._values()])
            if "n" in self.given:
                await self._one(interpreter, program, None, scope)
                return
            for value in rest:
                await self._one(interpreter, program, value, scope)
            return
        if "n" in self.given:
            await self._one(interpreter, program, None, scope)
            return
        async for value in self._values():
            await self._one(interpreter, program, value, scope)

    def _needs_everything(self) -> bool:
        """Whether the program itself asks for inputs, which then must be at hand."""
        return "input" in self.source

    async def _one(
        self, interpreter: Interpreter, program: Node, value: Json, scope: Scope
    ) -> None:
        try:
            for result in interpreter.values(program, value, scope):
                self.last, self.printed = result, True
                await self.proc.out(self._shown(result))
        except JqError as error:
            self.code = 5
            await self.proc.err(f"jq: error (at {self.where}): {error.text}\n")

    async def _halted(self, halt: Halt) -> int:
        if halt.message is not None:
            text = halt.message if isinstance(halt.message, str) else dump(halt.message) + "\n"
            await self.proc.err(text)
        return halt.code

    def _exit_code(self) -> int:
        if "e" in self.given and not self.code:
            return 4 if not self.printed else 0 if truth(self.last) else 1
        return self.code

    async def _texts(self) -> AsyncIterator[str]:
        """The operands' text as it comes; what cannot be opened is named."""
        for path in self.paths or ["-"]:
            self.where = f"{'<stdin>' if path == '-' else path}:0"
            utf8 = codecs.getincrementaldecoder("utf-8")("replace")
            try:
                async with opened(self.proc, path) as fd:
                    async for data in chunks(self.proc, fd):
                        yield utf8.decode(data)
            except OSError as error:
                self.failed = 2
                await complain(self.proc, f"error: Could not open file {path}: {reason(error)}")

    async def _values(self) -> AsyncIterator[Json]:
        if "R" in self.given or "s" in self.given:
            for value in self._from_whole("".join([text async for text in self._texts()])):
                yield value
            return
        decoder = Decoder()
        async for text in self._texts():
            for value in decoder.feed(text, final=False):
                self.where = f"{self.where.rpartition(':')[0]}:{decoder.line}"
                yield value
        for value in decoder.feed("", final=True):
            yield value

    def _from_whole(self, text: str) -> Iterator[Json]:
        if "R" not in self.given:
            return iter([list(decode_all(text))])
        if "s" in self.given:
            return iter([text])
        lines = text.split("\n")
        return iter(lines[:-1] if lines[-1] == "" else lines)

    def _shown(self, value: Json) -> str:
        given = self.given
        end = "" if "j" in given else "\n"
        if ("r" in given or "j" in given) and isinstance(value, str):
            return value + end
        indent: int | str | None = "\t" if "tab" in given else given.number("indent", 2)
        if "c" in given or "j" in given or indent == 0:
            indent = None
        if self._colours():
            return coloured(plain(value), 0 if indent is None else indent) + end
        text = json.dumps(
            plain(value),
            ensure_ascii="a" in given,
            indent=indent,
            separators=(",", ":") if indent is None else (",", ": "),
            sort_keys="S" in given,
        )
        return text + end

    def _colours(self) -> bool:
        return "C" in self.given or ("M" not in self.given and self.proc.isatty(1))


def _parse_error(error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    text = error.doc
    if error.pos >= len(text.rstrip()):
        return f"Unfinished JSON term at EOF at line {text.count(chr(10)) + 1}, column 0"
    return f"Invalid numeric literal at line {error.lineno}, column {error.colno + 1}"


_COLOURS = {type(None): "1;30", bool: "0;39", int: "0;39", float: "0;39", str: "0;32"}


def coloured(value: Json, indent: int | str, level: int = 0) -> str:
    """JSON in jq's colours."""
    if not isinstance(value, list | dict) or not value:
        code = _COLOURS.get(type(value), "1;39")
        return f"\x1b[{code}m{json.dumps(value, ensure_ascii=False)}\x1b[0m"
    step = indent if isinstance(indent, str) else " " * indent
    gap = "\n" + step * (level + 1) if step else ""
    last = "\n" + step * level if step else ""
    if isinstance(value, list):
        items = [coloured(item, indent, level + 1) for item in value]
        mark = ("[", "]")
    else:
        colon = ": " if step else ":"
        items = [
            f"\x1b[34;1m{json.dumps(key, ensure_ascii=False)}\x1b[0m\x1b[1;39m{colon}\x1b[0m{coloured(item, indent, level + 1)}"
            for key, item in value.items()
        ]
        mark = ("{", "}")
    inside = "\x1b[1;39m,\x1b[0m".join(f"{gap}{item}" for item in items)
    return f"\x1b[1;39m{mark[0]}\x1b[0m{inside}{last}\x1b[1;39m{mark[1]}\x1b[0m"

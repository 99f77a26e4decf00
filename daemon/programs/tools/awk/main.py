"""awk: its command line, and the loop that feeds records to rules."""

import os
import re
from collections.abc import AsyncIterator, Awaitable

from daemon.process.process import Process
from daemon.programs.tools.awk.analysis import array_names, global_names, mark_array_parameters
from daemon.programs.tools.awk.expressions import Expressions
from daemon.programs.tools.awk.lexer import AwkError, unescape
from daemon.programs.tools.awk.parser import Parser
from daemon.programs.tools.awk.runtime import RecordReader, Runtime
from daemon.programs.tools.awk.statements import Exit, Next, NextFile, Statement, Statements
from daemon.programs.tools.awk.syntax import Program, Rule
from daemon.programs.tools.awk.values import Input, number, truth
from daemon.programs.tools.kit import Failure, UsageError, complain, is_gnu, read_all, reason, tool
from daemon.programs.tools.options import Options


@tool(
    "[OPTIONS] [AWK_PROGRAM] [FILE]...",
    "F:v:f:e:",
    about="-v VAR=VAL set variable, -F SEP field separator, -f FILE read program from FILE",
    gnu="W:",
    long="field-separator:=F assign:=v file:=f",
    stop_at_operand=True,
    trouble=(2, 1),
    package="mawk 1.3.4 20200120",
)
async def awk(proc: Process, options: Options) -> int:
    words = list(options.args)
    source = await _source(proc, options, words)
    try:
        run = Run(proc, source, words)
        await run.prepare(options)
        return await run.run()
    except AwkError as error:
        raise Failure(_message(proc, error), 2 if is_gnu(proc) else 1) from error
    except RecursionError as error:
        raise Failure("program is nested too deeply", 2) from error


def _message(proc: Process, error: AwkError) -> str:
    if is_gnu(proc):
        return f"line {error.line}: {error.text}" if error.line else error.text
    if error.text.startswith(("syntax error", "unterminated", "unexpected", "missing }")):
        return "cmd. line:1: Unexpected token"
    return f"cmd. line:{max(1, error.line)}: {error.text}"


async def _source(proc: Process, options: Options, words: list[str]) -> str:
    parts = []
    for key, value in options.given:
        if key == "f":
            try:
                parts.append((await read_all(proc, value or "")).decode("latin-1"))
            except OSError as error:
                text = (
                    f"cannot open {value} ({reason(error)})"
                    if is_gnu(proc)
                    else f"can't open '{value}': {reason(error)}"
                )
                raise Failure(text, 2 if is_gnu(proc) else 1) from error
        elif key == "e":
            parts.append(_bytes_text(value or ""))
    if not parts:
        if not words:
            raise UsageError("Usage: mawk [Options] [Program] [file ...]" if is_gnu(proc) else "")
        parts.append(_bytes_text(words.pop(0)))
    return "\n".join(parts)


def _bytes_text(word: str) -> str:
    return os.fsencode(word).decode("latin-1")


class Run:
    """One execution of a program over its operands."""

    def __init__(self, proc: Process, source: str, words: list[str]) -> None:
        self.proc = proc
        self.program: Program = Parser(source).parse()
        mark_array_parameters(self.program)
        self.m = Runtime(proc, global_names(self.program))
        for name in array_names(self.program):
            self.m.array(name)
        self.words = words
        self.code = 0
        self.failed = False
        self.reader: RecordReader | None = None
        self._feed = self._readers()

    async def prepare(self, options: Options) -> None:
        m = self.m
        environ = m.array("ENVIRON")
        for name, value in self.proc.env.items():
            environ[_bytes_text(name)] = Input(_bytes_text(value))
        argv = m.array("ARGV")
        argv["0"] = "awk"
        for index, word in enumerate(self.words, start=1):
            argv[str(index)] = Input(_bytes_text(word))
        m.set("ARGC", float(len(self.words) + 1))
        if "F" in options:
            separator = options.value("F")
            m.set("FS", "\t" if separator == "t" else unescape(_bytes_text(separator)))
        for text in options.values("v"):
            if not self._assign(_bytes_text(text)):
                raise UsageError(f"improper assignment: -v {text}" if is_gnu(self.proc) else "")

    def _assign(self, word: str) -> bool:
        found = re.fullmatch(r"([A-Za-z_]\w*)=(.*)", word, re.S | re.A)
        if not found:
            return False
        self.m.set(found[1], Input(unescape(found[2])))
        return True

    async def run(self) -> int:
        expressions = Expressions(self.m, self.program)
        expressions.next_record = self.next_record
        statements = Statements(self.m, self.program, expressions)
        statements.compile_functions()
        begin = [statements.compile(block) for block in self.program.begin]
        rules = [_CompiledRule(rule, expressions, statements) for rule in self.program.rules]
        end = [statements.compile(block) for block in self.program.end]
        try:
            # exit in BEGIN or in a rule skips the records, and END blocks still run.
            if await self._phase(self._begin(begin)) and (rules or end):
                await self._phase(self._records(rules))
            await self._phase(self._begin(end))
        finally:
            await self.m.close_all()
        return self.code or (2 if self.failed and is_gnu(self.proc) else 1 if self.failed else 0)

    async def _phase(self, work: Awaitable[None]) -> bool:
        """Run a part of the program; False if it ended with exit."""
        try:
            await work
        except Exit as leaving:
            if leaving.code is not None:
                self.code = leaving.code
            return False
        return True

    async def _begin(self, blocks: list[Statement]) -> None:
        for block in blocks:
            await block()

    async def _records(self, rules: "list[_CompiledRule]") -> None:
        m = self.m
        while (record := await self.next_record()) is not None:
            m.set_record(record)
            m.count_record()
            try:
                for rule in rules:
                    await rule.apply(m)
            except Next:
                continue
            except NextFile:
                self.reader = None

    async def next_record(self) -> str | None:
        """The next record of the operands, whichever file it is in."""
        while True:
            if self.reader is None:
                self.reader = await anext(self._feed, None)
                if self.reader is None:
                    return None
            try:
                record = await self.reader.next(self.m.text_of("RS"))
            except OSError as error:
                await self._cannot_read(str(self.m.get("FILENAME")), error)
                record = None
            if record is not None:
                return record
            self.reader = None

    async def _readers(self) -> AsyncIterator[RecordReader]:
        """A reader for each operand that is a file; assignments among them take place in between."""
        any_file = False
        index = 1
        while index < self._operand_count():
            word = str(self.m.array("ARGV").get(str(index), ""))
            index += 1
            if not word or self._assign(word):
                continue
            any_file = True
            try:
                path = os.fsdecode(word.encode("latin-1"))
                fd = 0 if path == "-" else await self.proc.open(path)
            except OSError as error:
                await self._cannot_read(word, error)
                continue
            self.m.set("FILENAME", word)
            self.m.set("FNR", 0.0)
            yield RecordReader(self.proc, fd, self.m.flush_stdout)
            if fd:
                self.proc.close(fd)
        if not any_file and not self.failed:
            yield RecordReader(self.proc, 0, self.m.flush_stdout)

    def _operand_count(self) -> int:
        """ARGC, which a program may change."""
        given = self.m.get("ARGC") if "ARGC" in self.m.slots else float(len(self.words) + 1)
        return int(number(given))

    async def _cannot_read(self, word: str, error: OSError) -> None:
        await self.m.flush()
        self.failed = True
        if is_gnu(self.proc):
            await complain(self.proc, f"cannot open {word} ({reason(error)})")
        else:
            await complain(self.proc, f"{word}: {reason(error)}")


class _CompiledRule:
    """A pattern with its action; a range remembers whether it is open."""

    def __init__(self, rule: Rule, expressions: Expressions, statements: Statements) -> None:
        self.first = expressions.compile(rule.first) if rule.first else None
        self.second = expressions.compile(rule.second) if rule.second else None
        self.body = statements.compile(rule.body) if rule.body else None
        self.open = False

    async def apply(self, m: Runtime) -> None:
        if not await self._selected():
            return
        if self.body:
            await self.body()
        else:
            await m.out.write((m.current() + m.text_of("ORS")).encode("latin-1", "replace"))

    async def _selected(self) -> bool:
        if self.first is None:
            return True
        if self.second is None:
            return truth(await self.first.value())
        if not self.open and not truth(await self.first.value()):
            return False
        self.open = not truth(await self.second.value())
        return True

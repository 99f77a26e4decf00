"""awk's statements, compiled to coroutines, and the functions and rules that are made of them."""

from collections.abc import Awaitable, Callable

from daemon.programs.tools.awk.code import Code, constant
from daemon.programs.tools.awk.expressions import Expressions
from daemon.programs.tools.awk.lexer import AwkError
from daemon.programs.tools.awk.runtime import Runtime
from daemon.programs.tools.awk.syntax import Function, Node, Program
from daemon.programs.tools.awk.values import (
    UNSET,
    Array,
    Input,
    Value,
    number,
    sprintf,
    text,
    truth,
)

Statement = Callable[[], Awaitable[None]]
STEPS_PER_CHECKPOINT = 200


class Break(Exception):
    """break."""


class Continue(Exception):
    """continue."""


class Next(Exception):
    """next."""


class NextFile(Exception):
    """nextfile."""


class Exit(Exception):
    """exit, with its code if it gave one."""

    def __init__(self, code: int | None) -> None:
        self.code = code


class Return(Exception):
    """return."""

    def __init__(self, value: Value) -> None:
        self.value = value


_JUMPS = {"break": Break, "continue": Continue, "next": Next, "nextfile": NextFile}


class Statements:
    """Compiles statements, and calls the user's functions."""

    def __init__(self, runtime: Runtime, program: Program, expressions: Expressions) -> None:
        self.m = runtime
        self.program = program
        self.expressions = expressions
        self.bodies: dict[str, Statement] = {}
        expressions.call_user = self.call

    def compile_functions(self) -> None:
        for function in self.program.functions.values():
            self.expressions.function = function
            self.bodies[function.name] = self.compile(function.body)
        self.expressions.function = None

    async def call(self, name: str, values: list[Value | Array]) -> Value:
        m = self.m
        function: Function = self.program.functions[name]
        saved = m.locals
        missing = len(function.params) - len(values)
        m.locals = [*values, *[UNSET] * missing]
        await self._step()
        try:
            await self.bodies[name]()
        except Return as leaving:
            return leaving.value
        except RecursionError:
            raise AwkError(f"function {name} recurses too deeply") from None
        finally:
            m.locals = saved
        return UNSET

    async def _step(self) -> None:
        self.m.steps += 1
        if self.m.steps % STEPS_PER_CHECKPOINT == 0:
            await self.m.proc.checkpoint()

    def compile(self, node: Node | None) -> Statement:
        if node is None:
            return _nothing
        if node.kind in _JUMPS:
            return self._jump(node)
        made: Statement = getattr(self, f"_{node.kind}")(node)
        return made

    def _block(self, node: Node) -> Statement:
        statements = [self.compile(part) for part in node.parts]
        if len(statements) == 1:
            return statements[0]

        async def run() -> None:
            for statement in statements:
                await statement()

        return run

    def _expression(self, node: Node) -> Statement:
        code = self.expressions.compile(node.parts[0])
        if code.waits:
            return code.run
        plain = code.run

        async def run() -> None:
            plain()

        return run

    def _if(self, node: Node) -> Statement:
        test = self.expressions.compile(node.parts[0])
        then, otherwise = self.compile(node.parts[1]), self.compile(node.parts[2])

        async def run() -> None:
            if truth(await test.value()):
                await then()
            else:
                await otherwise()

        return run

    def _loop(self, test: Code, body: Statement, step: Statement, first: bool) -> Statement:
        """The common loop: `first` runs the body before the test."""

        async def run() -> None:
            skip = first
            while skip or truth(await test.value()):
                skip = False
                await self._step()
                try:
                    await body()
                except Break:
                    return
                except Continue:
                    pass
                await step()

        return run

    def _while(self, node: Node) -> Statement:
        test = self.expressions.compile(node.parts[0])
        return self._loop(test, self.compile(node.parts[1]), _nothing, False)

    def _do(self, node: Node) -> Statement:
        test = self.expressions.compile(node.parts[1])
        return self._loop(test, self.compile(node.parts[0]), _nothing, True)

    def _for(self, node: Node) -> Statement:
        start, test, step, body = node.parts
        begin = self.compile(start)
        condition = self.expressions.compile(test) if test else constant(1.0)
        loop = self._loop(condition, self.compile(body), self.compile(step), False)

        async def run() -> None:
            await begin()
            await loop()

        return run

    def _forin(self, node: Node) -> Statement:
        array_node, body_node = node.parts
        array = self.expressions.array(array_node.value if array_node else "")
        _, _, store = self.expressions.setter(Node("name", node.value))
        body = self.compile(body_node)

        async def run() -> None:
            for key in list(array()):
                if key not in array():
                    continue
                store(_index_value(key))
                await self._step()
                try:
                    await body()
                except Break:
                    return
                except Continue:
                    continue

        return run

    def _jump(self, node: Node) -> Statement:
        jump = _JUMPS[node.kind]

        async def run() -> None:
            raise jump

        return run

    def _exit(self, node: Node) -> Statement:
        code = self.expressions.compile(node.parts[0]) if node.parts[0] else None

        async def run() -> None:
            raise Exit(int(number(await code.value())) & 0xFF if code else None)

        return run

    def _return(self, node: Node) -> Statement:
        code = self.expressions.compile(node.parts[0])

        async def run() -> None:
            raise Return(await code.value())

        return run

    def _delete(self, node: Node) -> Statement:
        array = self.expressions.array(node.value)
        if node.parts[0] is None:

            async def clear() -> None:
                array().clear()

            return clear
        key = self.expressions.key(node.parts[0])

        async def run() -> None:
            array().pop(await key.value(), None)

        return run

    def _print(self, node: Node) -> Statement:
        m = self.m
        codes = [self.expressions.compile(part) for part in node.parts[1:]]

        async def run() -> None:
            values = [await code.value() for code in codes]
            form = m.text_of("OFMT")
            if values:
                line = m.text_of("OFS").join(text(value, form) for value in values)
            else:
                line = m.current()
            await write(line + m.text_of("ORS"))

        write = self._writer(node)
        return run

    def _printf(self, node: Node) -> Statement:
        codes = [self.expressions.compile(part) for part in node.parts[1:]]
        if not codes:
            raise AwkError("printf needs a format", node.line)

        async def run() -> None:
            values = [await code.value() for code in codes]
            await write(sprintf(text(values[0]), values[1:]))

        write = self._writer(node)
        return run

    def _writer(self, node: Node) -> Callable[[str], Awaitable[None]]:
        m = self.m
        mode = node.value
        if not mode:

            async def to_stdout(line: str) -> None:
                await m.out.write(line.encode("latin-1", "replace"))

            return to_stdout
        target = self.expressions.compile(node.parts[0])

        async def to_file(line: str) -> None:
            output = await m.output(text(await target.value()), mode)
            await output.write(line.encode("latin-1", "replace"))

        return to_file


async def _nothing() -> None:
    """An empty statement."""


def _index_value(key: str) -> Value:
    """A loop's index is a string that counts as a number where it looks like one."""
    return Input(key)

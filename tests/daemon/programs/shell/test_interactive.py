"""What a person at a terminal sees, byte for byte as busybox, bash and dash showed it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from daemon.process.status import ExitStatus
from daemon.process.tty import Terminal
from tests.daemon.programs.shell.box import Box

ASH, BASH, DASH = "/ # \x1b[6n", "\x1b[?2004hbash-5.2# ", "# "
PROMPTS = {"ash": ASH, "bash": BASH, "dash": DASH}
RUN = "\x1b[?2004l\r"


class Session:
    """A shell on a terminal; `type` waits for what the keys should bring about."""

    def __init__(self) -> None:
        self.box = Box(folder="/")
        self.screen = bytearray()
        self.seen = 0
        self.changed = asyncio.Event()
        self.terminal = Terminal(24, 80, deliver=self._deliver)

    def _deliver(self, data: bytes) -> None:
        self.screen += data
        self.changed.set()

    async def start(self, flavour: str, *arguments: str) -> None:
        self.prompt = PROMPTS[flavour]
        name = {"ash": "sh"}.get(flavour, flavour)
        self.process = await self.box.start([name, *arguments], terminal=self.terminal)
        await self.until(self.prompt)

    async def until(self, text: str) -> str:
        """What appeared up to and including `text`."""
        wanted = text.encode()
        async with asyncio.timeout(10):
            while (found := self.screen.find(wanted, self.seen)) < 0:
                self.changed.clear()
                await self.changed.wait()
        start, self.seen = self.seen, found + len(wanted)
        return bytes(self.screen[start : self.seen]).decode()

    async def type(self, keys: str, until: str | None = None) -> str:
        await self.terminal.master_write(keys.encode())
        return await self.until(self.prompt if until is None else until)

    async def command_runs(self) -> None:
        """Wait until the shell has given the terminal away."""
        async with asyncio.timeout(10):
            while self.terminal.foreground == self.process.pgid:  # noqa: ASYNC110  the terminal's state
                await asyncio.sleep(0)

    async def finish(self, keys: str) -> ExitStatus:
        await self.terminal.master_write(keys.encode())
        async with asyncio.timeout(10):
            return await self.box.machine.wait(self.process)


@pytest.fixture
async def session() -> AsyncIterator[Callable[..., object]]:
    session = Session()
    yield session
    await session.box.close()


@pytest.mark.parametrize(
    ("flavour", "keys", "shown"),
    [
        ("ash", "echo hi\r", f"echo hi\r\nhi\r\n{ASH}"),
        ("bash", "echo hi\r", f"echo hi\r\n{RUN}hi\r\n{BASH}"),
        ("dash", "echo hi\r", f"echo hi\r\nhi\r\n{DASH}"),
        ("ash", "echo a\x7f\x7fb\r", f"echo a\b\x1b[J\b\x1b[Jb\r\nsh: echob: not found\r\n{ASH}"),
        (
            "bash",
            "echo a\x7f\x7fb\r",
            f"echo a\b \b\b \bb\r\n{RUN}bash: echob: command not found\r\n{BASH}",
        ),
        ("ash", "ab\x01X\x05Y\r", f"ab\b\bXab\b\babY\r\nsh: XabY: not found\r\n{ASH}"),
        (
            "bash",
            "ab\x01X\x05Y\r",
            f"ab\b\b\x1b[1@XabY\r\n{RUN}bash: XabY: command not found\r\n{BASH}",
        ),
        ("ash", "abc\x1b[D\x1b[D\x0b\r", f"abc\b\b\x1b[J\r\nsh: a: not found\r\n{ASH}"),
        (
            "bash",
            "abc\x1b[D\x1b[D\x0b\r",
            f"abc\b\b\x1b[K\r\n{RUN}bash: a: command not found\r\n{BASH}",
        ),
        ("ash", "echo abc\x15:\r", f"echo abc\r/ # \x1b[J:\r\n{ASH}"),
        ("ash", "a bc\x17:\r", f"a bc\b\x1b[J\b\x1b[J:\r\nsh: a: not found\r\n{ASH}"),
        ("bash", "a bc\x17:\r", f"a bc\b\b\x1b[K:\r\n{RUN}bash: a: command not found\r\n{BASH}"),
        ("ash", "foo\x03", f"foo^C\r\n{ASH}"),
        ("bash", "foo\x03", f"foo^C{RUN}\x1b[?2004h{RUN}\r\n{BASH}"),
        ("ash", "\x0c:\r", f"\x1b[H\x1b[J\r{ASH[:4]}\x1b[J:\r\n{ASH}"),
        ("ash", "echo /et\t\r", f"echo /et\r/ # echo /etc/\x1b[J\r\n/etc/\r\n{ASH}"),
        ("bash", "echo /et\t\r", f"echo /etc/\r\n{RUN}/etc/\r\n{BASH}"),
    ],
)
async def test_a_line_is_painted_as_the_real_shell_paints_it(
    session: Session, flavour: str, keys: str, shown: str
) -> None:
    await session.start(flavour, *(["--norc"] if flavour == "bash" else []))
    assert await session.type(keys) == shown


@pytest.mark.parametrize("flavour", ["ash", "bash", "dash"])
async def test_an_open_construct_gets_the_second_prompt(session: Session, flavour: str) -> None:
    await session.start(flavour)
    await session.type("if true\r", "> ")
    await session.type("then echo yes\r", "> ")
    assert "yes\r\n" in await session.type("fi\r")


@pytest.mark.parametrize("flavour", ["ash", "bash", "dash"])
async def test_interrupting_a_command_returns_to_the_prompt(session: Session, flavour: str) -> None:
    await session.start(flavour)
    await session.type("sleep 60; echo never\r", "\r\n")
    await session.command_runs()
    assert "never" not in await session.type("\x03")
    assert "130\r\n" in await session.type("echo $?\r")


@pytest.mark.parametrize("flavour", ["ash", "bash", "dash"])
async def test_interrupting_a_loop_of_builtins(session: Session, flavour: str) -> None:
    await session.start(flavour)
    await session.type("while :; do :; done\r", "\r\n")
    await session.type("\x03")
    assert "130\r\n" in await session.type("echo $?\r")


@pytest.mark.parametrize(
    ("flavour", "stopped"),
    [
        ("ash", "[1]+  Stopped                    sleep 60\r\n"),
        ("dash", "[1] + Stopped                    sleep 60\r\n"),
        ("bash", "[1]+  Stopped                 sleep 60\r\n"),
    ],
)
async def test_a_job_stops_goes_on_and_is_killed(
    session: Session, flavour: str, stopped: str
) -> None:
    await session.start(flavour)
    await session.type("sleep 60\r", "\r\n")
    await session.command_runs()
    assert stopped in await session.type("\x1a")
    assert stopped in await session.type("jobs\r")
    await session.type("bg\r")
    await session.type("fg\r", "sleep 60\r\n")
    await session.command_runs()
    await session.type("\x03")
    assert "sleep" not in (await session.type("jobs\r")).replace("jobs", "")


async def test_history_is_recalled_and_searched(session: Session) -> None:
    await session.start("ash")
    await session.type("echo first\r")
    await session.type("echo second\r")
    assert "first\r\n" in await session.type("\x1b[A\x1b[A\r")
    assert "second\r\n" in await session.type("\x12sec\r\r")


async def test_history_is_kept_in_the_home_folder(session: Session) -> None:
    await session.start("ash")
    await session.type("echo kept\r")
    await session.finish("exit\r")
    assert session.box.fs.read_bytes("/root/.ash_history") == b"echo kept\nexit\n"


@pytest.mark.parametrize(
    ("flavour", "keys", "last"),
    [
        ("ash", "\x04", "\r\n"),
        ("bash", "\x04", f"{RUN}\r\nexit\r\n"),
        ("bash", "exit\r", f"exit\r\n{RUN}exit\r\n"),
        ("dash", "\x04", "\r\n"),
    ],
)
async def test_leaving(session: Session, flavour: str, keys: str, last: str) -> None:
    await session.start(flavour, *(["--norc"] if flavour == "bash" else []))
    assert await session.finish(keys) == ExitStatus(0)
    assert session.screen[session.seen :].decode() == last


async def test_the_exit_status_is_the_one_asked_for(session: Session) -> None:
    await session.start("dash")
    assert await session.finish("exit 5\r") == ExitStatus(5)


async def test_children_get_what_was_typed_ahead(session: Session) -> None:
    await session.start("ash")
    await session.type("cat\rtyped ahead\r", "typed ahead\r\n")
    assert await session.type("\x04") == ASH


async def test_a_debian_prompt(session: Session) -> None:
    session.box.fs.write_bytes("/etc/debian_version", b"12\n")
    PROMPTS["bash"], kept = "root@host:/# ", PROMPTS["bash"]
    try:
        await session.start("bash")
    finally:
        PROMPTS["bash"] = kept


async def test_an_error_does_not_end_the_session(session: Session) -> None:
    await session.start("dash")
    assert 'Syntax error: "fi" unexpected' in await session.type("fi\r")
    assert "parameter not set" in await session.type("echo ${x?}\r")
    assert "ok\r\n" in await session.type("echo ok\r")

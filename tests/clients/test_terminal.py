"""A person at a terminal: the docker CLI on a real pty, keys typed, what appears on the screen."""

import re
from collections.abc import Callable, Iterator

import pexpect
import pytest

from mockerd import MockDaemon
from tests.clients.present import find_client
from tests.clients.processes import run

pytestmark = pytest.mark.client("docker")

# Having drawn its prompt, ash asks the terminal where the cursor is.
ASH = r"/[a-z]* # \x1b\[6n"
# bash asks for bracketed paste before it draws its prompt.
BASH = r"\x1b\[\?2004hroot@[0-9a-f]{12}:[^#\r\n]*# "
UP, LEFT = "\x1b[A", "\x1b[D"


def control(letter: str) -> str:
    return chr(ord(letter) & 31)


class Screen:
    """One docker command on a terminal of 24 rows and 80 columns."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str]) -> None:
        self.child = pexpect.spawn(
            find_client("docker") or "docker", list(words), env=environment,
            dimensions=(24, 80), encoding="utf-8", timeout=30,
        )  # fmt: skip

    def sees(self, pattern: str) -> str:
        """Wait for the pattern; everything that appeared up to its end."""
        self.child.expect(pattern)
        return str(self.child.before + self.child.after)

    def types(self, keys: str, pattern: str) -> str:
        self.child.send(keys)
        return self.sees(pattern)

    def says(self, command: str, prompt: str = ASH) -> list[str]:
        """The lines that a command prints, typed at the prompt."""
        text = self.types(f"{command}\r", prompt)
        return [line for line in re.split(r"[\r\n]+", text)[1:-1] if line]

    def resize(self, rows: int, columns: int) -> None:
        self.child.setwinsize(rows, columns)

    def ends(self, keys: str = "") -> int:
        """Type these last keys, and see the command's exit code."""
        self.child.send(keys)
        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus)


Docker = Callable[..., Screen]


@pytest.fixture
def docker(docker_host: str, client_env: dict[str, str]) -> Iterator[Docker]:
    """`docker("run", "-it", "busybox")`: the command on a terminal of its own."""
    screens: list[Screen] = []

    def open_screen(*words: str) -> Screen:
        environment = client_env | {"DOCKER_HOST": docker_host, "TERM": "xterm"}
        screens.append(Screen(words, environment))
        return screens[-1]

    yield open_screen
    for screen in screens:
        screen.child.close(force=True)


@pytest.fixture
def shell(docker: Docker) -> Screen:
    """A busybox shell at its prompt."""
    screen = docker("run", "-it", "--rm", "--name", "box", "busybox", "sh")
    screen.sees(ASH)
    return screen


async def test_a_prompt_an_answer_and_an_exit_code(shell: Screen) -> None:
    assert shell.says("echo $((40 + 2))") == ["42"]
    assert shell.says("tty; stty size") == ["/dev/pts/0", "24 80"]
    assert shell.says("cd /tmp; pwd") == ["/tmp"]
    assert shell.says("nosuch") == ["sh: nosuch: not found"]
    assert shell.says("echo out; echo err >&2") == ["out", "err"]
    assert shell.ends("exit 3\r") == 3


async def test_lines_are_edited_and_remembered(shell: Screen) -> None:
    assert shell.says("echo first") == ["first"]
    assert shell.says("echo second") == ["second"]
    assert shell.says(UP + UP)[-1] == "first"
    assert shell.says("echo ac" + LEFT + "b")[-1] == "abc"
    assert shell.says("gibberish" + control("U") + "echo kept")[-1] == "kept"
    assert shell.says("hello" + control("A") + "echo ")[-1] == "hello"
    assert shell.says("echo wrong\x7f\x7f\x7f\x7f\x7fright")[-1] == "right"
    assert shell.says("echo /etc/pass\t")[-1] == "/etc/passwd"


async def test_a_command_of_several_lines_is_asked_for(shell: Screen) -> None:
    shell.types("for i in 1 2\r", "> ")
    shell.types("do echo line$i\r", "> ")
    assert shell.says("done") == ["line1", "line2"]


async def test_interrupt_and_end_of_file(shell: Screen) -> None:
    shell.types("sh -c 'echo rea''dy; sleep 1000'\r", "ready")
    shell.types(control("C"), ASH)
    assert shell.says("echo $?") == ["130"]
    shell.types("half a line" + control("C"), ASH)
    shell.types("cat\r", "\n")
    shell.types("typed\r", "typed\r\ntyped\r\n")
    shell.types(control("D"), ASH)
    assert shell.ends(control("D")) == 0


async def test_a_job_is_stopped_and_resumed(shell: Screen) -> None:
    shell.types("sh -c 'echo rea''dy; sleep 1000'\r", "ready")
    assert "Stopped" in shell.types(control("Z"), ASH)
    assert "Stopped" in shell.says("jobs")[0]
    shell.types("fg\r", "sleep 1000'\r\n")
    shell.types(control("C"), ASH)
    assert shell.says("jobs") == []
    assert len(shell.says("sleep 1000 &")) <= 1
    assert shell.says("kill %1; wait; jobs") == []


async def test_the_screen_is_cleared_and_resized(shell: Screen) -> None:
    assert "\x1b[H\x1b[J" in shell.types("clear\r", ASH)
    shell.types("trap 'echo res''ized' WINCH; until [ \"$(stty size)\" != '24 80' ]; do sleep .1; done\r", "\n")  # fmt: skip
    shell.resize(40, 132)
    shell.sees("resized")
    shell.sees(ASH)
    assert shell.says("stty size") == ["40 132"]


async def test_a_password_is_not_shown(shell: Screen) -> None:
    shell.types("read -s -p 'Pass''word: ' word; echo \"[$word]\"\r", "\nPassword: ")
    assert "[hunter2]" in (answer := shell.types("hunter2\r", ASH))
    assert answer.count("hunter2") == 1


async def test_long_output_is_paged(shell: Screen) -> None:
    first = shell.types("seq 60 | more\r", "--More--")
    assert "\r\n23\r\n" in first
    assert "\r\n24\r\n" not in first
    assert "\r\n46\r\n" in shell.types(" ", "--More--")
    shell.types("q", ASH)


async def test_top_redraws_until_it_is_left(shell: Screen) -> None:
    shell.types("top -d 1\r", "Load average")
    shell.sees(r"\x1b\[H.*Load average")
    assert "sh" in shell.types("q", ASH)


@pytest.mark.parametrize("keys", ["", "ctrl-x,d"], ids=["by default", "of one's own"])
async def test_a_session_is_left_and_found_again(docker: Docker, keys: str) -> None:
    options = ["--detach-keys", keys] if keys else []
    shell = docker("run", "-it", "--name", "box", *options, "busybox", "sh")
    shell.sees(ASH)
    assert shell.says("word=kept") == []
    assert shell.ends(control("X") + "d" if keys else control("P") + control("Q")) == 0
    again = docker("attach", "box")
    again.types("\r", ASH)
    assert again.says("echo $word")[-1] == "kept"
    assert again.ends("exit 4\r") == 4
    started = docker("start", "-ai", "box")
    started.types("\r", ASH)
    assert started.ends("exit 5\r") == 5


async def test_bash_beside_the_main_process(docker: Docker, mockerd: MockDaemon) -> None:
    await run(
        "docker", "run", "-d", "--name", "box", "debian", "sleep", "1000",
        DOCKER_HOST=mockerd.docker_host,
    )  # fmt: skip
    bash = docker("exec", "-it", "-e", "GREETING=hello", "box", "bash")
    bash.sees(BASH)
    assert "hello /etc" in bash.says("cd /etc && echo $GREETING $PWD", BASH)
    bash.types(control("R") + "GREET", "cd /etc && echo")
    assert "hello /etc" in bash.types("\r", BASH)
    assert "tty1" not in bash.types("tty\r", BASH)
    bash.types("cat host\t\t", "hostname")
    bash.types(control("C"), BASH)
    assert bash.ends("exit 9\r") == 9
    shown = await run("docker", "ps", "--format", "{{.State}}", DOCKER_HOST=mockerd.docker_host)
    assert shown == "running\n"


async def test_vi_changes_a_line(shell: Screen) -> None:
    assert shell.says("printf 'one\\ntwo\\nthree\\n' > file") == []
    shell.types("vi file\r", "three")
    shell.types("jcwTWO\x1b", "TWO")
    shell.types("GoFour\x1b", "Four")
    shell.types(":q\r", "No write since last change")
    shell.types(":wq\r", ASH)
    assert shell.says("cat file") == ["one", "TWO", "three", "Four"]


async def test_nano_changes_a_line(docker: Docker) -> None:
    bash = docker("run", "-it", "--rm", "debian", "bash")
    bash.sees(BASH)
    bash.says("apt-get update && apt-get install -y nano && printf 'two\\n' > file", BASH)
    bash.types("nano file\r", "two")
    bash.types("one and ", "one and two")
    bash.types(control("O"), "file")
    bash.types("\r", "Wrote 1 line")
    bash.types(control("X"), BASH)
    assert "one and two" in bash.says("cat file", BASH)

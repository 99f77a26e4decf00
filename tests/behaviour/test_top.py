"""GET /containers/{name}/top: the columns of ps by its options."""

import pytest

from tests.behaviour.boxes import Boxes

FULL = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
USER = ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"]


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        ("", FULL),
        ("?ps_args=-ef", FULL),
        ("?ps_args=aux", USER),
        ("?ps_args=-e", ["PID", "TTY", "TIME", "CMD"]),
        ("?ps_args=-eo%20pid,comm", ["PID", "COMMAND"]),
        ("?ps_args=-o%20pid,user,args", ["PID", "USER", "COMMAND"]),
        ("?ps_args=axo%20pid,ppid,etime,rss,vsz,stat,cmd", ["PID", "PPID", "ELAPSED", "RSS", "VSZ", "STAT", "CMD"]),
        ("?ps_args=-eLf", ["UID", "PID", "PPID", "LWP", "C", "NLWP", "STIME", "TTY", "TIME", "CMD"]),
        ("?ps_args=-T", ["PID", "SPID", "TTY", "TIME", "CMD"]),
        ("?ps_args=-jc", ["PID", "PGID", "SID", "CLS", "PRI", "TTY", "TIME", "CMD"]),
        ("?ps_args=-ly", ["S", "UID", "PID", "PPID", "C", "PRI", "NI", "RSS", "SZ", "WCHAN", "TTY", "TIME", "CMD"]),
        ("?ps_args=axj", ["PPID", "PID", "PGID", "SID", "TTY", "TPGID", "STAT", "UID", "TIME", "COMMAND"]),
        ("?ps_args=-aux", USER),
        ("?ps_args=-O%20user", ["PID", "USER", "S", "TTY", "TIME", "COMMAND"]),
        ("?ps_args=-o%20%25p%25c", ["PID", "COMMAND"]),
        ("?ps_args=-eo%20user:20%3DWHO,pid,comm", ["WHO", "PID", "COMMAND"]),
        ("?ps_args=--format%3Dpid,args", ["PID", "COMMAND"]),
        ("?ps_args=-l", ["F", "S", "UID", "PID", "PPID", "C", "PRI", "NI", "ADDR", "SZ", "WCHAN", "TTY", "TIME", "CMD"]),
    ],
)  # fmt: skip
async def test_titles(boxes: Boxes, options: str, titles: list[str]) -> None:
    await boxes.run("top")
    answer = (await boxes.docker.get(f"/containers/box/top{options}")).json
    assert answer["Titles"] == titles
    [row] = answer["Processes"]
    assert len(row) == len(titles)
    assert row[-1] == "top" or titles[-1] == "USER"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("-o%20comm", "Couldn't find PID field in ps output"),
        ("--no-headers", "Couldn't find PID field in ps output"),
        ("xyz", "ps: error: unsupported option (BSD syntax)"),
        ("-W", "ps: error: unsupported SysV option"),
        ("--nosuch", "ps: error: unknown gnu long option"),
        ("-Z%20foo", 'ps: error: unknown user-defined format specifier "o"'),
        ("-o%20pid,,comm", "ps: error: improper format list"),
        ("-o%20pid:x", "ps: error: column widths must be unsigned decimal numbers"),
        ("-eo%20args%3DPID", 'specifying "args=PID" is not allowed'),
        ("-eo%20pid%20user", "ps: error: conflicting format options"),
        ("-eL%20-T", "ps: error: thread flags conflict; can't use both -L and -T"),
        ("-y", "ps: error: modifier -y without format -l makes no sense"),
        ("-ef%20", "ps: error: garbage option"),
        ("-p%20x", "ps: error: process ID list syntax error"),
        ("-p%200", "ps: error: process ID out of range"),
        ("-p", "ps: error: list of process IDs must follow -p"),
        ("-u%20nosuch", "ps: error: user name does not exist"),
        ("-t%20pts/0", "ps: error: TTY could not be found"),
        ("--sort%20nosuch", "ps: error: unknown sort specifier"),
        ("--sort", "ps: error: long sort specification must follow --sort"),
        ("-C%20nosuch", "ps: exit status 1"),
        ("f", "ps: exit status 1"),
    ],
)
async def test_refuses(boxes: Boxes, options: str, text: str) -> None:
    await boxes.run("top")
    answer = await boxes.docker.get(f"/containers/box/top?ps_args={options}")
    assert answer.refusal == (500, text)


SCRIPT = "sleep 101 & sleep 100 & echo up; wait"
SHELL, FIRST, SECOND = f"sh -c {SCRIPT}", "sleep 101", "sleep 100"


@pytest.mark.parametrize(
    ("options", "commands"),
    [
        ("-eo%20pid,cmd", [SHELL, FIRST, SECOND]),
        ("-eo%20pid,cmd%20--sort=-pid", [SECOND, FIRST, SHELL]),
        ("-o%20pid,cmd%20--sort%20cmd", [SHELL, SECOND, FIRST]),
        ("-C%20sleep%20-o%20pid,cmd", [FIRST, SECOND]),
        ("-C%20sh,true%20-o%20pid,cmd", [SHELL]),
        ("-U%20root%20-o%20pid,cmd", [SHELL, FIRST, SECOND]),
        ("-N%20-C%20sleep%20-o%20pid,comm", ["sh"]),
        ("-d%20-o%20pid,cmd", [SHELL, FIRST, SECOND]),
        ("axfo%20pid,cmd", [rf"\_ {SHELL}", rf"\_ {FIRST}", rf"\_ {SECOND}"]),
        ("axc", ["sh", "sleep", "sleep"]),
        ("-m%20-o%20pid,comm", ["sh", "-", "sleep", "-", "sleep", "-"]),
    ],
)
async def test_selects_orders_and_shapes(boxes: Boxes, options: str, commands: list[str]) -> None:
    box = await boxes.run("sh", "-c", SCRIPT)
    await box.until_output("up")
    answer = (await boxes.docker.get(f"/containers/box/top?ps_args={options}")).json
    assert [row[-1] for row in answer["Processes"]] == commands


async def test_no_process_is_null(boxes: Boxes) -> None:
    await boxes.run("top")
    answer = (await boxes.docker.get("/containers/box/top?ps_args=-p%201")).json
    assert answer == {"Titles": ["PID", "TTY", "TIME", "CMD"], "Processes": None}


async def test_a_command_before_the_pid_is_not_a_number(boxes: Boxes) -> None:
    await boxes.run("sh", "-c", "sleep 100; true")
    answer = await boxes.docker.get("/containers/box/top?ps_args=-eo%20args,pid")
    text = "Unexpected pid '-c': strconv.Atoi: parsing \"-c\": invalid syntax"
    assert answer.refusal == (500, text)


async def test_every_process_with_its_parent(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "sleep 100 & wait")
    await box.exec("true")
    answer = (await boxes.docker.get("/containers/box/top?ps_args=-eo%20pid,ppid,cmd")).json
    [shell, sleep] = answer["Processes"]
    assert shell[0] == str((await box.state())["Pid"])
    assert sleep[1:] == [shell[0], "sleep 100"]

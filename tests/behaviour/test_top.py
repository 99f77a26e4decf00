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
        ("xyz", "ps: error: unsupported option (BSD syntax)"),
        ("-Z%20foo", 'ps: error: unknown user-defined format specifier "o"'),
    ],
)
async def test_refuses(boxes: Boxes, options: str, text: str) -> None:
    await boxes.run("top")
    answer = await boxes.docker.get(f"/containers/box/top?ps_args={options}")
    assert answer.refusal == (500, text)


async def test_every_process_with_its_parent(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "sleep 100 & wait")
    await box.exec("true")
    answer = (await boxes.docker.get("/containers/box/top?ps_args=-eo%20pid,ppid,cmd")).json
    [shell, sleep] = answer["Processes"]
    assert shell[0] == str((await box.state())["Pid"])
    assert sleep[1:] == [shell[0], "sleep 100"]

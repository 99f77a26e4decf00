"""A line is changed and saved in vi as a person does it, key by key."""

from collections.abc import Callable

import pytest

FILE = "one\ntwo words\nthree\n"


@pytest.mark.parametrize(
    ("keys", "content"),
    [
        (":q\r", FILE),
        ("x:wq\r", "ne\ntwo words\nthree\n"),
        ("dd:wq\r", "two words\nthree\n"),
        ("jdwi\x1b:wq\r", "one\nwords\nthree\n"),
        ("ihello \x1b:wq\r", "hello one\ntwo words\nthree\n"),
        ("A!\x1b:wq\r", "one!\ntwo words\nthree\n"),
        ("onew\x1b:wq\r", "one\nnew\ntwo words\nthree\n"),
        ("Onew\x1bZZ", "new\none\ntwo words\nthree\n"),
        ("yyp:x\r", "one\none\ntwo words\nthree\n"),
        ("Gdd:wq\r", "one\ntwo words\n"),
        ("/thr\rx:wq\r", "one\ntwo words\nhree\n"),
        ("2x:wq\r", "e\ntwo words\nthree\n"),
        ("ddu:wq\r", FILE),
        ("jcwTWO\x1b:wq\r", "one\nTWO words\nthree\n"),
        ("J:wq\r", "one two words\nthree\n"),
        ("rX:wq\r", "Xne\ntwo words\nthree\n"),
        ("jwD:wq\r", "one\ntwo \nthree\n"),
        (":%s/o/0/g\r:wq\r", "0ne\ntw0 w0rds\nthree\n"),
        (":2d\r:wq\r", "one\nthree\n"),
        ("ddp:wq\r", "two words\none\nthree\n"),
        ("iab\x7fc\x1b:wq\r", "acone\ntwo words\nthree\n"),
        ("iab\rcd\x1b:wq\r", "ab\ncdone\ntwo words\nthree\n"),
        ("x:q\r:q!\r", FILE),
        ("2dd:wq\r", "three\n"),
        ("j$x:wq\r", "one\ntwo word\nthree\n"),
        ("i\x1b[B\x1b[Cx\x1b:wq\r", "one\ntxwo words\nthree\n"),
    ],
)
async def test_keys_change_the_file(busybox: Callable, keys: str, content: str) -> None:
    busybox.write({"f": FILE})
    await busybox.run("vi", "f", stdin=keys)
    assert busybox.read("f") == content


async def test_a_new_file_is_written(busybox: Callable) -> None:
    await busybox.run("vi", "new", stdin="ihello\x1b:wq\r")
    assert busybox.read("new") == "hello\n"


async def test_the_screen_shows_the_text_and_the_status(busybox: Callable) -> None:
    busybox.write({"f": FILE})
    shown = (await busybox.run("vi", "f", stdin=":q\r")).text
    assert "two words" in shown
    assert '"f" 3L, 20C' in shown

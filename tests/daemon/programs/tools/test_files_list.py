"""ls arranges and colours names on a terminal, and dates them by their age."""

from collections.abc import Callable


async def test_busybox_colours_by_itself(busybox: Callable) -> None:
    busybox.write({"d/": "", "f": ""})
    session = await busybox.on_terminal("ls")
    await session.sees("\x1b[1;34md\x1b[m  \x1b[0;0mf\x1b[m\r\n")


async def test_the_distributions_ls_does_not(gnu: Callable) -> None:
    gnu.write({"d/": "", "a b": ""})
    session = await gnu.on_terminal("ls")
    await session.sees("'a b'  d\r\n")


async def test_columns_fill_the_width(gnu: Callable) -> None:
    gnu.write({f"name{n:02d}": "" for n in range(12)})
    session = await gnu.on_terminal("ls", cols=40)
    await session.sees("name00  name03  name06  name09\r\nname01  name04  name07  name10\r\n")


async def test_a_long_line_has_everything(busybox: Callable) -> None:
    busybox.write({"f": "12345"})
    busybox.fs.utime("/work/f", 0, 1_600_000_000 * 10**9)
    busybox.fs.chown("/work/f", 1000, 12345)
    shown = (await busybox.run("ls", "-l", "f")).text
    assert shown == "-rw-r--r--    1 ann      12345            5 Sep 13  2020 f\n"


async def test_the_distributions_columns_are_as_wide_as_needed(gnu: Callable) -> None:
    gnu.write({"f": "12345", "g": "1"})
    for name in "fg":
        gnu.fs.utime(f"/work/{name}", 0, 1_600_000_000 * 10**9)
    assert (await gnu.run("ls", "-l")).text.splitlines()[1:] == [
        "-rw-r--r-- 1 root root 5 Sep 13  2020 f",
        "-rw-r--r-- 1 root root 1 Sep 13  2020 g",
    ]


async def test_devices_show_their_numbers(busybox: Callable) -> None:
    assert "1,   3" in (await busybox.run("ls", "-l", "/dev/null")).text


async def test_sizes_for_people(gnu: Callable) -> None:
    gnu.write({"f": b"x" * 1536})
    assert " 1.5K " in (await gnu.run("ls", "-lh", "f")).text

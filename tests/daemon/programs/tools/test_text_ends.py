"""tail follows files that grow, shrink and are replaced."""

import os
from collections.abc import Callable


async def _following(box: Callable, *argv: str) -> bytearray:
    out = bytearray()
    await box.start("tail", *argv, out=out)
    return out


def _append(box: Callable, path: str, text: str) -> None:
    file = box.fs.open(f"/work/{path}", os.O_WRONLY | os.O_APPEND)
    file.append(text.encode())
    file.close()


async def test_what_is_appended_appears(busybox: Callable) -> None:
    busybox.write({"log": "1\n2\n"})
    out = await _following(busybox, "-n", "1", "-f", "log")
    await busybox.until(lambda: out == b"2\n")
    _append(busybox, "log", "3\n")
    await busybox.until(lambda: out == b"2\n3\n")


async def test_a_truncated_file_is_read_from_its_beginning(gnu: Callable) -> None:
    gnu.write({"log": "long old text\n"})
    out = await _following(gnu, "-f", "log")
    await gnu.until(lambda: out)
    gnu.write({"log": "new\n"})
    await gnu.until(lambda: out.endswith(b"new\n"))


async def test_by_name_a_new_file_of_that_name_is_followed(busybox: Callable) -> None:
    busybox.write({"log": "old\n"})
    out = await _following(busybox, "-F", "log")
    await busybox.until(lambda: out == b"old\n")
    busybox.fs.rename("/work/log", "/work/log.1")
    busybox.write({"log": "fresh\n"})
    await busybox.until(lambda: out == b"old\nfresh\n")


async def test_several_files_have_headers(busybox: Callable) -> None:
    busybox.write({"a": "1\n", "b": "2\n"})
    assert (await busybox.run("tail", "a", "b")).text == "==> a <==\n1\n\n==> b <==\n2\n"


async def test_the_end_of_a_long_file_is_found_from_behind(busybox: Callable) -> None:
    busybox.write({"big": b"line\n" * 200_000 + b"last\n"})
    assert (await busybox.run("tail", "-n", "2", "big")).text == "line\nlast\n"
    assert busybox.machine.memory.peak < 4 << 20


async def test_head_leaves_the_rest_of_stdin_to_the_next_reader(busybox: Callable) -> None:
    busybox.write({"f": "1\n2\n3\n"})
    result = await busybox.run("sh", "-c", "{ head -n 1; cat; } < f")
    assert result.text == "1\n2\n3\n"

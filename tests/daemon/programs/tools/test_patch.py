"""What diff -u says, patch does and undoes."""

from collections.abc import Callable

OLD = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
NEW = "1\n2\nthree\n4\n5\n6\n7\n8\n9\nten\n"


async def test_a_diff_is_applied_and_reversed(busybox: Callable) -> None:
    busybox.write({"a": OLD, "b": NEW})
    difference = (await busybox.run("diff", "-u", "a", "b")).text
    result = await busybox.run("patch", "a", stdin=difference)
    assert (result.code, result.text) == (0, "patching file a\n")
    assert busybox.read("a") == NEW
    assert (await busybox.run("patch", "-R", "a", stdin=difference)).code == 0
    assert busybox.read("a") == OLD


async def test_a_hunk_is_found_where_lines_have_moved(busybox: Callable) -> None:
    busybox.write({"a": OLD, "b": NEW})
    difference = (await busybox.run("diff", "-u", "a", "b")).text
    busybox.write({"a": "0\n0\n" + OLD})
    assert (await busybox.run("patch", "a", stdin=difference)).code == 0
    assert busybox.read("a") == "0\n0\n" + NEW


async def test_a_hunk_that_fits_nowhere_fails(busybox: Callable) -> None:
    busybox.write({"a": OLD, "b": NEW, "c": "x\n"})
    difference = (await busybox.run("diff", "-u", "a", "b")).text
    result = await busybox.run("patch", "c", stdin=difference)
    assert result.code == 1
    assert "FAILED" in result.text
    assert busybox.read("c") == "x\n"


async def test_p_strips_folders_and_a_new_file_is_made(gnu: Callable) -> None:
    text = "--- /dev/null\n+++ b/sub/new\n@@ -0,0 +1,2 @@\n+one\n+two\n"
    assert (await gnu.run("patch", "-p1", stdin=text)).code == 0
    assert gnu.read("sub/new") == "one\ntwo\n"

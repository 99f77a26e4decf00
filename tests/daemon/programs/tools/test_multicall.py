"""busybox finds its applets by argv[0] or by its first operand."""

from collections.abc import Callable


async def test_the_operand_names_the_applet(busybox: Callable) -> None:
    assert (await busybox.run("busybox", "echo", "hi")).text == "hi\n"


async def test_the_shell_is_an_applet(busybox: Callable) -> None:
    assert (await busybox.run("busybox", "sh", "-c", "echo $0 $1", "a", "b")).text == "a b\n"


async def test_an_unknown_applet_is_not_found(busybox: Callable) -> None:
    result = await busybox.run("busybox", "nosuch")
    assert (result.code, result.complaint) == (127, "nosuch: applet not found\n")


async def test_the_list_has_what_people_type(busybox: Callable) -> None:
    listed = (await busybox.run("busybox", "--list")).text.split()
    assert {"ls", "sh", "awk", "vi", "tar", "[", "test"} <= set(listed)
    assert listed == sorted(listed)


async def test_install_makes_links(busybox: Callable) -> None:
    busybox.fs.mkdir("/links")
    await busybox.run("busybox", "--install", "-s", "/links")
    assert busybox.fs.readlink("/links/ls") == "/bin/busybox"

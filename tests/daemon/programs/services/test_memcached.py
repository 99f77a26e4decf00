"""memcached's text protocol."""

import pytest

from tests.daemon.programs.network import Lan


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("set k 5 0 2\r\nhi\r\nget k\r\n", "STORED\r\nVALUE k 5 2\r\nhi\r\nEND\r\n"),
        ("get nothing\r\n", "END\r\n"),
        ("set n 0 0 1\r\n9\r\nincr n 2\r\ndecr n 20\r\n", "STORED\r\n11\r\n0\r\n"),
        (
            "add k 0 0 1\r\na\r\nadd k 0 0 1\r\nb\r\nappend k 0 0 1\r\nc\r\nget k\r\n",
            "STORED\r\nNOT_STORED\r\nSTORED\r\nVALUE k 0 2\r\nac\r\nEND\r\n",
        ),
        ("set k 0 0 1 noreply\r\na\r\ndelete k\r\ndelete k\r\n", "DELETED\r\nNOT_FOUND\r\n"),
        ("nosuch\r\nset k\r\n", "ERROR\r\nCLIENT_ERROR bad command line format\r\n"),
    ],
)
async def test_commands(lan: Lan, typed: str, answer: str) -> None:
    cache = lan.container("cache", bin_memcached="memcached/memcached")
    client = lan.container("client", bin_nc="busybox/nc")
    await cache.start("memcached")
    await client.run("nc", "-w", "5", "cache", "11211", stdin=b"quit\r\n")
    assert (await client.run("nc", "cache", "11211", stdin=f"{typed}quit\r\n".encode()))[
        1
    ] == answer

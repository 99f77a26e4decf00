"""Sockets: private, replaced when stale, refused when live."""

import os
import socket
import stat
from pathlib import Path

import aiohttp
import pytest

from daemon.app import Daemon
from daemon.config import Config
from daemon.server.listener import ListenError, bind_unix


def test_a_socket_is_its_owners_alone(tmp_path: Path) -> None:
    with bind_unix(f"{tmp_path}/s"):
        assert stat.S_IMODE(os.stat(tmp_path / "s").st_mode) == 0o600


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    bind_unix(f"{tmp_path}/s").close()
    with bind_unix(f"{tmp_path}/s") as listening:
        listening.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{tmp_path}/s")


async def test_a_live_socket_is_refused(tmp_path: Path) -> None:
    host = f"unix://{tmp_path}/s"
    first, second = Daemon(Config(hosts=[host])), Daemon(Config(hosts=[host]))
    await first.start()
    with pytest.raises(ListenError, match="another daemon is listening there"):
        await second.start()
    assert (tmp_path / "s").exists()
    await first.close()
    assert not (tmp_path / "s").exists()


def test_another_file_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(ListenError, match="there is a file of another kind"):
        bind_unix(f"{tmp_path}/s")
    assert (tmp_path / "s").read_text() == "precious"


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match="at most 103 bytes"):
        bind_unix(f"{tmp_path}/{'x' * 120}")


async def test_listens_on_several_hosts_and_on_loopback_only(tmp_path: Path) -> None:
    daemon = Daemon(Config(hosts=[f"unix://{tmp_path}/s", "tcp://127.0.0.1:0"]))
    await daemon.start()
    assert [host.partition(":")[0] for host in daemon.hosts] == ["unix", "tcp"]
    await daemon.close()
    with pytest.raises(ListenError, match="--allow-remote"):
        await Daemon(Config(hosts=["tcp://0.0.0.0:0"])).start()


async def test_a_web_page_may_not_ask_over_tcp() -> None:
    daemon = Daemon(Config(hosts=["tcp://127.0.0.1:0"]))
    await daemon.start()
    url = daemon.hosts[0].replace("tcp", "http")
    async with aiohttp.ClientSession(url) as session:
        async with session.get("/info", headers={"Origin": "http://evil.example"}) as reply:
            assert reply.status == 403
        async with session.get("/info") as reply:
            assert reply.status == 200
    await daemon.close()

"""Bind mounts: live both ways, made when -v asks, refused when --mount does."""

import stat
from pathlib import Path

from tests.behaviour.boxes import Boxes


async def test_edits_are_seen_both_ways(boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("host\n")
    box = await boxes.run("top", HostConfig={"Binds": [f"{tmp_path}:/x"]})
    assert await box.exec("cat", "/x/f") == (0, "host\n")
    (tmp_path / "f").write_text("edited\n")
    assert await box.exec("cat", "/x/f") == (0, "edited\n")
    await box.exec("sh", "-c", "echo inside > /x/g")
    assert (tmp_path / "g").read_text() == "inside\n"


async def test_read_only_is_honoured(boxes: Boxes, tmp_path: Path) -> None:
    box = await boxes.run("top", HostConfig={"Binds": [f"{tmp_path}:/x:ro"]})
    code, text = await box.exec("touch", "/x/f")
    assert (code, text) == (1, "touch: /x/f: Read-only file system\n")
    assert not (tmp_path / "f").exists()


async def test_a_missing_source_is_made(boxes: Boxes, tmp_path: Path) -> None:
    source = tmp_path / "a" / "b"
    box = await boxes.create("true", HostConfig={"Binds": [f"{source}:/x"]})
    await box.start()
    assert source.is_dir()


async def test_a_mount_of_a_missing_source_is_refused(boxes: Boxes, tmp_path: Path) -> None:
    source = tmp_path / "nosuch"
    mount = {"Type": "bind", "Source": str(source), "Target": "/x"}
    body = {"Image": "busybox", "HostConfig": {"Mounts": [mount]}}
    answer = await boxes.docker.post("/containers/create", body)
    text = f'invalid mount config for type "bind": bind source path does not exist: {source}'
    assert answer.refusal == (400, text)


async def test_a_single_file(boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / "conf").write_text("a=1\n")
    box = await boxes.run("top", HostConfig={"Binds": [f"{tmp_path / 'conf'}:/etc/app.conf"]})
    assert await box.exec("cat", "/etc/app.conf") == (0, "a=1\n")


async def test_a_folder_over_a_file_is_refused_by_runc(boxes: Boxes, tmp_path: Path) -> None:
    box = await boxes.create("true", HostConfig={"Binds": [f"{tmp_path}:/etc/passwd"]})
    status, text = await box.post("start")
    assert status == 400
    assert f'error mounting "{tmp_path}" to rootfs at "/etc/passwd"' in text
    assert (await box.state())["ExitCode"] == 127


async def test_a_symlink_leads_to_the_containers_file(boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / "absolute").symlink_to("/etc/hostname")
    (tmp_path / "relative").symlink_to("../../../../../../../../etc/hostname")
    box = await boxes.run("top", Hostname="inside", HostConfig={"Binds": [f"{tmp_path}:/x"]})
    for name in ("absolute", "relative"):
        assert await box.exec("cat", f"/x/{name}") == (0, "inside\n")


async def test_removal_leaves_the_host_alone(boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("kept")
    await boxes.run("top", HostConfig={"Binds": [f"{tmp_path}:/x"]})
    await boxes.docker.delete("/containers/box?force=1&v=1")
    assert (tmp_path / "f").read_text() == "kept"


async def test_modes_are_the_hosts(boxes: Boxes, tmp_path: Path) -> None:
    box = await boxes.run("top", HostConfig={"Binds": [f"{tmp_path}:/x"]})
    await box.exec("sh", "-c", "echo x > /x/f; chmod 600 /x/f")
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600

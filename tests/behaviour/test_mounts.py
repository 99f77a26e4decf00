"""Volumes, tmpfs, volumes of other containers and images as mounts."""

from tests.behaviour.boxes import Boxes


async def test_a_named_volume_outlives_its_container(boxes: Boxes) -> None:
    writer = await boxes.finished("sh", "-c", "echo kept > /d/f", HostConfig={"Binds": ["vol:/d"]})
    await boxes.docker.delete(f"/containers/{writer.name}?v=1")
    reader = await boxes.finished("cat", "/e/f", name="two", HostConfig={"Binds": ["vol:/e"]})
    assert await reader.output() == "kept\n"


async def test_an_empty_volume_takes_what_the_image_has_there(boxes: Boxes) -> None:
    await boxes.create("true", HostConfig={"Binds": ["vol:/etc"]})
    box = await boxes.finished("ls", "/v", name="two", HostConfig={"Binds": ["vol:/v"]})
    assert "passwd" in (await box.output()).split()


async def test_an_empty_part_of_a_volume_takes_it_too(boxes: Boxes) -> None:
    await boxes.finished("mkdir", "/v/sub", HostConfig={"Binds": ["vol:/v"]})
    part = {
        "Type": "volume",
        "Source": "vol",
        "Target": "/etc",
        "VolumeOptions": {"Subpath": "sub"},
    }
    await boxes.create("true", name="two", HostConfig={"Mounts": [part]})
    box = await boxes.finished("ls", "/v/sub", name="three", HostConfig={"Binds": ["vol:/v"]})
    assert "passwd" in (await box.output()).split()


async def test_nocopy_leaves_it_empty(boxes: Boxes) -> None:
    binds = ["vol:/var/spool:nocopy"]
    box = await boxes.finished("ls", "/var/spool", HostConfig={"Binds": binds})
    assert await box.output() == ""


async def test_a_volume_for_reading_only(boxes: Boxes) -> None:
    box = await boxes.finished("touch", "/v/f", HostConfig={"Binds": ["vol:/v:ro"]})
    assert await box.output() == "touch: /v/f: Read-only file system\n"


async def test_volumes_of_another_container(boxes: Boxes) -> None:
    await boxes.finished("sh", "-c", "echo x > /v/f", name="one", Volumes={"/v": {}})
    box = await boxes.finished("cat", "/v/f", name="two", HostConfig={"VolumesFrom": ["one"]})
    assert await box.output() == "x\n"
    readonly = {"VolumesFrom": ["one:ro"]}
    refused = await boxes.finished("touch", "/v/g", name="three", HostConfig=readonly)
    assert await refused.output() == "touch: /v/g: Read-only file system\n"


async def test_a_tmpfs_is_new_each_time(boxes: Boxes) -> None:
    command = ("sh", "-c", "ls /t; echo x > /t/f; mount | grep ' /t '")
    box = await boxes.finished(*command, HostConfig={"Tmpfs": {"/t": "size=1m,mode=700"}})
    line = "tmpfs on /t type tmpfs (rw,nosuid,nodev,noexec,relatime,size=1024k,mode=700)\n"
    assert await box.output() == line
    await box.start()
    await box.wait()
    assert await box.output() == line * 2


async def test_a_tmpfs_is_no_larger_than_it_may_be(boxes: Boxes) -> None:
    mount = {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 4096}}
    box = await boxes.finished(
        "sh", "-c", "head -c 100000 /dev/zero > /t/f; wc -c < /t/f", HostConfig={"Mounts": [mount]}
    )
    assert "No space left on device" in await box.output()


async def test_a_part_of_a_volume(boxes: Boxes) -> None:
    await boxes.finished("mkdir", "/v/sub", name="one", HostConfig={"Binds": ["vol:/v"]})
    mount = {
        "Type": "volume",
        "Source": "vol",
        "Target": "/s",
        "VolumeOptions": {"Subpath": "sub"},
    }
    box = await boxes.finished("touch", "/s/f", name="two", HostConfig={"Mounts": [mount]})
    assert (await box.state())["ExitCode"] == 0
    look = await boxes.finished("ls", "/v/sub", name="three", HostConfig={"Binds": ["vol:/v"]})
    assert await look.output() == "f\n"


async def test_a_part_that_is_not_there(boxes: Boxes) -> None:
    mount = {"Type": "volume", "Source": "vol", "Target": "/s", "VolumeOptions": {"Subpath": "no"}}
    box = await boxes.create("true", HostConfig={"Mounts": [mount]})
    path = "/var/lib/docker/volumes/vol/_data/no"
    text = f"cannot access path {path}: lstat {path}: no such file or directory"
    assert await box.post("start") == (404, text)


async def test_an_image_as_a_mount(boxes: Boxes) -> None:
    mount = {"Type": "image", "Source": "busybox", "Target": "/image"}
    box = await boxes.finished(
        "sh",
        "-c",
        "cat /image/etc/passwd | head -c 5; touch /image/f",
        HostConfig={"Mounts": [mount]},
    )
    assert sorted(await box.logs()) == [
        (1, "root:"),
        (2, "touch: /image/f: Read-only file system\n"),
    ]


async def test_inner_mounts_lie_inside_outer_ones(boxes: Boxes) -> None:
    binds = ["inner:/a/b", "outer:/a"]
    box = await boxes.finished("sh", "-c", "echo i > /a/b/f; ls /a", HostConfig={"Binds": binds})
    assert await box.output() == "b\n"
    look = await boxes.finished("cat", "/v/f", name="two", HostConfig={"Binds": ["inner:/v"]})
    assert await look.output() == "i\n"

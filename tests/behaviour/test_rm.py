"""DELETE /containers/{name} and POST /containers/prune."""

import asyncio

from tests.behaviour.boxes import Boxes


async def test_an_unknown_container(boxes: Boxes) -> None:
    for query in ("", "?force=1"):
        answer = await boxes.docker.delete(f"/containers/nosuch{query}")
        assert answer.refusal == (404, "No such container: nosuch")


async def test_a_name_of_its_own_is_no_link(boxes: Boxes) -> None:
    await boxes.create("true")
    answer = await boxes.docker.delete("/containers/box?link=1")
    assert answer.refusal == (500, "Conflict, cannot remove the default link name of the container")


async def test_anonymous_volumes_go_with_v(boxes: Boxes) -> None:
    box = await boxes.create("true", Volumes={"/a": {}}, HostConfig={"Binds": ["named:/n"]})
    [anonymous] = [m["Name"] for m in (await box.inspect())["Mounts"] if m["Name"] != "named"]
    await boxes.docker.delete("/containers/box?v=1")
    assert (await boxes.docker.get("/volumes/named")).status == 200
    assert (await boxes.docker.get(f"/volumes/{anonymous}")).status == 404


async def test_without_v_they_stay(boxes: Boxes) -> None:
    box = await boxes.create("true", Volumes={"/a": {}})
    [mount] = (await box.inspect())["Mounts"]
    await boxes.docker.delete("/containers/box")
    assert (await boxes.docker.get(f"/volumes/{mount['Name']}")).status == 200


async def test_a_volume_in_use_is_not_removed(boxes: Boxes) -> None:
    box = await boxes.create("true", HostConfig={"Binds": ["named:/n"]})
    answer = await boxes.docker.delete("/volumes/named")
    assert answer.refusal == (409, f"remove named: volume is in use - [{box.id}]")


async def test_prune_takes_what_does_not_run(boxes: Boxes) -> None:
    await boxes.run("top", name="up")
    done = await boxes.finished("true", name="done")
    made = await boxes.create("true", name="made")
    answer = await boxes.docker.post("/containers/prune")
    assert sorted(answer.json["ContainersDeleted"]) == sorted([done.id, made.id])
    assert [entry["Names"] for entry in await boxes.listed()] == [["/up"]]


async def test_prune_by_label(boxes: Boxes) -> None:
    await boxes.create("true", name="one", Labels={"k": "v"})
    kept = await boxes.create("true", name="two")
    await boxes.docker.post('/containers/prune?filters={"label":["k"]}')
    assert [entry["Id"] for entry in await boxes.listed()] == [kept.id]


async def test_prune_with_nothing_to_do(boxes: Boxes) -> None:
    answer = await boxes.docker.post("/containers/prune")
    assert answer.json == {"ContainersDeleted": None, "SpaceReclaimed": 0}


async def test_prune_refuses(boxes: Boxes) -> None:
    answer = await boxes.docker.post('/containers/prune?filters={"until":["x"]}')
    assert answer.refusal == (400, 'failed to parse value as time or duration: "x"')


async def test_a_restart_of_one_that_removes_itself(boxes: Boxes) -> None:
    box = await boxes.run("top", HostConfig={"AutoRemove": True})
    assert await box.post("restart") == (204, "")
    assert await box.status() == "running"
    gone = asyncio.create_task(box.wait("removed"))
    await box.status()
    await box.post("kill")
    assert await gone == 137

"""GET /containers/json: order, filters, sizes and the Status column, as on Engine 28.5.2."""

from typing import Any

import pytest

from tests.behaviour.boxes import Boxes


async def names(boxes: Boxes, query: str = "all=1", **filters: list[str]) -> list[str]:
    return [entry["Names"][0].removeprefix("/") for entry in await boxes.listed(query, **filters)]


async def three(boxes: Boxes) -> None:
    await boxes.create("true", name="first", Labels={"a": "1"})
    await boxes.finished("sh", "-c", "exit 3", name="second", Labels={"a": "2"}, Volumes={"/v": {}})
    await boxes.run("top", name="third", ExposedPorts={"80/tcp": {}})


async def test_the_newest_first(boxes: Boxes) -> None:
    await three(boxes)
    assert await names(boxes) == ["third", "second", "first"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", ["third"]), ("all=0", ["third"]), ("all=false", ["third"]), ("all=none", ["third"]),
     ("all=yes", ["third", "second", "first"]), ("limit=2", ["third", "second"]),
     ("limit=-1", ["third"]), ("limit=0", ["third"])],
)  # fmt: skip
async def test_how_many(boxes: Boxes, query: str, expected: list[str]) -> None:
    await three(boxes)
    assert await names(boxes, query) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"name": ["ir"]}, ["third", "first"]),
        ({"name": ["^/first$"]}, ["first"]),
        ({"name": ["^first$"]}, ["first"]),
        ({"name": ["["]}, []),
        ({"label": ["a"]}, ["second", "first"]),
        ({"label": ["a=2"]}, ["second"]),
        ({"label": ["a", "b"]}, []),
        ({"status": ["created"]}, ["first"]),
        ({"status": ["exited", "running"]}, ["third", "second"]),
        ({"exited": ["3"]}, ["second"]),
        ({"exited": ["0"]}, []),
        ({"id": [""]}, []),
        ({"id": ["."]}, []),
        ({"network": [""]}, ["third", "second", "first"]),
        ({"before": ["third"]}, ["second", "first"]),
        ({"since": ["first"]}, ["third", "second"]),
        ({"ancestor": ["busybox"]}, ["third", "second", "first"]),
        ({"ancestor": ["nosuch"]}, []),
        ({"network": ["bridge"]}, ["third", "second", "first"]),
        ({"network": ["brid"]}, []),
        ({"volume": ["/v"]}, ["second"]),
        ({"health": ["none"]}, ["third", "second", "first"]),
        ({"health": ["healthy"]}, []),
        ({"expose": ["80"]}, ["third"]),
        ({"expose": ["70-90/tcp"]}, ["third"]),
        ({"publish": ["80"]}, []),
        ({"is-task": ["true"]}, []),
    ],
)  # fmt: skip
async def test_a_filter(boxes: Boxes, filters: dict[str, list[str]], expected: list[str]) -> None:
    await three(boxes)
    assert await names(boxes, **filters) == expected


@pytest.mark.parametrize(
    ("filters", "status", "text"),
    [
        ({"foo": ["x"]}, 400, "invalid filter 'foo'"),
        ({"status": ["foo"]}, 400, "invalid filter 'status=foo': invalid value for state (foo): must be one of created, running, paused, restarting, removing, exited, dead"),
        ({"health": ["foo"]}, 400, "invalid filter 'health=foo': invalid value for health (foo): must be one of none, starting, healthy, unhealthy"),
        ({"exited": ["x"]}, 400, "invalid filter 'exited=x': strconv.Atoi: parsing \"x\": invalid syntax"),
        ({"before": ["nosuch"]}, 404, "No such container: nosuch"),
        ({"is-task": ["x"]}, 400, "invalid filter 'is-task=[x]'"),
        ({"publish": ["99999"]}, 500, 'error while looking up for publish 99999: strconv.ParseUint: parsing "99999": value out of range'),
        ({"publish": [""]}, 500, "error while looking up for publish : Empty string specified for ports."),
        ({"expose": ["90-70"]}, 500, "error while looking up for expose 90-70: Invalid range specified for the Port: 90-70"),
        ({"publish": ["x"]}, 500, 'error while looking up for publish x: strconv.ParseUint: parsing "x": invalid syntax'),
    ],
)  # fmt: skip
async def test_a_filter_that_is_refused(
    boxes: Boxes, filters: dict[str, list[str]], status: int, text: str
) -> None:
    answer = await boxes.docker.get("/containers/json", **filters)
    assert answer.refusal == (status, text)


async def test_an_id_is_a_prefix_that_fits_one_container_alone(boxes: Boxes) -> None:
    ids = [entry["Id"] for entry in await boxes.listed()]
    while len({identity[0] for identity in ids}) == len(ids):
        ids.append((await boxes.create("true", name=f"box{len(ids)}")).id)
    doubled = ids[-1]
    assert await boxes.listed(id=[doubled[0]]) == []
    assert [entry["Id"] for entry in await boxes.listed(id=[doubled[:20]])] == [doubled]
    assert await boxes.listed(id=[doubled[1:20]]) == []


async def test_both_json_forms_of_filters(boxes: Boxes) -> None:
    await three(boxes)
    answer = await boxes.docker.get('/containers/json?filters={"status":{"created":true}}')
    assert [entry["Names"] for entry in answer.json] == [["/first"]]


async def test_an_entry(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "exit 3", Labels={"k": "v"})
    [entry] = await boxes.listed()
    assert entry["Command"] == "sh -c 'exit 3'"
    assert (entry["State"], entry["Status"]) == ("exited", "Exited (3) Less than a second ago")
    assert (entry["Id"], entry["Names"], entry["Labels"]) == (box.id, ["/box"], {"k": "v"})
    assert "SizeRw" not in entry
    assert "SizeRootFs" not in entry


async def test_sizes(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "printf 12345 > /f")
    [entry] = await boxes.listed("all=1&size=1")
    assert entry["SizeRw"] == 5
    shown = (await boxes.docker.get("/containers/box/json?size=1")).json
    assert (shown["SizeRw"], shown["SizeRootFs"]) == (5, entry["SizeRootFs"])
    assert "SizeRw" not in await box.inspect()


async def test_the_name_of_an_image_that_went_elsewhere(boxes: Boxes) -> None:
    await boxes.create("true")
    [entry] = await boxes.listed()
    await boxes.docker.post("/images/busybox/tag?repo=other&tag=1")
    await boxes.docker.delete("/images/busybox:latest")
    [after] = await boxes.listed()
    assert (entry["Image"], after["Image"]) == ("busybox", entry["ImageID"])


async def test_published_ports(boxes: Boxes) -> None:
    config: dict[str, Any] = {
        "ExposedPorts": {"80/tcp": {}, "81/udp": {}},
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1"}]}},
    }
    await boxes.run("top", **config)
    [entry] = await boxes.listed()
    [published, exposed] = entry["Ports"]
    assert (published["IP"], published["PrivatePort"], published["Type"]) == (
        "127.0.0.1",
        80,
        "tcp",
    )
    assert 32768 <= published["PublicPort"] <= 60999
    assert exposed == {"PrivatePort": 81, "Type": "udp"}


async def test_containers_made_alike_keep_what_is_their_own(boxes: Boxes) -> None:
    for name in ("one", "two"):
        await boxes.create("true", name=name, Labels={"same": "1"})
    await boxes.create("true", name="other", Labels={"same": "2"})
    other, two, one = await boxes.listed("all=1")
    assert [entry["Names"] for entry in (one, two, other)] == [["/one"], ["/two"], ["/other"]]
    assert one["Id"] != two["Id"]
    assert other["Labels"] == {"same": "2"}
    own = ("Id", "Names", "Created", "Status")
    assert {k: v for k, v in one.items() if k not in own} == {
        k: v for k, v in two.items() if k not in own
    }

"""Renaming, and finding by name, id and the start of an id."""

import pytest

from tests.behaviour.boxes import Boxes

ALLOCATING = "Error when allocating new name: "


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("", 400, "Neither old nor new names may be empty"),
        ("/", 400, f"{ALLOCATING}Invalid container name (/), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
        ("box", 400, "Renaming a container with the same name as its current name"),
        ("a!", 400, f"{ALLOCATING}Invalid container name (/a!), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
        ("x", 400, f"{ALLOCATING}Invalid container name (/x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
    ],
)  # fmt: skip
async def test_refuses(boxes: Boxes, name: str, status: int, text: str) -> None:
    box = await boxes.create("true")
    assert await box.post(f"rename?name={name}") == (status, text)


async def test_a_name_that_is_taken(boxes: Boxes) -> None:
    box = await boxes.create("true")
    other = await boxes.create("true", name="other")
    text = (
        f'{ALLOCATING}Conflict. The container name "/other" is already in use by container "{other.id}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )
    assert await box.post("rename?name=other") == (409, text)
    again = await boxes.docker.post("/containers/create?name=box", {"Image": "busybox"})
    assert again.message == text.removeprefix(ALLOCATING).replace("other", "box").replace(
        other.id, box.id
    )


async def test_the_old_name_is_free_again(boxes: Boxes) -> None:
    box = await boxes.create("true")
    assert await box.post("rename?name=/other") == (204, "")
    assert (await box.inspect())["Name"] == "/other"
    await boxes.create("true")


async def test_found_by_the_start_of_its_id(boxes: Boxes) -> None:
    box = await boxes.create("true")
    for reference in (box.id, box.id[:12], box.id[:3], "box"):
        assert (await boxes.docker.get(f"/containers/{reference}/json")).json["Id"] == box.id


async def test_an_ambiguous_start(boxes: Boxes) -> None:
    made = [await boxes.create("true", name=f"box{number}") for number in range(17)]
    starts = [box.id[0] for box in made]
    start = next(letter for letter in starts if starts.count(letter) > 1)
    answer = await boxes.docker.get(f"/containers/{start}/json")
    assert answer.refusal == (400, f"multiple IDs found with provided prefix: {start}")


@pytest.mark.parametrize(
    ("verb", "status", "text"),
    [
        ("start", 404, "No such container: nosuch"),
        ("stop", 404, "No such container: nosuch"),
        ("kill", 404, "cannot kill container: nosuch: No such container: nosuch"),
        ("kill?signal=FOO", 400, "cannot kill container: nosuch: invalid signal: FOO"),
        ("rename?name=", 400, "Neither old nor new names may be empty"),
        ("rename?name=other", 404, "No such container: nosuch"),
    ],
)
async def test_a_container_that_is_not_there(
    boxes: Boxes, verb: str, status: int, text: str
) -> None:
    answer = await boxes.docker.post(f"/containers/nosuch/{verb}")
    assert answer.refusal == (status, text)

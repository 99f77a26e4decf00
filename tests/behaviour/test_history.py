"""docker history."""

from tests.behaviour.conftest import Client
from tests.behaviour.test_images import ALPINE_ID
from tests.behaviour.test_pull import pull


async def test_shows_the_steps_newest_first(docker: Client) -> None:
    await pull(docker, "alpine", "3.10")
    assert (await docker.get("/images/alpine:3.10/history")).json == [
        {
            "Comment": "buildkit.dockerfile.v0",
            "Created": 1618428005,
            "CreatedBy": 'CMD ["/bin/sh"]',
            "Id": ALPINE_ID,
            "Size": 0,
            "Tags": ["alpine:3.10"],
        },
        {
            "Comment": "buildkit.dockerfile.v0",
            "Created": 1618428005,
            "CreatedBy": "ADD alpine-minirootfs-3.10.9-x86_64.tar.gz / # buildkit",
            "Id": "<missing>",
            "Size": 9289,
            "Tags": None,
        },
    ]


async def test_sizes_add_up_to_the_images(docker: Client) -> None:
    await pull(docker, "httpd", "alpine")
    history = (await docker.get("/images/httpd:alpine/history")).json
    size = (await docker.get("/images/httpd:alpine/json")).json["Size"]
    assert sum(item["Size"] for item in history) == size


async def test_an_unknown_image_is_not_found(docker: Client) -> None:
    answer = await docker.get("/images/nosuch/history")
    assert answer.refusal == (404, "No such image: nosuch:latest")

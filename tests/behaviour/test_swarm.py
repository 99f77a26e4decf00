"""A node outside of any swarm, and without plugins. Asked of Engine 28.5.2."""

import pytest

from tests.behaviour.conftest import Client

NOT_A_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect '
    "this node to swarm and try again."
)


@pytest.mark.parametrize(
    "question",
    ["GET /swarm", "GET /nodes", "GET /services", "GET /tasks", "GET /secrets", "GET /configs/x",
     "POST /services/create", "DELETE /secrets/x", "POST /services/x/update?version=1",
     "GET /services/x/logs?stdout=1"],
)  # fmt: skip
async def test_is_no_manager(docker: Client, question: str) -> None:
    answer = await docker.ask(*question.split(" "))
    assert answer.refusal == (503, NOT_A_MANAGER)


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/swarm/leave", (503, "This node is not part of a swarm")),
        ("/swarm/init", (400, 'invalid ListenAddr "": invalid empty address')),
        ("/swarm/update", (400, "invalid swarm version '': strconv.ParseUint: parsing \"\": invalid syntax")),
        ("/secrets/x/update", (400, "invalid secret version")),
        ("/plugins/x/disable", (404, 'plugin "x" not found')),
        ("/plugins/x/enable", (500, 'strconv.Atoi: parsing "": invalid syntax')),
        ("/plugins/pull", (500, "invalid reference format")),
        ("/plugins/create", (500, "failed to parse reference : invalid reference format")),
    ],
)  # fmt: skip
async def test_refuses_to_change(docker: Client, path: str, refusal: tuple[int, str]) -> None:
    assert (await docker.post(path)).refusal == refusal


async def test_has_no_plugins(docker: Client) -> None:
    assert (await docker.get("/plugins")).json == []
    assert (await docker.get("/plugins/x/y/json")).refusal == (404, 'plugin "x/y" not found')

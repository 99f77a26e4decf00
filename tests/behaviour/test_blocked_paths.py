"""What is in the way of volumes and working directories when a container is made: texts of Engine 28.5.2."""

import re
from typing import Any

import pytest

from tests.behaviour.conftest import Client

NO_FOLDER = "source ROOT/etc/passwd is not directory"
OVER_FILE = "cannot mount volume over existing file, file exists ROOT"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"Volumes": {"/etc/passwd": {}}}, f"{OVER_FILE}/etc/passwd"),
        ({"Volumes": {"/etc/passwd/x": {}}}, "lstat ROOT/etc/passwd/x: not a directory"),
        ({"HostConfig": {"Binds": ["named:/etc/passwd"]}}, NO_FOLDER),
        ({"HostConfig": {"Mounts": [{"Type": "volume", "Target": "/etc/passwd"}]}}, NO_FOLDER),
        ({"Volumes": {"/etc/passwd": {}}, "HostConfig": {"Binds": ["named:/etc/passwd"]}}, NO_FOLDER),
        ({"WorkingDir": "/etc/passwd"}, "Cannot mkdir: /etc/passwd is not a directory"),
        ({"WorkingDir": "/etc/passwd/x/y"}, "lstat ROOT/etc/passwd/x: not a directory"),
    ],
)  # fmt: skip
async def test_a_file_is_in_the_way(docker: Client, body: dict[str, Any], refusal: str) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    answer = await docker.post("/containers/create", {"Image": "busybox", **body})
    masked = re.sub(r"/var/lib/docker/overlay2/[0-9a-f]{64}/merged", "ROOT", answer.message)
    assert (answer.status, masked) == (500, refusal)
    assert (await docker.get("/containers/json?all=1")).json == []

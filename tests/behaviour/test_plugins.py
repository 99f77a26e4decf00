"""docker plugin: made from a folder, listed, set, removed. Asked of Engine 28.5.2."""

import io
import json
import tarfile
from typing import Any

import pytest

from tests.behaviour.conftest import Client

CONFIG = {
    "description": "a test",
    "entrypoint": ["/dummy"],
    "interface": {"types": ["docker.volumedriver/1.0"], "socket": "dummy.sock"},
    "env": [{"name": "DEBUG", "settable": ["value"], "value": "0"}],
}


def archive(config: bytes | None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        if config is not None:
            member = tarfile.TarInfo("./config.json")
            member.size = len(config)
            tar.addfile(member, io.BytesIO(config))
    return out.getvalue()


async def create(docker: Client, name: str, body: bytes) -> Any:
    return await docker.ask("POST", f"/plugins/create?name={name}", body)


async def test_is_made_listed_set_and_removed(docker: Client) -> None:
    made = await create(docker, "test/dummy", archive(json.dumps(CONFIG).encode()))
    assert (made.status, made.body) == (204, b"")
    shown = (await docker.get("/plugins/test/dummy/json")).json
    assert (shown["Name"], shown["Enabled"]) == ("test/dummy:latest", False)
    assert shown["Config"]["Entrypoint"] == ["/dummy"]
    assert shown["Settings"]["Env"] == ["DEBUG=0"]
    assert (await docker.get("/plugins", capability=["volumedriver"])).json == [shown]
    assert (await docker.get("/plugins", enabled=["true"])).json == []
    assert (await docker.post("/plugins/test/dummy/set", ["DEBUG=1"])).status == 204
    shown = (await docker.get("/plugins/test/dummy/json")).json
    assert shown["Settings"]["Env"] == ["DEBUG=1"]
    assert (await docker.delete("/plugins/test/dummy")).status == 200
    assert (await docker.get("/plugins")).json == []


async def test_refuses_to_be_made(docker: Client) -> None:
    assert (await create(docker, "", b"")).refusal == (
        500,
        "failed to parse reference : invalid reference format",
    )
    assert (await create(docker, "a/b", b"x")).refusal == (500, "config not found")
    assert (await create(docker, "a/b", archive(None))).refusal == (500, "config not found")
    broken = await create(docker, "a/b", archive(b'{"x":'))
    assert broken.refusal == (500, "failed to parse config: unexpected end of JSON input")
    await create(docker, "a/b", archive(b"{}"))
    again = await create(docker, "a/b", archive(b"{}"))
    assert again.refusal == (409, "plugin a/b:latest already exists")


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("set", ["NOPE=1"], (500, 'setting "NOPE" not found in the plugin configuration')),
        ("set", {}, (400, "invalid JSON: json: cannot unmarshal object into Go value of type []string")),
        ("disable", None, (409, "plugin is already disabled: plugin a/b:latest found but disabled")),
        ("enable?timeout=1", None, (501, "mockerd does not run plugins")),
    ],
)  # fmt: skip
async def test_refuses_to_change(
    docker: Client, path: str, body: Any, refusal: tuple[int, str]
) -> None:
    await create(docker, "a/b", archive(b"{}"))
    assert (await docker.post(f"/plugins/a/b/{path}", body)).refusal == refusal

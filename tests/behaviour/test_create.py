"""POST /containers/create: three hundred requests, and what Engine 28.5.2 answered, showed and listed."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import Boxes
from tests.behaviour.conftest import Client
from tests.tars import tar_of

ROWS = Path(__file__).with_name("create_table.jsonl").read_text()
TABLE = [json.loads(line) for line in ROWS.splitlines()]
NETWORK = {"Name": "net", "IPAM": {"Config": [{"Subnet": "10.89.3.0/24"}]}}
# Where one of dockerd's records lies inside the others.
INNER = {("Config",), ("HostConfig",), ("NetworkSettings",)}
SHOWN = [
    "Path",
    "Args",
    "Config",
    "HostConfig",
    "Mounts",
    "NetworkSettings",
    "Name",
    "Image",
    "Platform",
    "AppArmorProfile",
    "MountLabel",
    "ProcessLabel",
]


def flat(record: dict[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and (*path, key) in INNER:
            found |= flat(value, (*path, key))
        else:
            found[".".join((*path, key))] = value
    return found


def expected(row: dict[str, Any], what: str) -> dict[str, Any]:
    """The plain container's record with this row's differences."""
    missing = row.get("without" if what == "inspect" else "list_without", [])
    shown = flat(TABLE[0][what]) | row[what]
    return {key: value for key, value in shown.items() if key not in missing}


def generalised(record: Any, container: dict[str, Any], named: bool) -> Any:
    """With what is drawn at random replaced by words."""
    text = (
        json.dumps(record).replace(container["Id"], "{id}").replace(container["Id"][:12], "{short}")
    )
    if not named:
        text = text.replace(container["Name"], "/{name}")
    if container["Image"]:
        text = text.replace(container["Image"], "{image}")
    return json.loads(re.sub(r"[0-9a-f]{64}", "{hex}", text))


async def answer_of(docker: Client, row: dict[str, Any], folder: Path) -> dict[str, Any]:
    request = json.loads(json.dumps(row["request"]).replace("{folder}", str(folder)))
    created = await docker.post(f"/containers/create{row['query']}", request)
    if created.status != 201:
        return {"status": created.status, "message": created.message}
    container_id = created.json["Id"]
    inspected = (await docker.get(f"/containers/{container_id}/json")).json
    filters = quote(json.dumps({"id": [container_id]}))
    listed = (await docker.get(f"/containers/json?all=1&filters={filters}")).json[0]
    await docker.delete(f"/containers/{container_id}?v=1&force=1")
    shown = {key: inspected[key] for key in SHOWN}
    entry = {key: value for key, value in listed.items() if key not in ("Id", "Created", "ImageID")}
    named = "name=" in row["query"]
    return {
        "status": 201,
        "warnings": created.json["Warnings"],
        "inspect": flat(generalised(shown, inspected, named)),
        "list": flat(generalised(entry, inspected, named)),
    }


def wanted_of(row: dict[str, Any], folder: Path) -> dict[str, Any]:
    if row["status"] != 201:
        wanted = {"status": row["status"], "message": row["message"]}
    else:
        wanted = {
            "status": 201,
            "warnings": row["warnings"],
            "inspect": expected(row, "inspect"),
            "list": expected(row, "list"),
        }
    text: dict[str, Any] = json.loads(json.dumps(wanted).replace("{folder}", str(folder)))
    return text


async def test_answers_shows_and_lists_as_the_engine_does(
    docker: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    await docker.post("/networks/create", NETWORK)
    different = {}
    for row in TABLE[1:]:
        answer, wanted = await answer_of(docker, row, tmp_path), wanted_of(row, tmp_path)
        if answer != wanted:
            different[row["name"]] = _difference(answer, wanted)
    assert different == {}


def _difference(answer: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    keys = answer.keys() | wanted.keys()
    return {
        key: (answer.get(key), wanted.get(key))
        for key in keys
        if answer.get(key) != wanted.get(key)
    }


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine that was asked had two; limits are refused by their number."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)


async def test_a_container_without_a_config_is_refused(docker: Client) -> None:
    answer = await docker.post("/containers/create", {"HostConfig": {}})
    assert answer.refusal == (400, "config cannot be empty in order to create a container")


async def test_keys_in_any_case_are_understood(docker: Client) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    body = {"image": "busybox", "hostconfig": {"memory": 67108864}}
    created = await docker.post("/containers/create", body)
    inspected = await docker.get(f"/containers/{created.json['Id']}/json")
    assert inspected.json["HostConfig"]["Memory"] == 67108864


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"HostConfig": {"Memory": "64"}}, "string into Go struct field .HostConfig.Memory of type int64"),
        ({"Cmd": 5}, "number into Go value of type string"),
        ({"Env": [1]}, "number into .Env.0 of type string"),
        ({"Labels": {"a": 1}}, "number into Go struct field .Labels.a of type string"),
        ({"ExposedPorts": ["80"]}, "array into Go struct field .ExposedPorts of type nat.PortSet"),
        ({"StopTimeout": 1.5}, "number 1.5 into Go struct field .StopTimeout of type int"),
        ({"HostConfig": {"Ulimits": [5]}}, "number into .HostConfig.Ulimits.0 of type units.Ulimit"),
        ({"HostConfig": {"ConsoleSize": [-1, 2]}}, "number -1 into .HostConfig.ConsoleSize.0 of type uint"),
        ({"HostConfig": {"BlkioWeight": 70000}}, "number 70000 into Go struct field .HostConfig.BlkioWeight of type uint16"),
        ({"NetworkingConfig": {"EndpointsConfig": {"a": 5}}}, "number into Go struct field .NetworkingConfig.EndpointsConfig.a of type network.EndpointSettings"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_a_type_is_refused_in_gos_words(
    docker: Client, body: dict[str, Any], text: str
) -> None:
    answer = await docker.post("/containers/create", {"Image": "busybox", **body})
    assert answer.refusal == (400, f"invalid JSON: json: cannot unmarshal {text}")


async def test_containers_that_ask_for_the_same_share_what_they_asked_for(
    mock: MockDaemon, boxes: Boxes
) -> None:
    """Ten thousand of them would hold as many copies of a hundred fields."""
    one, other = [await boxes.create("true", name=name) for name in ("one", "other")]
    containers = mock.daemon.containers
    assert containers.get(one.id).host_config is containers.get(other.id).host_config


async def test_an_image_for_another_machine_is_warned_of(docker: Client) -> None:
    query = "fromSrc=-&repo=foreign&platform=linux/arm64"
    tar = {"Content-Type": "application/x-tar"}
    await docker.ask("POST", f"/images/create?{query}", tar_of(("a", "f")), **tar)
    body = {"Image": "foreign", "Cmd": ["x"]}
    (warning,) = (await docker.post("/containers/create", body)).json["Warnings"]
    assert warning.startswith(
        "The requested image's platform (linux/arm64) does not match the detected host platform (linux/amd64"
    )
    assert warning.endswith(") and no specific platform was requested")
    asked = await docker.post("/containers/create?platform=linux/arm64", body)
    assert asked.json["Warnings"] == []

"""POST /containers/{name}/update, as Engine 28.5.2 takes it."""

from typing import Any

import pytest

from tests.behaviour.boxes import Boxes

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"Memory": 1}, 400, "Minimum memory limit allowed is 6MB"),
        ({"Memory": 64 * MIB}, 409, "Cannot update container ID: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"),
        ({"RestartPolicy": {"Name": "foo"}}, 400, "invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"),
        ({"CpusetCpus": "9"}, 400, "Requested CPUs are not available - requested 9, available: 0-1"),
        ({"CpuShares": -5}, 500, "Cannot update container ID: runc did not terminate successfully: exit status 1: the maximum allowed cpu-shares is 262144\n"),
        ({"Memory": "x"}, 400, "invalid JSON: json: cannot unmarshal string into Go struct field UpdateConfig.Memory of type int64"),
    ],
)  # fmt: skip
async def test_refuses(boxes: Boxes, change: dict[str, Any], status: int, text: str) -> None:
    box = await boxes.run("top")
    assert await box.post("update", change) == (status, text.replace("ID", box.id))


TOO_LARGE = (
    "Memory limit should be smaller than already set memoryswap limit, "
    "update the memoryswap at the same time"
)
NO_LIMIT = (
    'runc did not terminate successfully: exit status 1: failed to write "6291456": write '
    "/sys/fs/cgroup/memory/docker/ID/memory.memsw.limit_in_bytes: invalid argument\n"
)


@pytest.mark.parametrize(
    ("host", "change", "status", "text"),
    [
        ({}, {"Memory": 6 * MIB}, 409, TOO_LARGE),
        ({"Memory": 8 * MIB, "MemorySwap": -1}, {"Memory": 16 * MIB}, 409, TOO_LARGE),
        ({"Memory": 8 * MIB}, {"Memory": 17 * MIB}, 409, TOO_LARGE),
        ({"Memory": 8 * MIB}, {"Memory": 16 * MIB}, 200, ""),
        ({}, {"MemorySwap": 6 * MIB}, 200, ""),
    ],
)
async def test_memory_stays_below_its_swap_even_of_what_does_not_run(
    boxes: Boxes, host: dict[str, Any], change: dict[str, Any], status: int, text: str
) -> None:
    box = await boxes.create("top", HostConfig=host)
    refusal = f"Cannot update container {box.id}: {text}" if text else ""
    assert await box.post("update", change) == (status, refusal)


async def test_swap_needs_a_limit_where_something_runs(boxes: Boxes) -> None:
    box = await boxes.run("top")
    text = f"Cannot update container {box.id}: {NO_LIMIT.replace('ID', box.id)}"
    assert await box.post("update", {"MemorySwap": 6 * MIB}) == (500, text)
    assert (await box.inspect())["HostConfig"]["MemorySwap"] == 0


async def test_changes_what_is_said_and_nothing_else(boxes: Boxes) -> None:
    box = await boxes.run("top", HostConfig={"CpuShares": 100})
    before = (await box.inspect())["HostConfig"]
    change = {"Memory": 64 * MIB, "MemorySwap": 128 * MIB, "PidsLimit": 5}
    answer = await boxes.docker.post("/containers/box/update", change)
    assert answer.json == {"Warnings": None}
    assert (await box.inspect())["HostConfig"] == before | change


async def test_zero_means_unchanged(boxes: Boxes) -> None:
    box = await boxes.run("top", HostConfig={"CpuShares": 100})
    before = (await box.inspect())["HostConfig"]
    assert await box.post("update", {}) == (200, "")
    assert await box.post("update", {"CpuShares": 0}) == (200, "")
    assert (await box.inspect())["HostConfig"] == before


async def test_nano_cpus_exclude_a_quota(boxes: Boxes) -> None:
    box = await boxes.run("top")
    assert await box.post("update", {"NanoCpus": 1_000_000_000}) == (200, "")
    text = (
        f"Cannot update container {box.id}: Conflicting options: "
        "CPU Quota cannot be updated as NanoCPUs has already been set"
    )
    assert await box.post("update", {"CpuQuota": 5000}) == (409, text)


async def test_a_new_limit_holds_at_once(boxes: Boxes) -> None:
    box = await boxes.run("top")
    limits = {"Memory": 16 * MIB, "MemorySwap": 32 * MIB}
    assert await box.post("update", limits) == (200, "")
    assert (await box.exec("sh", "-c", "x=a; while :; do x=$x$x; done"))[0] == 137


async def test_what_the_kernel_cannot_do_is_a_warning(boxes: Boxes) -> None:
    await boxes.run("top")
    answer = await boxes.docker.post("/containers/box/update", {"BlkioWeight": 300})
    assert answer.json["Warnings"] == [
        "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded."
    ]

"""Health checks: probes as execs, a verdict after enough of them, the last five remembered."""

from typing import Any

from tests.behaviour.boxes import Boxes

MILLISECOND = 1_000_000


def check(command: str, **options: int) -> dict[str, Any]:
    return {"Test": ["CMD-SHELL", command], "Interval": 10 * MILLISECOND, **options}


def status(shown: Any) -> str:
    found: str = shown["State"]["Health"]["Status"]
    return found


async def test_none_without_a_check(boxes: Boxes) -> None:
    box = await boxes.run("top")
    assert "Health" not in await box.state()
    other = await boxes.run("top", name="other", Healthcheck={"Test": ["NONE"]})
    assert "Health" not in await other.state()


async def test_starting_before_the_first_probe(boxes: Boxes) -> None:
    box = await boxes.run("top", Healthcheck={"Test": ["CMD", "true"], "Interval": 10**12})
    assert (await box.state())["Health"] == {"Status": "starting", "FailingStreak": 0, "Log": []}
    [entry] = await boxes.listed()
    assert entry["Status"] == "Up Less than a second (health: starting)"


async def test_healthy(boxes: Boxes) -> None:
    box = await boxes.run("top", Healthcheck=check("echo fine"))
    shown = await box.until(lambda shown: status(shown) == "healthy")
    [entry] = await boxes.listed(health=["healthy"])
    assert entry["Status"].endswith(" (healthy)")
    probe = shown["State"]["Health"]["Log"][0]
    assert (probe["ExitCode"], probe["Output"]) == (0, "fine\n")


async def test_unhealthy_after_its_retries(boxes: Boxes) -> None:
    box = await boxes.run("top", Healthcheck=check("exit 3", Retries=2))
    shown = await box.until(lambda shown: status(shown) == "unhealthy")
    assert shown["State"]["Health"]["FailingStreak"] >= 2
    assert shown["State"]["Health"]["Log"][-1]["ExitCode"] == 3


async def test_five_probes_are_remembered(boxes: Boxes) -> None:
    box = await boxes.run("top", Healthcheck=check("echo $$"))
    first = (await box.until(lambda shown: len(shown["State"]["Health"]["Log"]) == 1))["State"]
    shown = await box.until(
        lambda shown: shown["State"]["Health"]["Log"][0] != first["Health"]["Log"][0]
    )
    assert len(shown["State"]["Health"]["Log"]) == 5


async def test_failures_of_the_start_period_do_not_count(boxes: Boxes) -> None:
    options = {"StartPeriod": 10**13, "StartInterval": 10 * MILLISECOND, "Retries": 1}
    box = await boxes.run("top", Healthcheck=check("exit 1", **options))
    shown = await box.until(lambda shown: len(shown["State"]["Health"]["Log"]) == 3)
    assert (status(shown), shown["State"]["Health"]["FailingStreak"]) == ("starting", 0)


async def test_a_probe_that_takes_too_long(boxes: Boxes) -> None:
    box = await boxes.run(
        "top", Healthcheck=check("sleep 100", Timeout=20 * MILLISECOND, Retries=1)
    )
    shown = await box.until(lambda shown: status(shown) == "unhealthy")
    probe = shown["State"]["Health"]["Log"][0]
    assert (probe["ExitCode"], probe["Output"]) == (-1, "Health check exceeded timeout (20ms)")


async def test_who_is_not_watched_is_unhealthy(boxes: Boxes) -> None:
    box = await boxes.run("top", Healthcheck=check("true"))
    await box.until(lambda shown: status(shown) == "healthy")
    await box.post("pause")
    assert status(await box.inspect()) == "unhealthy"
    await box.post("unpause")
    await box.until(lambda shown: status(shown) == "healthy")
    await box.post("kill")
    assert status(await box.inspect()) == "unhealthy"


async def test_the_check_of_the_image_is_inherited_part_by_part(boxes: Boxes) -> None:
    await boxes.create("true", name="base")
    await boxes.docker.post(
        "/commit?container=base&repo=checked&changes=HEALTHCHECK%20--interval=5s%20CMD%20true"
    )
    box = await boxes.create("true", Image="checked", Healthcheck={"Retries": 7})
    shown = (await box.inspect())["Config"]["Healthcheck"]
    assert shown == {"Test": ["CMD-SHELL", "true"], "Interval": 5 * 10**9, "Retries": 7}

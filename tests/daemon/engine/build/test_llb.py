"""The low-level definition of plans; the digests are those that Engine 28.5.2 gave the same Dockerfiles."""

from collections.abc import Mapping

from api_schema.oci import ContainerConfig
from daemon.engine.build import operations as ops
from daemon.engine.build.build_config import steps_of
from daemon.engine.build.llb import Definition, Sources, go_list, owner_of
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.dockerfile.source import read

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUSYBOX = "sha256:cf62ed0143a4889e4c94fb8c99f3fb7bd6375a31c7cd0e7b299ff870ce98c7b5"


async def image(name: str, platform: str, context: str) -> ops.BaseImage:
    config = ContainerConfig(env=[PATH])
    return ops.BaseImage(f"docker.io/library/{name}:latest", config, ("sha256:11",))


async def definition(text: str, attributes: Mapping[str, str] | None = None) -> Definition:
    options = Options.parse(attributes or {})
    plan = await Planner(read(text.encode()), options, image).plan()
    return Definition(plan, Sources("local"))


async def test_steps_have_the_digests_that_the_engine_gave_them() -> None:
    found = await definition(
        "FROM busybox\nARG V=1\nENV A=b V2=$V\nUSER 5:6\nWORKDIR /w/x\nWORKDIR y\n"
        'SHELL ["/bin/sh","-ec"]\nRUN echo $V\nRUN ["echo","x"]\nEXPOSE 80\nCMD x\n',
        {"build-arg:V": "2"},
    )
    assert found.ordered() == [
        BUSYBOX,
        "sha256:ab6b4fde89e4dcc346d799a6e2a95f13a9d6d6c07d255fa6aa4f1a3df3e877ea",
        "sha256:d7d9b47acf085c6ef4cdbca9d58fc3eee151e3db9163da73cc8c01cdc6d25010",
        "sha256:056e2d5c4e96fa4966ab1daf224215e75b8f011f8963dfc84a86450eb9a92b13",
        "sha256:93697c48b7f09fb5e5dbf1e92a7a224bcca670aae4c2381949d271bc7cc2cb0d",
    ]


async def test_equal_steps_are_one_and_inputs_stand_before_what_needs_them() -> None:
    found = await definition(
        "FROM busybox AS a\nRUN true\nFROM busybox AS b\nRUN true\nFROM b\nCOPY --from=a /x /y\n"
    )
    base, run, copy = found.ordered()
    assert found.vertexes[run].inputs == (base,)
    assert found.vertexes[copy].inputs == (run,)


async def test_several_sources_are_copied_one_onto_the_other() -> None:
    found = await definition("FROM busybox\nCOPY --from=busybox /a /b /x/\n")
    actions = found.vertexes[found.end].op["Op"]["file"]["actions"]
    assert [(a["input"], a["secondaryInput"], a["output"]) for a in actions] == [
        (0, 0, -1),
        (1, 0, 0),
    ]


async def test_what_is_made_of_nothing_has_no_input() -> None:
    found = await definition("FROM scratch\nCOPY --from=busybox /a /b\n")
    (action,) = found.vertexes[found.end].op["Op"]["file"]["actions"]
    assert (action["input"], action["secondaryInput"]) == (-1, 0)
    assert (await definition("FROM scratch\nENV A=b\n")).ordered() == []


async def test_steps_are_numbered_and_placed() -> None:
    steps = steps_of(await definition("FROM busybox\nRUN true\nRUN <<E\necho\nE\n"))
    assert [step["id"] for step in steps.config()["llbDefinition"]] == [
        "step0", "step1", "step2", "step3",
    ]  # fmt: skip
    places = steps.locations()["step2"]["locations"]
    assert [one["start"]["line"] for one in places[0]["ranges"]] == [3, 4, 5]


async def test_the_newest_variable_is_the_last_one() -> None:
    found = await definition("FROM busybox\nARG A=1\nENV B=2\nENV PATH=/bin\nRUN true\n")
    meta = found.vertexes[found.end].op["Op"]["exec"]["meta"]
    assert meta["env"] == ["A=1", "B=2", "PATH=/bin"]


def test_owners_are_numbers_or_names() -> None:
    assert owner_of("0:x") == {
        "user": {"User": {}},
        "group": {"User": {"byName": {"name": "x"}}},
    }


def test_lists_are_written_as_go_writes_them() -> None:
    assert go_list(["a<b", "é"]) == '["a\\u003cb","é"]'

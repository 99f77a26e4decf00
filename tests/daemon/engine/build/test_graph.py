"""The vertexes of a plan: which are one, what names them, what they need."""

from api_schema.oci import ContainerConfig
from daemon.engine.build import operations as ops
from daemon.engine.build.graph import Graph
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.dockerfile.source import read

LAYER = "sha256:" + "a" * 64


async def graph(text: str, client: str = "one", **options: str) -> Graph:
    async def image(name: str, platform: str, context: str) -> ops.BaseImage:
        return ops.BaseImage(f"docker.io/library/{name}:latest", ContainerConfig(), (LAYER,))

    parsed = Options.parse({key.replace("_", "-"): value for key, value in options.items()})
    plan = await Planner(read(text.encode()), parsed, image).plan()
    return Graph(plan, lambda name: f"{client}'s {name}")


def names(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes.values()]


async def test_equal_steps_of_two_stages_are_one_named_by_the_last() -> None:
    found = await graph(
        "FROM busybox AS a\nRUN x\nFROM busybox AS b\nRUN x\nRUN then\n"
        "FROM scratch\nCOPY --from=a /x /a\nCOPY --from=b /x /b\n"
    )
    assert names(found) == [
        "[b 1/3] FROM docker.io/library/busybox:latest",
        "[b 2/3] RUN x",
        "[stage-2 1/2] COPY --from=a /x /a",
        "[b 3/3] RUN then",
        "[stage-2 2/2] COPY --from=b /x /b",
    ]
    base, run, first, then, last = found.nodes.values()
    assert [node.inputs for node in (base, run, first, then, last)] == [
        (),
        (base.digest,),
        (run.digest,),
        (run.digest,),
        (first.digest, then.digest),
    ]


async def test_a_step_is_another_one_on_the_folder_of_another_client() -> None:
    text = "FROM busybox\nRUN x\nCOPY f /\nRUN x\n"
    one, other = await graph(text), await graph(text, client="other")
    shared = one.nodes.keys() & other.nodes.keys()
    assert [one.nodes[digest].name for digest in one.nodes if digest in shared] == [
        "[1/4] FROM docker.io/library/busybox:latest",
        "[2/4] RUN x",
    ]


async def test_a_step_that_ignores_the_cache_is_another_one() -> None:
    one, other = await graph("FROM busybox\nRUN x"), await graph("FROM busybox\nRUN x", no_cache="")
    assert len(one.nodes.keys() & other.nodes.keys()) == 1
    assert [node.ignores_cache for node in other.nodes.values()] == [False, True]


async def test_a_mount_is_an_input() -> None:
    found = await graph(
        "FROM busybox AS a\nRUN x\nFROM busybox\nRUN --mount=from=a,target=/a --mount=target=/c y\n"
    )
    base, made, run = found.nodes.values()
    assert run.inputs == (base.digest, made.digest, "one's context")

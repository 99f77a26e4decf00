"""`--call outline` and `targets`, in the words of BuildKit 0.25 in Engine 28.5.2."""

import json

from api_schema.oci import ContainerConfig
from daemon.engine.build import operations as ops
from daemon.engine.build import subrequests
from daemon.engine.build.checks import Checks
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.dockerfile.source import read

DOCKERFILE = b"""# BASE the base
ARG BASE=busybox
ARG EMPTY
# one the first stage
FROM ${BASE} AS one
# X a thing
ARG X=1
ARG NOPE TWO=2
ARG BASE
RUN --mount=type=secret,id=s1,required=true --mount=type=ssh --mount=type=cache,target=/c true $X
FROM one
ARG UNUSED=5
COPY --from=one /etc/passwd /x
RUN echo $NOPE
"""


async def busybox(name: str, platform: str, context: str) -> ops.BaseImage:
    return ops.BaseImage("docker.io/library/busybox:latest", ContainerConfig(), ("sha256:1",))


async def outline(**args: str) -> dict[str, bytes]:
    planner = Planner(read(DOCKERFILE), Options(args=args), busybox)
    return subrequests.outline(planner, await planner.plan(), DOCKERFILE)


async def test_outline_for_people() -> None:
    assert (await outline())["result.txt"].decode() == (
        "BUILD ARG   VALUE     DESCRIPTION\n"
        "BASE        busybox   the base\n"
        "X           1         a thing\n"
        "NOPE                  \n"
        "TWO         2         \n"
        "UNUSED      5         \n"
        "\n"
        "SECRET   REQUIRED\n"
        "s1       true\n"
        "\n"
        "SSH       REQUIRED\n"
        "default   \n"
        "\n"
    )


async def test_outline_for_programs_knows_given_arguments() -> None:
    document = json.loads((await outline(X="7"))["result.json"])
    assert document["args"][1] == {
        "name": "X",
        "description": "a thing",
        "value": "7",
        "location": {"ranges": [{"start": {"line": 7}, "end": {"line": 7}}]},
    }


def test_targets() -> None:
    found = subrequests.targets(DOCKERFILE)
    assert found["result.txt"] == b"TARGET    DESCRIPTION\none       the first stage\n(default) \n"
    first, last = json.loads(found["result.json"])["targets"]
    assert (first["name"], first["base"], last["default"]) == ("one", "${BASE}", True)


def test_a_check_without_findings_succeeds() -> None:
    found = subrequests.check("Dockerfile", b"FROM busybox\n", Checks(), None)
    assert found["result.statuscode"] == b"0"
    assert json.loads(found["result.json"])["warnings"] is None

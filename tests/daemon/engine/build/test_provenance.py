"""Provenance, member by member as BuildKit 0.25 in Engine 28.5.2 wrote it."""

import json

from api_schema.oci import ContainerConfig
from daemon.engine.build import operations as ops
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.build.provenance import Invocation, provenance
from daemon.engine.dockerfile.source import read

INVOCATION = Invocation("ref1", 1_000_000_000, 2_500_000_000, "D", b"FROM busybox\n")


async def image(name: str, platform: str, context: str) -> ops.BaseImage:
    return ops.BaseImage(f"docker.io/library/{name}:latest", ContainerConfig(), ("sha256:11",))


async def test_materials_are_the_images_that_were_read() -> None:
    text = b"FROM busybox AS one\nFROM busybox\nCOPY --from=alpine /x /y\n"
    plan = await Planner(read(text), Options(), image).plan()
    document = json.loads(provenance(plan, {}, INVOCATION).data)
    assert [material["uri"] for material in document["materials"]] == [
        "pkg:docker/busybox@latest?platform=linux%2Famd64",
        "pkg:docker/alpine@latest?platform=linux%2Famd64",
    ]
    assert document["materials"][0]["digest"] == {"sha256": "11"}


async def test_arguments_are_those_that_a_dockerfile_sees() -> None:
    plan = await Planner(read(b"FROM busybox\n"), Options(), image).plan()
    attributes = {"build-arg:X": "1", "label:a": "b", "filename": "D", "cgroup-parent": ""}
    document = json.loads(provenance(plan, attributes, INVOCATION).data)
    assert document["invocation"]["parameters"]["args"] == {"build-arg:X": "1", "label:a": "b"}
    assert document["invocation"]["configSource"] == {"entryPoint": "D"}


async def test_when_it_was_built_and_from_which_text() -> None:
    plan = await Planner(read(b"FROM busybox\n"), Options(), image).plan()
    metadata = json.loads(provenance(plan, {}, INVOCATION).data)["metadata"]
    assert metadata["buildInvocationID"] == "ref1"
    assert metadata["buildStartedOn"] == "1970-01-01T00:00:01Z"
    assert metadata["buildFinishedOn"] == "1970-01-01T00:00:02.5Z"
    (source,) = metadata["https://mobyproject.org/buildkit@v1#metadata"]["source"]["infos"]
    assert source == {"filename": "D", "language": "Dockerfile", "data": "RlJPTSBidXN5Ym94Cg=="}

"""Provenance, member by member as BuildKit 0.25 in Engine 28.5.2 wrote it."""

import json
from collections.abc import Mapping
from typing import Any, cast

from api_schema.oci import ContainerConfig
from daemon.engine.build import operations as ops
from daemon.engine.build.llb import Sources
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.build.provenance import Found, Invocation, provenance
from daemon.engine.dockerfile.source import read

EXTENSION = "https://mobyproject.org/buildkit@v1#metadata"
INVOCATION = Invocation("ref1", 1_000_000_000, 2_500_000_000, "D", b"FROM busybox\n")


async def image(name: str, platform: str, context: str) -> ops.BaseImage:
    return ops.BaseImage(f"docker.io/library/{name}:latest", ContainerConfig(), ("sha256:11",))


async def told(
    text: str, attributes: Mapping[str, str] | None = None, found: Found | None = None
) -> dict[str, Any]:
    plan = await Planner(read(text.encode()), Options(), image).plan()
    document = provenance(plan, attributes or {}, INVOCATION, Sources(), found or Found())
    return cast("dict[str, Any]", json.loads(document.data))


async def test_materials_are_the_images_that_were_read() -> None:
    document = await told("FROM busybox AS one\nFROM busybox\nCOPY --from=alpine /x /y\n")
    assert [material["uri"] for material in document["materials"]] == [
        "pkg:docker/busybox@latest?platform=linux%2Famd64",
        "pkg:docker/alpine@latest?platform=linux%2Famd64",
    ]
    assert document["materials"][0]["digest"] == {"sha256": "11"}


async def test_files_at_urls_are_materials_without_their_passwords() -> None:
    found = Found(files={"http://me:secret@host/x": "sha256:22"})
    (file,) = (await told("FROM scratch\n", found=found))["materials"]
    assert file == {"uri": "http://xxxxx:xxxxx@host/x", "digest": {"sha256": "22"}}


async def test_arguments_are_all_but_those_of_the_host() -> None:
    attributes = {
        "build-arg:X": "1",
        "label:a": "b",
        "filename": "D",
        "cgroup-parent": "",
        "image-resolve-mode": "local",
        "target": "t",
        "vcs:revision": "abc",
        "attest:provenance": "",
        "build-arg:BUILDKIT_SANDBOX_HOSTNAME": "h",
    }
    document = await told("FROM busybox\n", attributes)
    assert document["invocation"]["parameters"]["args"] == {
        "build-arg:BUILDKIT_SANDBOX_HOSTNAME": "h",
        "build-arg:X": "1",
        "hostname": "h",
        "label:a": "b",
        "target": "t",
    }
    assert document["invocation"]["configSource"] == {"entryPoint": "D"}
    assert document["metadata"][EXTENSION]["vcs"] == {"revision": "abc"}


async def test_secrets_and_agents_are_named_and_optional_if_every_step_says_so() -> None:
    run = "RUN --mount=type=secret,id=a --mount=type=secret,id=b,required true\n"
    document = await told(
        f"FROM busybox\n{run}RUN --mount=type=ssh --mount=type=secret,id=b true\n"
    )
    parameters = document["invocation"]["parameters"]
    assert parameters["secrets"] == [{"id": "a", "optional": True}, {"id": "b"}]
    assert parameters["ssh"] == [{"id": "default", "optional": True}]


async def test_layers_are_told_of_what_the_target_stands_on() -> None:
    found = Found(("sha256:11", "sha256:22", "sha256:33"))
    text = "FROM busybox AS a\nRUN a\nFROM a\nCOPY --from=busybox /x /y\n"
    layers = (await told(text, found=found))["metadata"][EXTENSION]["layers"]
    assert {name: [one["digest"] for one in each[0]] for name, each in layers.items()} == {
        "step0:0": ["sha256:11"],
        "step1:0": ["sha256:11", "sha256:22"],
        "step2:0": ["sha256:11", "sha256:22", "sha256:33"],
    }


async def test_the_clients_session_is_nobodys_business() -> None:
    plan = await Planner(read(b"FROM scratch\nCOPY f /\n"), Options(), image).plan()
    sources = Sources(session={"local.session": "secret"})
    assert b"secret" not in provenance(plan, {}, INVOCATION, sources, Found()).data


async def test_when_it_was_built_and_from_which_text() -> None:
    metadata = (await told("FROM busybox\n"))["metadata"]
    assert metadata["buildInvocationID"] == "ref1"
    assert metadata["buildStartedOn"] == "1970-01-01T00:00:01Z"
    assert metadata["buildFinishedOn"] == "1970-01-01T00:00:02.5Z"
    (source,) = metadata[EXTENSION]["source"]["infos"]
    assert (source["filename"], source["data"]) == ("D", "RlJPTSBidXN5Ym94Cg==")
    assert source["llbDefinition"][0]["op"]["Op"]["source"]["identifier"] == "local://dockerfile"

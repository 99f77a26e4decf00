"""Plans: vertex names, history and config as BuildKit 0.25 in Engine 28.5.2 made them of the same Dockerfiles."""

import pytest

from api_schema.oci import ContainerConfig
from daemon.engine.build import operations as ops
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.source import read

EVERYTHING = r"""ARG GLOBAL=1
FROM busybox AS base
ARG GLOBAL
ARG X=5 Y
ENV A=1 B="two words" C=$X
ENV OLD form of it
LABEL l=m "k k"='v v'
MAINTAINER me@x
WORKDIR app
WORKDIR sub
COPY f.txt d ./
COPY --chown=1:2 f.txt /own.txt
ADD f.txt d/a /two/
RUN echo $X > /r.txt
RUN ["sh","-c","echo exec > /r2"]
USER nobody
EXPOSE 80 53/udp 9000-9002
VOLUME /data /data2
VOLUME ["/v3"]
STOPSIGNAL SIGINT
SHELL ["/bin/ash","-ec"]
HEALTHCHECK --interval=5s --timeout=3s --start-period=1s --retries=2 CMD wget -q http://x || exit 1
ONBUILD RUN echo triggered
ENTRYPOINT ["/bin/sh"]
CMD echo $A
FROM busybox
COPY --from=base /r.txt /d/
CMD ["x","y z"]
"""


async def busybox(name: str, platform: str, context: str) -> ops.BaseImage:
    if name != "busybox":
        raise DockerfileError(f"{name}: not found")
    config = ContainerConfig(Env=["PATH=/bin"], Cmd=["sh"])
    return ops.BaseImage("docker.io/library/busybox:latest", config, ("sha256:1",))


async def plan(text: str, **options: str) -> ops.Plan:
    parsed = Options.parse({key.replace("_", "-", 1): value for key, value in options.items()})
    return await Planner(read(text.encode()), parsed, busybox).plan()


def vertexes(stage: ops.PlannedStage) -> list[str]:
    return [stage.base_vertex, *(operation.name for operation in stage.operations)]


async def test_vertex_names() -> None:
    built = await plan(EVERYTHING)
    assert [name for stage in built.stages for name in vertexes(stage)] == [
        "[base 1/8] FROM docker.io/library/busybox:latest",
        "[base 2/8] WORKDIR app",
        "[base 3/8] WORKDIR sub",
        "[base 4/8] COPY f.txt d ./",
        "[base 5/8] COPY --chown=1:2 f.txt /own.txt",
        "[base 6/8] ADD f.txt d/a /two/",
        "[base 7/8] RUN echo 5 > /r.txt",
        '[base 8/8] RUN ["sh","-c","echo exec > /r2"]',
        "[stage-1 1/2] FROM docker.io/library/busybox:latest",
        "[stage-1 2/2] COPY --from=base /r.txt /d/",
    ]


async def test_history() -> None:
    target = (await plan(EVERYTHING, target="base")).target
    assert [entry.created_by for entry in target.history] == [
        "ARG GLOBAL=1",
        "ARG X=5 Y",
        "ENV A=1 B=two words C=5",
        "ENV OLD=form of it",
        "LABEL l=m k k=v v",
        "MAINTAINER me@x",
        "WORKDIR /app",
        "WORKDIR /app/sub",
        "COPY f.txt d ./ # buildkit",
        "COPY --chown=1:2 f.txt /own.txt # buildkit",
        "ADD f.txt d/a /two/ # buildkit",
        "RUN |3 GLOBAL=1 X=5 Y= /bin/sh -c echo $X > /r.txt # buildkit",
        "RUN |3 GLOBAL=1 X=5 Y= sh -c echo exec > /r2 # buildkit",
        "USER nobody",
        "EXPOSE [53/udp 80/tcp 9000/tcp 9001/tcp 9002/tcp]",
        "VOLUME [/data /data2]",
        "VOLUME [/v3]",
        "STOPSIGNAL SIGINT",
        "SHELL [/bin/ash -ec]",
        'HEALTHCHECK &{["CMD-SHELL" "wget -q http://x || exit 1"] "5s" "3s" "1s" "0s" \'\\x02\'}',
        'ENTRYPOINT ["/bin/sh"]',
        'CMD ["/bin/ash" "-ec" "echo $A"]',
    ]
    layers = [entry.created_by.split()[0] for entry in target.history if not entry.empty_layer]
    assert layers == ["WORKDIR", "WORKDIR", "COPY", "COPY", "ADD", "RUN", "RUN"]


async def test_a_stage_nobody_needs_is_not_built() -> None:
    built = await plan("FROM nosuch AS unused\nRUN x\nFROM busybox\nRUN y")
    assert [stage.index for stage in built.stages] == [1]


async def test_numbers_are_padded_to_the_total() -> None:
    built = await plan("FROM busybox\n" + "RUN x\n" * 10)
    assert built.target.operations[0].name == "[ 2/11] RUN x"


async def test_a_later_argument_hides_an_environment_variable_and_the_other_way_round() -> None:
    built = await plan("FROM busybox\nENV A=env\nARG A=arg\nRUN echo $A\nENV A=again\nRUN echo $A")
    assert vertexes(built.target)[1:] == ["[2/3] RUN echo arg", "[3/3] RUN echo again"]


async def test_onbuild_runs_in_the_stage_that_builds_on_it() -> None:
    built = await plan("FROM busybox AS a\nONBUILD RUN hi\nFROM a\nRUN there")
    assert vertexes(built.target) == ["", "[stage-1 1/2] ONBUILD RUN hi", "[stage-1 2/2] RUN there"]
    assert built.target.draft.config.on_build is None


async def test_heredocs_become_scripts_and_files() -> None:
    text = "FROM busybox\nRUN <<EOF\necho hi\necho there\nEOF\nRUN <<X\n#!/bin/cat\nX\n"
    text += "ARG V=1\nCOPY <<A <<'B' /d/\n\"$V\"\nA\n$V\nB\n"
    built = await plan(text)
    plain, script, copy = built.target.operations
    assert plain.name == "[2/4] RUN <<EOF (echo hi...)"
    assert isinstance(plain, ops.Run)
    assert plain.argv == ["/bin/sh", "-c", "echo hi\necho there\n"]
    assert isinstance(script, ops.Run)
    assert (script.argv, script.script) == (
        ["/bin/sh", "-c", "/dev/pipes/X"],
        ("/dev/pipes/X", b"#!/bin/cat\n"),
    )
    assert isinstance(copy, ops.CopyFiles)
    assert copy.inline == [("A", b'"1"\n'), ("B", b"$V\n")]


async def test_a_named_context_stands_for_an_image_or_a_stage() -> None:
    text = "FROM thing\nCOPY --from=other /x /y"
    built = await plan(
        text, **{"context:thing": "docker-image://busybox", "context:other": "local:o"}
    )
    assert isinstance(built.target.base, ops.BaseImage)
    copy = built.target.operations[0]
    assert isinstance(copy, ops.CopyFiles)
    assert copy.input == ops.Local("o")
    assert built.context_paths("o") == ["x"]


async def test_labels_of_the_command_line_come_last() -> None:
    built = await plan("FROM busybox\nLABEL a=1 b=2", **{"label:a": "9"})
    assert built.target.draft.config.labels == {"a": "9", "b": "2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FROM $NOPE\nRUN x", "base name ($NOPE) should not be blank"),
        ("FROM busybox AS a\nCOPY --from=5 a /", "invalid stage index 5"),
        (
            "FROM busybox AS a\nCOPY --from=b a /\nFROM busybox AS b\nCOPY --from=a / /",
            'cannot copy from stage "b", it needs to be defined before current stage "a"',
        ),
        ("FROM busybox\nEXPOSE 80/icmp", 'invalid port: "80/icmp": invalid proto: icmp'),
        ("FROM busybox\nRUN --mount=type=tmpfs,target=/ x", 'invalid mount target "/"'),
    ],
)
async def test_refuses_in_buildkits_words(text: str, message: str) -> None:
    with pytest.raises(DockerfileError) as problem:
        await plan(text)
    assert problem.value.message == message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM busybox AS s\nCOPY --from=0 a b\nCOPY --from=s a b\n", 3),
        ("FROM busybox AS s\nCOPY --from=s a b\nRUN --mount=from=s,target=/x true\n", 3),
        ("FROM busybox AS s\nRUN --mount=from=s,target=/x true\nRUN true\n", 2),
        ("FROM busybox AS s\nCOPY --from=s a b\nFROM busybox\nRUN true\n", 2),
    ],
)
async def test_a_stage_that_reads_itself_is_refused_at_the_last_such_line(
    text: str, line: int
) -> None:
    with pytest.raises(
        DockerfileError, match="circular dependency detected on stage: s"
    ) as refusal:
        await plan(text)
    assert refusal.value.lines == (line, line)


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        ("COPY --from=abd /x /", (3, 3)),
        ("RUN --mount=from=abd,target=/x true", None),
        ("RUN true\nFROM abd", (4, 4)),
    ],
)
async def test_a_stage_whose_name_is_near_is_suggested(
    step: str, lines: tuple[int, int] | None
) -> None:
    with pytest.raises(DockerfileError) as refusal:
        await plan(f"FROM busybox AS abc\nFROM busybox\n{step}\n")
    assert refusal.value.message == "abd: not found (did you mean abc?)"
    assert refusal.value.lines == lines


async def test_the_number_of_a_stage_is_an_image_to_a_mount() -> None:
    with pytest.raises(DockerfileError, match="0: not found"):
        await plan("FROM busybox\nRUN true\nFROM busybox\nRUN --mount=from=0,target=/x true\n")

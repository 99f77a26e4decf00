"""Build checks: the findings that BuildKit 0.25 in Engine 28.5.2 reported for the same Dockerfiles."""

import pytest

from api_schema.oci import ContainerConfig
from daemon.engine.build import operations as ops
from daemon.engine.build.checks import RULES, Checks, Settings
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.source import read

INSTRUCTIONS = r"""FROM busybox
WORKDIR app
ARG TOKEN=abc
EXPOSE 80/TCP 1:2 1.2.3.4:80:80
ENV Q=$UNDEF R=$PATHS KEY=1
ENV A b
CMD echo
CMD \

 echo
LABEL c d
LABEL x=$FOO
COPY $NOPES ign /x
USER ${ME:-you}
HEALTHCHECK CMD x
HEALTHCHECK NONE
ENTRYPOINT echo $X
COPY . /y
RUN <<EOT
 echo $Z
EOT
COPY <<EOT /a
$ZZ
EOT
"""

FROMS = r"""ARG BASE=busybox
ARG EMPTY
FROM --platform=$TARGETPLATFORM ${BASE} AS One
arg TOKEN=abc
RUN true
MAINTAINER me
FROM $BASF as context
FROM --platform=linux/amd64 busybox as two
FROM busybox as two
"""


async def busybox(name: str, platform: str, context: str) -> ops.BaseImage:
    config = ContainerConfig(Env=["PATH=/bin"], Cmd=["sh"])
    return ops.BaseImage("docker.io/library/busybox:latest", config, ("sha256:1",))


async def look(text: str, *ignored: str) -> tuple[Checks, DockerfileError | None]:
    """Every stage of the Dockerfile, as far as it can be understood; `ignored` are patterns of the ignore file."""

    async def patterns() -> tuple[str, ...]:
        return ignored

    source = read(text.encode())
    checks = Checks(Settings.parse(source.directives.get("check", "")))
    try:
        await Planner(source, Options(), busybox, checks, patterns).plan(every_stage=True)
        checks.conclude()
    except DockerfileError as problem:
        return checks, problem
    return checks, None


async def named(text: str) -> list[tuple[str, int]]:
    checks, _ = await look(text)
    return [(finding.name, finding.lines[0]) for finding in checks.findings]


async def test_what_is_found_in_instructions() -> None:
    assert await named(INSTRUCTIONS) == [
        ("NoEmptyContinuation", 10),
        ("WorkdirRelativePath", 2),
        ("SecretsUsedInArgOrEnv", 3),
        ("ExposeInvalidFormat", 4),
        ("ExposeInvalidFormat", 4),
        ("ExposeProtoCasing", 4),
        ("UndefinedVar", 5),
        ("UndefinedVar", 5),
        ("SecretsUsedInArgOrEnv", 5),
        ("LegacyKeyValueFormat", 6),
        ("JSONArgsRecommended", 7),
        ("MultipleInstructionsDisallowed", 7),
        ("JSONArgsRecommended", 8),
        ("LegacyKeyValueFormat", 11),
        ("UndefinedVar", 12),
        ("UndefinedVar", 13),
        ("UndefinedVar", 14),
        ("MultipleInstructionsDisallowed", 15),
        ("JSONArgsRecommended", 17),
        ("UndefinedVar", 22),
    ]


async def test_what_is_found_in_the_form_and_in_froms() -> None:
    checks, error = await look(FROMS)
    assert [finding.name for finding in checks.findings] == [
        "StageNameCasing",
        "MaintainerDeprecated",
        "FromAsCasing",
        "FromAsCasing",
        "FromAsCasing",
        "ReservedStageName",
        "DuplicateStageName",
        "ConsistentInstructionCasing",
        "InvalidDefaultArgInFrom",
        "RedundantTargetPlatform",
        "UndefinedArgInFrom",
    ]
    assert error is not None
    assert error.message == "base name ($BASF) should not be blank"


@pytest.mark.parametrize(
    ("dockerfile", "text"),
    [
        ("ENV R=$PATHS", "Usage of undefined variable '$PATHS' (did you mean $PATH?)"),
        ("ENV Q=$UNDEF", "Usage of undefined variable '$UNDEF'"),
        ("WORKDIR app", 'Relative workdir "app" can have unexpected results if the base image changes'),
        ("ENV KEY=1", 'Do not use ARG or ENV instructions for sensitive data (ENV "KEY")'),
        ("LABEL c d", '"LABEL key=value" should be used instead of legacy "LABEL key value" format'),
    ],
)  # fmt: skip
async def test_what_a_finding_says(dockerfile: str, text: str) -> None:
    checks, _ = await look(f"FROM busybox\n{dockerfile}\n")
    assert [finding.text for finding in checks.findings] == [text]


@pytest.mark.parametrize(
    "harmless",
    ["ENV KEY_FILE=/x", "ENV MONKEY=1", "ARG X\nENV Y=$X", "SHELL [\"sh\", \"-c\"]\nCMD echo"],
)  # fmt: skip
async def test_what_is_no_finding(harmless: str) -> None:
    assert await named(f"FROM busybox\n{harmless}\n") == []


async def test_a_working_folder_of_the_stage_below_counts() -> None:
    assert await named("FROM busybox AS one\nWORKDIR /a\nFROM one\nWORKDIR b\n") == []


async def test_rules_can_be_skipped_and_made_to_fail_the_build() -> None:
    text = "# check=skip=MaintainerDeprecated;error=true\nFROM busybox\nMAINTAINER x\nCMD echo\n"
    checks, error = await look(text)
    assert [finding.name for finding in checks.findings] == ["JSONArgsRecommended"]
    assert str(error) == "lint violation found for rules: JSONArgsRecommended"


async def test_all_rules_can_be_skipped() -> None:
    assert await named("# check=skip=all\nFROM busybox\nMAINTAINER x\n") == []


async def test_all_in_company_is_a_rule_that_there_is_not() -> None:
    assert await named("# check=skip=all,x\nFROM busybox\nMAINTAINER x\n") == [
        ("MaintainerDeprecated", 3)
    ]


async def test_what_stands_before_a_broken_line_is_found() -> None:
    checks, error = await look("FROM busybox\nMAINTAINER x\nCOPY a\nMAINTAINER y\n")
    assert [finding.lines[0] for finding in checks.findings] == [2]
    assert error is not None


async def test_ports_are_looked_at_up_to_one_that_is_none() -> None:
    assert await named("FROM busybox\nEXPOSE 1/TCP\nEXPOSE 2/UDP 3/foo 4/TCP\n") == [
        ("ExposeProtoCasing", 2),
        ("ExposeProtoCasing", 3),
    ]


async def test_what_the_ignore_file_leaves_out_is_found_by_whoever_asks_for_it() -> None:
    text = "FROM busybox\nCOPY a b /x/\nCOPY --from=busybox a /y\nADD d/a http://h/a /z/\n"
    checks, _ = await look(f"# check=experimental=CopyIgnoredFile\n{text}", "a", "d/*")
    assert [finding.text for finding in checks.findings] == [
        'Attempting to Copy file "a" that is excluded by .dockerignore',
        'Attempting to Add file "d/a" that is excluded by .dockerignore',
    ]
    assert (await look(text, "a", "d/*"))[0].findings == []


async def test_a_platform_that_comes_out_empty_ends_the_look() -> None:
    _, error = await look("FROM --platform=$BULDPLATFORM busybox\n")
    assert str(error) == (
        "empty platform value from expression $BULDPLATFORM (did you mean BUILDPLATFORM?)"
    )


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ("foo=bar", 'failed to parse check options: invalid check option "foo"'),
        ("error", 'failed to parse check options: invalid check option "error"'),
    ],
)
def test_a_check_line_must_be_known(options: str, refusal: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        Settings.parse(options)
    assert caught.value.message == refusal


def test_every_rule_has_a_page_but_the_one_for_platforms() -> None:
    assert [name for name, rule in RULES.items() if not rule.page] == ["InvalidBaseImagePlatform"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ARG ABC=$ABD\nARG ABD", ["'$ABD'"]),
        ("ARG E=$F F=2", ["'$F'"]),
        ("ARG AB=1 C=$AD", ["'$AD' (did you mean $AB?)"]),
    ],
)
async def test_an_arg_knows_only_what_stands_before_it(text: str, said: list[str]) -> None:
    checks, _ = await look(f"FROM busybox\n{text}\n")
    found = [finding.short.partition(": ")[2].partition(" (line")[0] for finding in checks.findings]
    assert found == [f"Usage of undefined variable {one}" for one in said]

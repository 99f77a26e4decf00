"""Arbitrary Dockerfiles end in stages or in a mistake with a message, never in an accident; ignore files keep their rules."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from api_schema.oci import ContainerConfig
from daemon.engine.build import operations as ops
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import Matcher, read_patterns
from daemon.engine.dockerfile.instructions import RULES, stages
from daemon.engine.dockerfile.source import read

WORDS = st.sampled_from(
    ["busybox", "AS", "one", "--from=one", "--mount=type=cache,target=/c", "--chown=1", "<<EOF", "EOF",
     "$A", "${A:-b}", "${A", "A=1", '"q', "'s'", "[", '["a"]', "\\", "80/tcp", "/x", "CMD", "NONE", "#", "\n"]
)  # fmt: skip
LINES = st.builds(
    lambda keyword, words: f"{keyword} {' '.join(words)}",
    st.sampled_from(sorted(RULES)).map(str.upper),
    st.lists(WORDS, max_size=5),
)
PATHS = st.lists(st.sampled_from("abc*?."), min_size=1, max_size=3).map("".join)
PATTERNS = st.lists(
    st.builds(lambda bang, parts: bang + "/".join(parts), st.sampled_from(["", "!"]), st.lists(PATHS | st.just("**"), min_size=1, max_size=3)),
    max_size=4,
)  # fmt: skip


async def image(name: str, platform: str, context: str) -> ops.BaseImage:
    return ops.BaseImage(name, ContainerConfig(Env=["PATH=/bin"]), ("sha256:1",))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
def test_any_bytes_are_lines_or_a_mistake(data: bytes) -> None:
    with contextlib.suppress(DockerfileError):
        stages(read(data).lines)


@given(st.lists(LINES, max_size=8))
async def test_any_instructions_are_a_plan_or_a_mistake(lines: list[str]) -> None:
    text = "\n".join(["FROM busybox AS zero", *lines])
    with contextlib.suppress(DockerfileError):
        await Planner(read(text.encode()), Options(), image).plan()


@given(PATTERNS, st.lists(st.sampled_from(["a", "b", "c", "a.b"]), min_size=1, max_size=4))
def test_what_is_below_an_ignored_folder_is_ignored_without_exceptions(
    patterns: list[str], parts: list[str]
) -> None:
    with contextlib.suppress(DockerfileError):
        matcher = Matcher(read_patterns("\n".join(patterns).encode()))
        path = "/".join(parts)
        if matcher.excludes(path) and not matcher.has_exceptions:
            assert matcher.excludes(f"{path}/below")


@given(PATTERNS, st.lists(st.sampled_from(["a", "b", "c", "a.b"]), min_size=1, max_size=4))
def test_an_exception_at_the_end_wins(patterns: list[str], parts: list[str]) -> None:
    path = "/".join(parts)
    with contextlib.suppress(DockerfileError):
        assert not Matcher([*read_patterns("\n".join(patterns).encode()), f"!{path}"]).excludes(
            path
        )

"""Which paths a .dockerignore leaves out."""

import pytest

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import Matcher, read_patterns


def test_the_file_format() -> None:
    text = b"\xef\xbb\xbf# note\n *.log \n\n/abs/path/\n!/keep\n ! spaced \n#x\n./a/../b\n"
    assert read_patterns(text) == ["*.log", "abs/path", "!keep", "!spaced", "b"]


@pytest.mark.parametrize(
    ("patterns", "path", "excluded"),
    [
        (["*.log"], "a.log", True),
        (["*.log"], "d/a.log", False),
        (["**/*.log"], "d/e/a.log", True),
        (["**/*.log"], "a.log", True),
        (["docs"], "docs/deep/file", True),
        (["docs/*"], "docs", False),
        (["docs/*"], "docs/deep/file", True),
        (["docs", "!docs/README"], "docs/README", False),
        (["!docs/README", "docs"], "docs/README", True),
        (["*", "!src"], "src/main.c", False),
        (["*", "!src"], "other", True),
        (["a**"], "abc/def", True),
        (["a?c"], "abc", True),
        (["a?c"], "a/c", False),
        (["[a-c]x"], "bx", True),
        (["[^a-c]x"], "bx", False),
        ([r"\*x"], "*x", True),
        ([r"\*x"], "ax", False),
        (["a.b"], "aXb", False),
        (["**"], "anything/at/all", True),
    ],
)
def test_the_last_match_of_a_path_or_its_parents_wins(
    patterns: list[str], path: str, excluded: bool
) -> None:
    assert Matcher(patterns).excludes(path) is excluded


@pytest.mark.parametrize("pattern", ["[", "[]", "a[", "\\"])
def test_a_broken_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(DockerfileError, match="syntax error in pattern"):
        Matcher([pattern])


def test_a_lone_exclamation_mark_is_refused() -> None:
    with pytest.raises(DockerfileError, match='illegal exclusion pattern: "!"'):
        Matcher(["!"])

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
        (["**b"], "ab", True),
        (["**b*"], "ab", False),
        (["a/**"], "a", False),
        (["^a"], "^a", True),
        ([r"\d"], "7", True),
        ([r"\[a\]"], "[a]", True),
        (["[[]x"], "[x", True),
        (["[*]"], "[]", True),
        (["a]"], "a]", True),
        (["a/*/[a-]"], "a/x/-", True),
    ],
)
def test_the_last_match_of_a_path_or_its_parents_wins(
    patterns: list[str], path: str, excluded: bool
) -> None:
    assert Matcher(patterns).excludes(path) is excluded


def test_on_a_walk_a_pattern_that_changed_nothing_above_does_not_count_below() -> None:
    matcher = Matcher(["*", "!d/f", "d"])
    assert matcher.excludes("d/f")
    folder = matcher.walked("d")
    assert folder.excluded
    assert not matcher.walked("d/f", folder).excluded


def test_a_walk_enters_what_is_left_out_only_where_an_exception_begins_with_it() -> None:
    matcher = Matcher(["d", "e", "!d/f", "!**/g"])
    assert matcher.enters("d")
    assert not matcher.enters("e")


def test_a_class_that_no_expression_can_have_is_refused_when_it_is_asked() -> None:
    matcher = Matcher(["[b-a]"])
    with pytest.raises(DockerfileError, match="syntax error in pattern"):
        matcher.excludes("x")


@pytest.mark.parametrize(
    "pattern", ["[", "[]", "a[", "[a-]", "[-a]", "[]a]", "[^]", "*/[a-]", "b/[a-]", "?*[a-]", "\\"]
)
def test_a_broken_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(DockerfileError, match="syntax error in pattern"):
        Matcher([pattern])


def test_a_lone_exclamation_mark_is_refused() -> None:
    with pytest.raises(DockerfileError, match='illegal exclusion pattern: "!"'):
        Matcher(["!"])

"""Go's path.Match: what matches, and what is no pattern at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.engine.images.patterns import compiled
from daemon.errors import System


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("alpine", "alpine", True),
        ("alp*", "alpine", True),
        ("*", "me/app", False),
        ("*/*", "me/app", True),
        ("a?pine", "alpine", True),
        ("a?b", "a/b", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[^a-c]x", "dx", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        ("a.b", "axb", False),
        ("[.]", ".", True),
    ],
)
def test_matches(pattern: str, text: str, fits: bool) -> None:
    assert bool(compiled(pattern).fullmatch(text)) is fits


@pytest.mark.parametrize("pattern", ["[", "[]", "a[", "a\\", "[a"])
def test_refuses(pattern: str) -> None:
    with pytest.raises(System, match="syntax error in pattern"):
        compiled(pattern)


@given(st.text(max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern: str) -> None:
    try:
        compiled(pattern)
    except System as refused:
        assert str(refused) == "syntax error in pattern"  # noqa: PT017

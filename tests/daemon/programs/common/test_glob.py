"""Patterns mean what they mean to a naive matcher, and none of them stalls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.programs.common import glob


def naive(pattern: str, text: str) -> bool:
    """`*`, `?` and letters only, by the book."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in (text[0], "?") and naive(pattern[1:], text[1:])


PATTERNS = st.text("ab*?", max_size=7)
TEXTS = st.text("ab", max_size=9)


@given(PATTERNS, TEXTS)
def test_a_whole_text_matches_as_defined(pattern: str, text: str) -> None:
    assert glob.matches(pattern, text) == naive(pattern, text)


@given(PATTERNS, TEXTS, st.booleans())
def test_the_shortest_and_the_longest_prefix_and_suffix(
    pattern: str, text: str, longest: bool
) -> None:
    pick = max if longest else min
    lengths = range(len(text) + 1)
    prefixes = [n for n in lengths if naive(pattern, text[:n])]
    suffixes = [n for n in lengths if naive(pattern, text[len(text) - n :])]
    assert glob.prefix(pattern, text, longest=longest) == (pick(prefixes) if prefixes else None)
    assert glob.suffix(pattern, text, longest=longest) == (pick(suffixes) if suffixes else None)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("[a-c]x", "bx", True),
        ("[!a-c]x", "bx", False),
        ("[^a]", "b", True),
        ("[]a]", "]", True),
        ("[a-]", "-", True),
        ("[[:digit:]_]*", "_1", True),
        ("[[:upper:][:digit:]]", "a", False),
        ("[z-a]", "z", False),
        ("[a", "[a", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        (r"[\]]", "]", True),
        ("a\nb", "a\nb", True),
        ("[[.-.]]", "-", True),
        ("*", "", True),
    ],
)
def test_brackets_and_quoting(pattern: str, text: str, expected: bool) -> None:
    assert glob.matches(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("@(a|b)c", "bc", True),
        ("?(a)b", "b", True),
        ("*(ab)", "abab", True),
        ("+(a|b)", "", False),
        ("!(a*)", "ba", True),
        ("!(a*)", "ab", False),
        ("!(a).c", "b.c", True),
        ("@(a", "@(a", True),
    ],
)
def test_extended_patterns(pattern: str, text: str, expected: bool) -> None:
    assert glob.matches(pattern, text, extended=True) == expected


@pytest.mark.parametrize("pattern", ["*a" * 20 + "*b", "*" * 50 + "b", "?*" * 15 + "b"])
def test_no_pattern_stalls(pattern: str) -> None:
    """A matcher that backtracks would not come back in a lifetime."""
    text = "a" * 3000
    assert not glob.matches(pattern, text)
    assert glob.prefix(pattern, text, longest=True) is None
    assert glob.suffix(pattern, text, longest=False) is None

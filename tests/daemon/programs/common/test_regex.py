"""POSIX expressions match what they match in grep and sed."""

import re

import pytest

from daemon.programs.common.regex import RegexError, compile_posix

BASIC = [
    (b"a*", b"aaa", b"aaa"),
    (b"*a", b"x*a", b"*a"),
    (rb"a\+", b"baa", b"aa"),
    (b"a+", b"aa+", b"a+"),
    (rb"\(a\)\1", b"baa", b"aa"),
    (rb"a\{2\}", b"aaaa", b"aa"),
    (b"a{2}", b"aa{2}", b"a{2}"),
    (b"^*a", b"*a", b"*a"),
    (b"a^b", b"a^b", b"a^b"),
    (b"a$b", b"a$b", b"a$b"),
    (rb"x\|y", b"zy", b"y"),
    (b"[]a]", b"]", b"]"),
    (b"[^]a]", b"]ab", b"b"),
    (rb"[\n]", b"\n", b"\n"),
    (rb"\<b", b"ab b", b"b"),
    (rb"\w\+", b"--ab_1-", b"ab_1"),
    (b"[[:digit:]]*", b"42x", b"42"),
    (b"a.c", b"a\nc", b"a\nc"),
]
EXTENDED = [
    (b"a+", b"baa", b"aa"),
    (b"a?b", b"b", b"b"),
    (b"(ab)+", b"abab", b"abab"),
    (b"a|b", b"b", b"b"),
    (b"a{2,3}", b"aaaa", b"aaa"),
    (b"a{,2}", b"aaa", b"aa"),
    (b"a*?", b"aa", b"aa"),
    (b"a*+", b"aa", b"aa"),
    (b"foo|foobar", b"foobar", b"foobar"),
    (b"{", b"{", b"{"),
    (b"a{x", b"a{x", b"a{x"),
    (b"(^a|b)c", b"bc", b"bc"),
    (rb"\.", b"a.", b"."),
    (b"[a-c]+", b"xabcx", b"abc"),
    (b")", b")", b")"),
]


@pytest.mark.parametrize(("pattern", "subject", "match"), BASIC)
def test_a_basic_expression_matches(pattern: bytes, subject: bytes, match: bytes) -> None:
    found = compile_posix(pattern).search(subject)
    assert found is not None
    assert found[0] == match


@pytest.mark.parametrize(("pattern", "subject", "match"), EXTENDED)
def test_an_extended_expression_matches(pattern: bytes, subject: bytes, match: bytes) -> None:
    found = compile_posix(pattern, extended=True).search(subject)
    assert found is not None
    assert found[0] == match


@pytest.mark.parametrize(
    ("pattern", "extended", "text"),
    [
        (b"[a", False, "Unmatched ["),
        (b"(a", True, "Unmatched ("),
        (rb"\(a", False, "Unmatched ("),
        (b"a\\", False, "Trailing backslash"),
        (b"[[:foo:]]", False, "Invalid character class name"),
        (b"[b-a]", False, "Invalid range end"),
        (rb"\1", False, "Invalid back reference"),
        (rb"a\{2", False, "Unmatched \\{"),
        (rb"a\{3,2\}", False, "Invalid content of \\{\\}"),
    ],
)
def test_a_wrong_expression_says_what_regcomp_says(
    pattern: bytes, extended: bool, text: str
) -> None:
    with pytest.raises(RegexError, match=re.escape(text)):
        compile_posix(pattern, extended=extended)


def test_case_may_be_ignored_and_lines_may_be_anchored() -> None:
    assert compile_posix(b"FOO", ignore_case=True).search(b"foo")
    assert compile_posix(b"^b$", multiline=True).search(b"a\nb\nc")
    assert not compile_posix(b"^b$").search(b"a\nb\nc")

"""containerd's filter expressions, and its words for what is none."""

import pytest

from daemon.errors import InvalidParameter
from daemon.server.buildkit.filter_expressions import Term, parse


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("inuse", [Term("inuse")]),
        ("id==x,type!=y", [Term("id", "==", "x"), Term("type", "!=", "y")]),
        ("a.b~=c.d", [Term("a.b", "~=", "c.d")]),
        ("id == x", [Term("id", "==", "x")]),
        ("description~=/a b/", [Term("description", "~=", "a b")]),
        (r'description=="a \"b\"\x21\n"', [Term("description", "==", 'a "b"!\n')]),
    ],
)
def test_reads(text: str, terms: list[Term]) -> None:
    assert parse(text) == terms


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a~=b c", "[a~=b >| |< c]: unexpected input:  "),
        ("a=b", '[a >|=|< b]: unsupported operator "="'),
        ("a b", '[a  >|b|< ]: expected an operator ("=="|"!="|"~=")'),
        ("a==/b/", "[a== >|/|< b/]: invalid quote encountered"),
        ("a~=|b", "[a~= >|||< b]: quoted literal not terminated"),
        ("a==", "[a==]: expected value or quoted"),
        ("a==.", "[a== >|.|< ]: expected value or quoted"),
        ("a,", "[a,]: expected field or quoted"),
        (r'a=="\q"', r'[a== >|"|< \q"]: illegal escape sequence'),
    ],
)
def test_refuses(text: str, why: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        parse(text)
    assert str(refused.value) == f"filters: parse error: {why}: invalid argument"

"""The query string as Docker's handlers read it. Asked of Engine 28.5.2."""

import pytest

from daemon.errors import InvalidParameter, System
from daemon.server.query import Query


@pytest.mark.parametrize("text", ["a=", "a=0", "a=no", "a=false", "a=none", "a=FALSE", "a", ""])
def test_these_are_false(text: str) -> None:
    assert Query(text).flag("a") is False


@pytest.mark.parametrize("text", ["a=1", "a=true", "a=yes", "a=x", "a=2"])
def test_anything_else_is_true(text: str) -> None:
    assert Query(text).flag("a") is True


def test_an_absent_flag_is_its_default() -> None:
    assert Query("b=1").flag("a", default=True) is True


def test_values_are_decoded_and_the_first_counts() -> None:
    query = Query("a=x%20y+z&a=second&b=%E2%82%AC")
    assert query.get("a") == "x y z"
    assert query.all("a") == ["x y z", "second"]
    assert query.get("b") == "€"


def test_bytes_that_are_no_text_survive() -> None:
    assert Query("path=%ff").get("path").encode("utf-8", "surrogateescape") == b"\xff"


def test_a_number_is_refused_in_strconvs_words() -> None:
    assert Query("n=-5").int("n") == -5
    assert Query("n=").int("n", 7) == 7
    with pytest.raises(System, match=r'strconv\.Atoi: parsing "abc": invalid syntax'):
        Query("n=abc").int("n")


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("a=%zz", 'invalid URL escape "%zz"'),
        ("a=%4", 'invalid URL escape "%4"'),
        ("a=1;b=2", "invalid semicolon separator in query"),
    ],
)
def test_broken_escapes_are_refused(text: str, refusal: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        Query(text)
    assert str(caught.value) == refusal

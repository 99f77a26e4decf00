"""Quotes, escapes and variables in Dockerfile words."""

import pytest

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.words import Lexer, split_quoted

ENV = {"NAME": "value", "EMPTY": "", "PATHS": "a b  c", "FILE": "/srv/app.tar.gz"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$NAME", "value"),
        ("${NAME}s", "values"),
        ("$NAMEs", ""),
        ("'$NAME'", "$NAME"),
        ('"$NAME"', "value"),
        (r"\$NAME", "$NAME"),
        (r'"\$NAME \x"', r"$NAME \x"),
        ("$", "$"),
        ("$.", "$."),
        ("${NAME:-other}", "value"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${NONE-other}", "other"),
        ("${NONE:-$NAME}", "value"),
        ("${NAME:+set}", "set"),
        ("${EMPTY:+set}", ""),
        ("${EMPTY+set}", "set"),
        ("${FILE#*/}", "srv/app.tar.gz"),
        ("${FILE##*/}", "app.tar.gz"),
        ("${FILE%.*}", "/srv/app.tar"),
        ("${FILE%%.*}", "/srv/app"),
        ("${FILE/a/A}", "/srv/App.tar.gz"),
        ("${FILE//a/A}", "/srv/App.tAr.gz"),
        ("${NAME/v?l/x}", "xue"),
    ],
)
def test_expands_as_buildkit_does(text: str, expected: str) -> None:
    assert Lexer().word(text, ENV) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'open", "unexpected end of statement while looking for matching single-quote"),
        ('"open', "unexpected end of statement while looking for matching double-quote"),
        ("${NAME", "unsupported modifier (\ufffd) in substitution"),
        ("${", "syntax error: missing '}'"),
        ("${}", "syntax error: bad substitution"),
        ("${NAME:#x}", "unsupported modifier (:#) in substitution"),
        ("${NONE:?}", "NONE: is not allowed to be unset"),
        ("${EMPTY:?}", "EMPTY: is not allowed to be empty"),
        ("${NONE?give one}", "NONE: give one"),
    ],
)
def test_refuses_in_buildkits_words(text: str, message: str) -> None:
    with pytest.raises(DockerfileError) as problem:
        Lexer().word(text, ENV)
    quoted = text.replace('"', '\\"')
    assert problem.value.message == f'failed to process "{quoted}": {message}'


def test_words_split_after_expansion_but_not_inside_quotes() -> None:
    assert Lexer().words('$PATHS "$PATHS" x', ENV) == ["a", "b", "c", "a b  c", "x"]


def test_unknown_variables_can_stay_as_they_stand() -> None:
    lexer = Lexer(keep_unset=True)
    assert lexer.word("$NONE ${NONE} ${NONE:-x} $NAME", ENV) == "$NONE ${NONE} ${NONE:-x} value"


def test_tells_which_variables_were_asked_for() -> None:
    lexer = Lexer()
    lexer.word("$NAME ${NONE:-x}", ENV)
    assert (lexer.matched, lexer.unmatched) == ({"NAME"}, {"NONE"})


def test_the_first_split_of_env_keeps_quotes_and_escapes() -> None:
    assert split_quoted(r'a="x y" b=c\ d e=', "\\") == ['a="x y"', r"b=c\ d", "e="]

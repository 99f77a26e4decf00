"""Logical lines: directives, comments, continuations, here-documents."""

import re

import pytest

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.source import Heredoc, read


def originals(text: str) -> list[str]:
    return [line.original for line in read(text.encode()).lines]


def test_comments_and_blank_lines_inside_a_continuation_are_left_out() -> None:
    text = "FROM a\nRUN one \\\n# note\n\n  two \\\n   three\nCMD x"
    assert originals(text) == ["FROM a", "RUN one   two    three", "CMD x"]
    assert read(text.encode()).warnings == [("RUN one   two    three", 6)]


def test_lines_know_where_they_stand() -> None:
    lines = read(b"# c\nFROM a\n\nRUN x \\\n y\nCOPY <<E /f\nbody\nE\n").lines
    assert [(line.start, line.end) for line in lines] == [(2, 2), (4, 5), (6, 8)]


def test_a_doubled_escape_at_the_end_continues_nothing() -> None:
    assert originals("FROM a\nRUN echo \\\\\nCMD x") == ["FROM a", "RUN echo \\\\", "CMD x"]


def test_the_escape_directive_changes_what_continues_a_line() -> None:
    source = read(b"# escape=`\nFROM a\nRUN dir C:\\ `\n  /w\n")
    assert source.escape == "`"
    assert source.lines[1].original == "RUN dir C:\\   /w"


def test_directives_end_with_the_first_other_line() -> None:
    assert read(b"# hello\n# escape=`\nFROM a\n").directives == {}
    assert read(b"#syntax = docker/dockerfile:1\nFROM a\n").directives == {
        "syntax": "docker/dockerfile:1"
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "file with no instructions"),
        ("# only a comment\n", "file with no instructions"),
        ("# escape=x\nFROM a", "invalid escape token 'x' does not match ` or \\"),
        ("# escape=`\n# escape=`\nFROM a", "only one escape parser directive can be used"),
        ("FROM a\nRUN <<E\nx\n", "unterminated heredoc"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(DockerfileError, match="^" + re.escape(message)):
        read(text.encode())


def test_heredocs_are_taken_in_order_with_their_quoting() -> None:
    line = read(b"COPY <<A <<-'B' /dir/\n$x\nA\n\tone\n\tB\n").lines[0]
    assert line.heredocs == (
        Heredoc("A", expand=True, chomp=False, content="$x\n"),
        Heredoc("B", expand=False, chomp=True, content="\tone\n"),
    )
    assert line.heredocs[1].text == "one\n"


def test_only_instructions_that_take_a_heredoc_read_one() -> None:
    assert originals("FROM a\nCMD cat <<E\nRUN x\n") == ["FROM a", "CMD cat <<E", "RUN x"]


def test_flags_end_at_the_first_other_word() -> None:
    line = read(b"COPY --from=x --chown='a b' src --not /d\n").lines[0]
    assert line.flags == ("--from=x", "--chown=a b")
    assert line.rest == "src --not /d"


def test_a_byte_order_mark_is_ignored() -> None:
    assert read("\ufeffFROM a\n".encode()).lines[0].keyword == "FROM"

"""Modes change as chmod changes them."""

import pytest

from daemon.programs.tools.modes import mode_string, parse_mode

FILE, FOLDER = 0o100000, 0o040000


@pytest.mark.parametrize(
    ("mode", "text", "result"),
    [
        (FILE | 0o644, "600", FILE | 0o600),
        (FILE | 0o644, "u+x", FILE | 0o744),
        (FILE | 0o644, "a-r", FILE | 0o200),
        (FILE | 0o644, "go=", FILE | 0o600),
        (FILE | 0o644, "+x", FILE | 0o755),
        (FILE | 0o644, "+w", FILE | 0o644),
        (FILE | 0o644, "u=g", FILE | 0o444),
        (FILE | 0o644, "u+s", FILE | 0o4644),
        (FOLDER | 0o755, "+t", FOLDER | 0o1755),
        (FILE | 0o644, "a+X", FILE | 0o644),
        (FOLDER | 0o644, "a+X", FOLDER | 0o755),
        (FILE | 0o744, "a+X", FILE | 0o755),
        (FILE | 0o000, "u=rwx,g=rx,o=", FILE | 0o750),
    ],
)
def test_a_mode_changes(mode: int, text: str, result: int) -> None:
    change = parse_mode(text, umask=0o022)
    assert change is not None
    assert change(mode) == result


@pytest.mark.parametrize("text", ["9", "u+q", "", "z+r", "u+r,", "77777777"])
def test_what_is_no_mode_is_none(text: str) -> None:
    assert parse_mode(text, 0) is None


def test_a_mode_reads_as_ls_shows_it() -> None:
    assert mode_string(FOLDER | 0o1777) == "drwxrwxrwt"

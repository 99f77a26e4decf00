"""printf's conversions against C's, as Python formats them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.programs.common.printf import WIDTH_MAX, Printf


def printed(template: str, *args: str) -> str:
    return Printf(template, list(args)).run().text


FLAGS = st.text("-+ 0#", max_size=3)
WIDTHS = st.integers(0, 12).map(lambda n: str(n) if n else "")
PRECISIONS = st.one_of(st.just(""), st.integers(0, 12).map(".{}".format))


@given(FLAGS, WIDTHS, PRECISIONS, st.sampled_from("di"), st.integers(-(1 << 63), (1 << 63) - 1))
def test_integers(flags: str, width: str, precision: str, kind: str, value: int) -> None:
    if precision:
        flags = flags.replace("0", "")  # C ignores the flag beside a precision, Python does not
    expected = f"%{flags}{width}{precision}d" % value
    if precision == ".0" and value == 0:
        return
    assert printed(f"%{flags}{width}{precision}{kind}", str(value)) == expected


@given(FLAGS, WIDTHS, PRECISIONS, st.floats(-1e6, 1e6))
def test_floats(flags: str, width: str, precision: str, value: float) -> None:
    assert (
        printed(f"%{flags}{width}{precision}f", repr(value))
        == f"%{flags}{width}{precision}f" % value
    )


def test_the_format_is_used_again_for_more_arguments() -> None:
    assert printed("%s-%d;", "a", "1", "b") == "a-1;b-0;"


def test_a_stop_ends_the_output() -> None:
    assert printed(r"%b|", r"a\cb") == "a"


@pytest.mark.parametrize("text", ["%1000000000d", "%.1000000000d", "%*d"])
def test_fields_are_not_wider_than_memory(text: str) -> None:
    assert len(printed(text, "1000000000", "1")) <= 2 * WIDTH_MAX

"""bc counts as bc does."""

import pytest

from daemon.programs.tools.calculator import Calculator, CalculatorError


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("1+2", ["3"]),
        ("2*3+4", ["10"]),
        ("2^10", ["1024"]),
        ("7/2", ["3"]),
        ("scale=2; 7/2", ["3.50"]),
        ("scale=3; 1/3", [".333"]),
        ("7%3", ["1"]),
        ("(1+2)*3", ["9"]),
        ("-5+2", ["-3"]),
        ("1.5+1.5", ["3.0"]),
        ("1.5*1.5", ["2.2"]),
        ("x=5; x*2", ["10"]),
        ("5>3; 5<3", ["1", "0"]),
        ("sqrt(16)", ["4"]),
        ("scale=4; sqrt(2)", ["1.4142"]),
        ("2^100", ["1267650600228229401496703205376"]),
        ("1 # comment", ["1"]),
    ],
)
def test_a_line_prints_its_values(line: str, shown: list[str]) -> None:
    assert Calculator().run(line) == shown


@pytest.mark.parametrize("line", ["1/0", "1+", "(1", "1 2", "@"])
def test_nonsense_is_an_error(line: str) -> None:
    with pytest.raises(CalculatorError):
        Calculator().run(line)

"""Options are read as getopt_long reads them."""

import pytest

from daemon.programs.tools.options import OptionError, Parser

PARSER = Parser("ab:c::", "all=a block:=b color?=c recursive=r reverse=R")


@pytest.mark.parametrize(
    ("argv", "given", "args"),
    [
        (["-a"], [("a", None)], []),
        (["-ab", "1"], [("a", None), ("b", "1")], []),
        (["-b1"], [("b", "1")], []),
        (["-c"], [("c", None)], []),
        (["-cx"], [("c", "x")], []),
        (["-c", "x"], [("c", None)], ["x"]),
        (["x", "-a", "y"], [("a", None)], ["x", "y"]),
        (["--", "-a"], [], ["-a"]),
        (["-"], [], ["-"]),
        (["--all"], [("a", None)], []),
        (["--block=2"], [("b", "2")], []),
        (["--block", "2"], [("b", "2")], []),
        (["--blo", "2"], [("b", "2")], []),
        (["--color"], [("c", None)], []),
        (["--color=auto"], [("c", "auto")], []),
        (["--rec"], [("r", None)], []),
    ],
)
def test_words_become_options_and_operands(
    argv: list[str], given: list[tuple[str, str | None]], args: list[str]
) -> None:
    found = PARSER.parse(argv)
    assert (found.given, found.args) == (given, args)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["-x"], "invalid option -- 'x'"),
        (["-b"], "option requires an argument -- 'b'"),
        (["--zz"], "unrecognized option '--zz'"),
        (["--block"], "option '--block' requires an argument"),
        (["--all=1"], "option '--all' doesn't allow an argument"),
        (["--re"], "option '--re' is ambiguous; possibilities: '--recursive' '--reverse'"),
    ],
)
def test_a_wrong_word_is_named(argv: list[str], text: str) -> None:
    with pytest.raises(OptionError) as caught:
        PARSER.parse(argv)
    assert caught.value.text == text


def test_the_first_operand_may_end_the_options() -> None:
    assert Parser("a", stop_at_operand=True).parse(["x", "-a"]).args == ["x", "-a"]


def test_the_last_of_rivals_wins() -> None:
    found = Parser("fi").parse(["-f", "-i"])
    assert found.last_of("fi") == "i"
    assert found.count("f") == 1

"""Arithmetic against C's rules, and against bash where it is installed."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.programs.shell.arithmetic import ArithmeticFault, compile_expression


class Variables(dict[str, int]):
    def arithmetic_get(self, name: str, index: str | None) -> int:
        return self.get(name, 0)

    def arithmetic_set(self, name: str, index: str | None, value: int) -> None:
        self[name] = value


def value(text: str, variables: Variables | None = None, *, extended: bool = True) -> int:
    return compile_expression(text, extended)(Variables() if variables is None else variables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("2 ** 3 ** 2", 512),
        ("1 << 62 << 1", -(1 << 63)),
        ("9223372036854775807 + 1", -(1 << 63)),
        ("0x1f + 010 + 2#101", 31 + 8 + 5),
        ("1 ? 2 : 3", 2),
        ("0 || 5", 1),
        ("!3 + ~0", -1),
        ("1, 2, 3", 3),
        ("5 > 3 == 1", 1),
        ("6 & 3 | 8 ^ 1", 11),
        ("- - 5", 5),
        ("", 0),
    ],
)
def test_operators_bind_as_in_c(text: str, expected: int) -> None:
    assert value(text) == expected


def test_assignments_store_and_return() -> None:
    variables = Variables(a=5)
    assert value("b = a += 2", variables) == 7
    assert value("a++ + ++a", variables) == 7 + 9
    assert variables == {"a": 9, "b": 7}


def test_what_is_not_chosen_is_not_evaluated() -> None:
    variables = Variables()
    assert value("1 || (a = 1)", variables) == 1
    assert value("0 ? (a = 1) : 2", variables) == 2
    assert "a" not in variables


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1 +", "primary"),
        ("1 / 0", "division"),
        ("1 2", "trailing"),
        ("08", "base"),
        ("(1", "parenthesis"),
        ("1 ? 2", "colon"),
        ("2 ** -1", "exponent"),
        ("(" * 500, "depth"),
    ],
)
def test_faults_are_named(text: str, kind: str) -> None:
    with pytest.raises(ArithmeticFault) as caught:
        value(text)
    assert caught.value.kind == kind


def test_dash_has_no_increment() -> None:
    assert value("3 - --2", extended=False) == 1


NUMBERS = st.integers(0, 1 << 40).map(str)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(
            inner,
            st.sampled_from(
                [
                    "+",
                    "-",
                    "*",
                    "/",
                    "%",
                    "&",
                    "|",
                    "^",
                    "<",
                    ">",
                    "<=",
                    ">=",
                    "==",
                    "!=",
                    "&&",
                    "||",
                    "<<",
                    ">>",
                ]
            ),
            inner,
        )
        .map(" ".join)
        .map("({})".format)
        | st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})")
        | inner.map("- {}".format)
        | inner.map("~ {}".format)
    ),
    max_leaves=8,
)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@settings(max_examples=40, deadline=None)
@given(st.lists(EXPRESSIONS, min_size=10, max_size=10))
def test_agrees_with_bash(expressions: list[str]) -> None:
    script = "\n".join(f"(echo $(({text}))) 2>/dev/null || echo fault" for text in expressions)
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    ours = []
    for text in expressions:
        try:
            ours.append(str(value(text)))
        except ArithmeticFault:
            ours.append("fault")
    assert ours == ran.stdout.split()

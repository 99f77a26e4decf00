"""The grammar: what each construct becomes, what is incomplete and what is wrong."""

import pytest

from daemon.programs.shell.errors import Incomplete, ShellSyntaxError
from daemon.programs.shell.flavour import ASH, BASH, DASH, Flavour
from daemon.programs.shell.parser import Parser
from daemon.programs.shell.syntax import (
    AndOr,
    ArithCommand,
    ArithFor,
    ArrayLiteral,
    Background,
    Case,
    CommandSub,
    Conditional,
    DoubleQuoted,
    For,
    Function,
    HereDoc,
    If,
    List,
    Param,
    Pipeline,
    Redirected,
    Simple,
    Subshell,
    While,
)


def parse(text: str, flavour: Flavour = BASH) -> list[object]:
    parser = Parser(text, flavour)
    commands: list[object] = []
    while (line := parser.parse_line()) is not None:
        commands.extend(line.commands)
    return commands


def words(command: object) -> list[str | None]:
    assert isinstance(command, Simple)
    return [word.plain for word in command.words]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("echo a", Simple),
        ("a | b", Pipeline),
        ("! a", Pipeline),
        ("a && b || c", AndOr),
        ("a &", Background),
        ("(a; b)", Subshell),
        ("if a; then b; elif c; then d; else e; fi", If),
        ("while a; do b; done", While),
        ("until a; do b; done", While),
        ("for x in a b; do c; done", For),
        ("for x\ndo c; done", For),
        ("case x in a|b) c;; (d) ;; esac", Case),
        ("f() { a; }", Function),
        ("function f { a; }", Function),
        ("((a + 1))", ArithCommand),
        ("for ((i = 0; i < 3; i++)); do a; done", ArithFor),
        ("[[ -f a && ( b == c* || ! d =~ (e|f) ) ]]", Conditional),
        ("select x in a; do b; done", For),
        ("{ a; } > out 2>&1", Redirected),
    ],
)
def test_each_construct_has_its_node(text: str, kind: type) -> None:
    (command,) = parse(text)
    assert isinstance(command, kind)


@pytest.mark.parametrize(
    "text",
    [
        "if a; then\n",
        "for x in a\n",
        "case x in\n",
        "echo 'a\n",
        'echo "a\n',
        "echo $(a\n",
        "echo `a\n",
        "a &&\n",
        "a |\n",
        "cat <<EOF\nabc\n",
        "f() {\n",
        "echo ${x-a\n",
        "echo $((1 +\n",
        "(a\n",
        "echo a",
    ],
)
def test_an_open_construct_asks_for_more(text: str) -> None:
    parser = Parser(text, BASH, final=False)
    with pytest.raises(Incomplete):
        parser.parse_line()


@pytest.mark.parametrize(
    "text", ["fi", "a ;; b", "if a; then fi", "( a", "a & & b", "| a", "echo >", ")"]
)
@pytest.mark.parametrize("flavour", [ASH, DASH, BASH], ids=lambda f: f.name)
def test_nonsense_is_refused(text: str, flavour: Flavour) -> None:
    with pytest.raises(ShellSyntaxError):
        parse(text, flavour)


def test_lines_before_an_error_are_parsed_first() -> None:
    parser = Parser("echo a\nfi\n", DASH)
    assert parser.parse_line()
    with pytest.raises(ShellSyntaxError) as caught:
        parser.parse_line()
    assert (caught.value.line, caught.value.found) == (2, "fi")


def test_reserved_words_are_plain_arguments() -> None:
    assert words(parse("echo if then fi { }")[0]) == ["echo", "if", "then", "fi", "{", "}"]


def test_quotes_join_into_one_word() -> None:
    assert words(parse("""a'b c'"d"\\ e""")[0]) == ["ab cd e"]


def test_a_comment_starts_only_at_a_word() -> None:
    assert words(parse("a#b # c")[0]) == ["a#b"]


def test_a_continued_line_is_one_line() -> None:
    assert words(parse("a \\\n b")[0]) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a{b,c}d", ["abd", "acd"]),
        ("{1..3}", ["1", "2", "3"]),
        ("{01..3}", ["01", "02", "03"]),
        ("{c..a}", ["c", "b", "a"]),
        ("{1..9..4}", ["1", "5", "9"]),
        ("{a,{b,c}}x", ["ax", "bx", "cx"]),
        ("{a}", ["{a}"]),
        ("'{a,b}'", ["{a,b}"]),
        ("{a,b}{1,2}", ["a1", "a2", "b1", "b2"]),
    ],
)
def test_braces_expand_in_bash_only(text: str, expected: list[str]) -> None:
    assert words(parse(f"echo {text}")[0])[1:] == expected
    if text != "'{a,b}'":
        assert words(parse(f"echo {text}", ASH)[0])[1:] == [text]


def test_here_documents_are_read_at_the_next_newline() -> None:
    first, second = parse("a <<X; b <<-'Y'\n$x\nX\n\t$y\n\tY\n")
    bodies = []
    for command in (first, second):
        assert isinstance(command, Simple)
        target = command.redirects[0].target
        assert isinstance(target, HereDoc)
        bodies.append(target.body)
    assert isinstance(bodies[0].parts[0], Param)
    assert bodies[1].plain == "$y\n"


def test_an_array_literal_is_one_word() -> None:
    (command,) = parse("a=(1 'b c' [5]=d)")
    assert isinstance(command, Simple)
    literal = command.assigns[0].parts[1]
    assert isinstance(literal, ArrayLiteral)
    assert len(literal.items) == 3


def test_a_substitution_may_hold_a_case_and_quotes() -> None:
    (command,) = parse('echo "$(case a in a) echo ")";; esac)"')
    assert isinstance(command, Simple)
    quoted = command.words[1].parts[0]
    assert isinstance(quoted, DoubleQuoted)
    assert isinstance(quoted.parts[0], CommandSub)


@pytest.mark.parametrize(
    ("text", "name", "op"),
    [
        ("${x}", "x", ""),
        ("${#x}", "x", "length"),
        ("${#}", "#", ""),
        ("${x:-a}", "x", ":-"),
        ("${x##a}", "x", "##"),
        ("${x/#a/b}", "x", "/#"),
        ("${x:1:2}", "x", ":"),
        ("${!x}", "x", "!"),
        ("${!x@}", "x", "!names@"),
        ("${x^^}", "x", "^^"),
        ("${x@Q}", "x", "@"),
        ("${-}", "-", ""),
        ("${x!}", "", "bad"),
        ("${}", "", "bad"),
    ],
)
def test_every_form_of_parameter(text: str, name: str, op: str) -> None:
    (command,) = parse(f"echo {text}")
    assert isinstance(command, Simple)
    (param,) = command.words[1].parts
    assert isinstance(param, Param)
    assert (param.name, param.op) == (name, op)


def test_aliases_are_spliced_once() -> None:
    parser = Parser("ls a; sudo ll", DASH, aliases={"ls": "ls -F", "sudo": "env ", "ll": "ls -l"})
    line = parser.parse_line()
    assert line is not None
    assert [words(command) for command in line.commands] == [
        ["ls", "-F", "a"],
        ["env", "ls", "-F", "-l"],
    ]


def test_a_blank_line_is_an_empty_list() -> None:
    assert Parser("\n", DASH).parse_line() == List(())

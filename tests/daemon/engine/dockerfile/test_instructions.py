"""Typed instructions, and what the parser refuses."""

import pytest

from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.source import read


def only(text: str) -> i.Instruction | i.Stage:
    return i.parse(read(text.encode()).lines[0])


def test_env_has_an_old_and_a_new_form() -> None:
    old, new = only("ENV name some  value"), only("ENV a=1 b='x y' c=")
    assert isinstance(old, i.Pairs)
    assert isinstance(new, i.Pairs)
    assert (old.pairs, old.old_form) == ((("name", "some  value"),), True)
    assert (new.pairs, new.old_form) == ((("a", "1"), ("b", "'x y'"), ("c", "")), False)


def test_arguments_with_and_without_default() -> None:
    arg = only("ARG a b=2")
    assert isinstance(arg, i.Arg)
    assert arg.pairs == (("a", None), ("b", "2"))


@pytest.mark.parametrize(
    ("text", "argv", "shell_form"),
    [
        ('CMD ["a", "b c"]', ("a", "b c"), False),
        ("CMD a b c", ("a b c",), True),
        ("CMD ['a']", ("['a']",), True),
        ("ENTRYPOINT []", (), False),
        ("RUN", (), True),
    ],
)
def test_commands_have_two_forms(text: str, argv: tuple[str, ...], shell_form: bool) -> None:
    command = only(text)
    assert isinstance(command, i.Command)
    assert (command.argv, command.shell_form) == (argv, shell_form)


def test_copy_takes_files_and_heredocs() -> None:
    copy = only("COPY --link --chmod=755 a <<run.sh b /bin/\necho\nrun.sh\n")
    assert isinstance(copy, i.Copy)
    assert (copy.sources, copy.destination) == (("a", "b"), "/bin/")
    assert [body.content for body in copy.inline] == ["echo\n"]
    assert copy.flags.switch("link")
    assert copy.flags.text("chmod") == "755"


def test_healthcheck_is_image_config() -> None:
    check = only("HEALTHCHECK --interval=1m30s --retries=3 CMD curl -f x")
    assert isinstance(check, i.Healthcheck)
    assert check.test == ("CMD-SHELL", "curl -f x")
    assert check.options == {"Interval": 90_000_000_000, "Retries": 3}


def test_onbuild_keeps_the_text_of_its_trigger() -> None:
    trigger = only("ONBUILD  COPY . /app")
    assert isinstance(trigger, i.Onbuild)
    assert trigger.trigger == "COPY . /app"


def test_stages_and_the_arguments_before_them() -> None:
    lines = read(b"ARG V=1\nFROM a:$V AS One\nRUN x\nFROM --platform=linux/arm64 b\n").lines
    found, before = i.stages(lines)
    assert [(s.base, s.name, s.platform) for s in found] == [
        ("a:$V", "one", ""),
        ("b", "", "linux/arm64"),
    ]
    assert [arg.pairs for arg in before] == [(("V", "1"),)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FORM busybox", "unknown instruction: FORM (did you mean FROM?)"),
        ("BOGUS x", "unknown instruction: BOGUS"),
        ("FROM", "FROM requires either one or three arguments"),
        ("FROM a b", "FROM requires either one or three arguments"),
        (
            "FROM a AS 1x",
            'invalid name for build stage: "1x", name can\'t start with a number or contain symbols',
        ),
        ("ENV", "ENV requires at least one argument"),
        ("ENV x", "ENV must have two arguments"),
        (
            "LABEL a=1 b",
            'Syntax error - can\'t find = in "b". Must be of the form: name=value',
        ),
        ("ENV =x", "ENV names can not be blank"),
        ("WORKDIR", "WORKDIR requires exactly one argument"),
        (
            "COPY a",
            "COPY requires at least two arguments, but only one was provided. "
            "Destination could not be determined",
        ),
        ("COPY --frm=x a b", "unknown flag: --frm (did you mean from?)"),
        ("COPY --link=x a b", "expecting boolean value for flag --link, not: x"),
        ("COPY --from a b", "missing a value on flag: --from"),
        ("COPY --from=a --from=b a b", "duplicate flag specified: --from"),
        ("CMD [1]", "when using JSON array syntax, arrays must be comprised of strings only"),
        ("SHELL bash", "SHELL requires the arguments to be in JSON form"),
        ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
        ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK RUN x", 'Unknown type "RUN" in HEALTHCHECK (try CMD)'),
        ("HEALTHCHECK --interval=1 CMD x", 'time: missing unit in duration "1"'),
        ("HEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)"),
        ('VOLUME [""]', "VOLUME specified can not be an empty string"),
    ],
)
def test_refuses_in_buildkits_words(text: str, message: str) -> None:
    with pytest.raises(DockerfileError) as problem:
        only(text)
    assert problem.value.message == message


def test_a_refusal_names_its_line() -> None:
    with pytest.raises(DockerfileError) as problem:
        i.stages(read(b"FROM a\n\nBOGUS x\n").lines)
    assert str(problem.value) == "dockerfile parse error on line 3: unknown instruction: BOGUS"
    assert problem.value.lines == (3, 3)


def test_an_instruction_before_the_first_stage_is_refused() -> None:
    with pytest.raises(DockerfileError, match="no build stage in current context"):
        i.stages(read(b"RUN x\nFROM a\n").lines)

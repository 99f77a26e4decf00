"""Metadata instructions on an image's config, and what the history says of them."""

import pytest

from api_schema.oci import ContainerConfig
from daemon.engine.build.draft import BadPort, BuildArgs, Draft, expose_ports, resolve_globals
from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile.source import read


def applied(text: str, **given: str) -> tuple[Draft, list[str | None]]:
    """A draft after the instructions of `text`, and their history texts."""
    draft = Draft(ContainerConfig(Env=["PATH=/bin"], Cmd=["sh"]), BuildArgs(given))
    said = []
    for line in read(text.encode()).lines:
        instruction = i.parse(line)
        assert isinstance(instruction, i.Instruction)
        said.append(draft.apply(instruction))
    return draft, said


@pytest.mark.parametrize(
    ("text", "history", "member", "value"),
    [
        (
            'ENV A=1 B="two words"',
            "ENV A=1 B=two words",
            "env",
            ["PATH=/bin", "A=1", "B=two words"],
        ),
        ("ENV OLD form of it", "ENV OLD=form of it", "env", ["PATH=/bin", "OLD=form of it"]),
        ("LABEL l=m \"k k\"='v v'", "LABEL l=m k k=v v", "labels", {"l": "m", "k k": "v v"}),
        ("USER nobody", "USER nobody", "user", "nobody"),
        ("WORKDIR a/../b", "WORKDIR /b", "working_dir", "/b"),
        ("STOPSIGNAL SIGINT", "STOPSIGNAL SIGINT", "stop_signal", "SIGINT"),
        ("VOLUME /a /b", "VOLUME [/a /b]", "volumes", {"/a": {}, "/b": {}}),
        ('SHELL ["a", "-c"]', "SHELL [a -c]", "shell", ["a", "-c"]),
        ("CMD echo $A", 'CMD ["/bin/sh" "-c" "echo $A"]', "cmd", ["/bin/sh", "-c", "echo $A"]),
        ('ENTRYPOINT ["x"]', 'ENTRYPOINT ["x"]', "entrypoint", ["x"]),
        ("ONBUILD RUN x", "ONBUILD RUN x", "on_build", ["RUN x"]),
        (
            "EXPOSE 80 53/udp 9000-9001",
            "EXPOSE 53/udp 80 9000-9001",
            "exposed_ports",
            {"53/udp": {}, "80/tcp": {}, "9000/tcp": {}, "9001/tcp": {}},
        ),
    ],
)
def test_each_instruction_sets_its_member(
    text: str, history: str, member: str, value: object
) -> None:
    draft, said = applied(text)
    assert said == [history]
    assert getattr(draft.config, member) == value


def test_an_entrypoint_drops_the_base_images_command_but_not_the_stages_own() -> None:
    assert applied('ENTRYPOINT ["x"]')[0].config.cmd is None
    assert applied('CMD ["y"]\nENTRYPOINT ["x"]')[0].config.cmd == ["y"]


def test_the_pairs_of_one_env_see_what_was_before_it() -> None:
    draft, _ = applied("ENV A=1\nENV A=2 B=$A\nENV C=$A")
    assert draft.env == {"PATH": "/bin", "A": "2", "B": "1", "C": "2"}


def test_an_argument_takes_the_given_value_before_its_default() -> None:
    draft, said = applied("ARG A=1 B=2 C\nENV X=$A$B$C", A="given")
    assert said[0] == "ARG A=1 B=2 C"
    assert draft.env["X"] == "given2"
    assert draft.run_args == {"A": "given", "B": "2"}


def test_the_arguments_of_one_line_see_each_other_in_buildkit_only() -> None:
    classic, _ = applied("ARG A=1 B=$A")
    buildkit = Draft(ContainerConfig(), BuildArgs({}), last_wins=True)
    line = i.parse(read(b"ARG A=1 B=$A").lines[0])
    assert isinstance(line, i.Arg)
    buildkit.apply(line)
    assert (classic.args["B"], buildkit.args["B"]) == ("", "1")


def test_env_wins_over_an_argument_of_the_same_name() -> None:
    draft, _ = applied("ENV A=env\nARG A=arg\nLABEL l=$A")
    assert draft.config.labels == {"l": "env"}
    assert draft.run_args == {}


def test_arguments_before_the_first_stage_are_seen_only_when_named_again() -> None:
    args = BuildArgs({}, platform={"TARGETARCH": "amd64"})
    before = [i.parse(line) for line in read(b"ARG V=1\nARG W=$V-$TARGETARCH").lines]
    resolve_globals([arg for arg in before if isinstance(arg, i.Arg)], args, "\\")
    draft = Draft(ContainerConfig(), args)
    assert draft.expand("$W") == ""
    arg = i.parse(read(b"ARG W").lines[0])
    assert isinstance(arg, i.Arg)
    draft.apply(arg)
    assert draft.expand("$W") == "1-amd64"


def test_proxies_need_no_argument_and_leave_no_trace() -> None:
    draft, _ = applied("ARG A", HTTP_PROXY="http://p", OTHER="x")
    assert draft.hidden_args == {"HTTP_PROXY": "http://p"}
    assert draft.run_args == {}
    assert draft.build_args.unconsumed() == ["OTHER"]


@pytest.mark.parametrize(
    ("word", "message", "classic"),
    [
        ("x", "invalid containerPort: x", "Invalid containerPort: x"),
        ("70000", "invalid containerPort: 70000", "Invalid containerPort: 70000"),
        ("10-5", "invalid containerPort: 10-5", "Invalid containerPort: 10-5"),
        ("80/icmp", 'invalid port: "80/icmp": invalid proto: icmp', "Invalid proto: icmp"),
        ("/tcp", 'invalid port: "/tcp": no port specified', "No port specified: /tcp<empty>"),
    ],
)
def test_a_bad_port_is_refused_in_two_ways(word: str, message: str, classic: str) -> None:
    with pytest.raises(BadPort) as problem:
        expose_ports(word)
    assert (problem.value.message, problem.value.classic) == (message, classic)


@pytest.mark.parametrize("word", ["80", "80/", "80/TCP", "127.0.0.1:8080:80"])
def test_what_expose_leaves_out(word: str) -> None:
    assert expose_ports(word) == ["80/tcp"]

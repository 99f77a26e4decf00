"""RUN --mount, its defaults and refusals."""

import pytest

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.mounts import Mount, parse_mount, stage_of


def parse(text: str) -> Mount:
    return parse_mount(text, lambda value: value.replace("$ID", "expanded"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("target=/x", Mount(target="/x", readonly=True)),
        ("type=bind,from=a,src=/s,dst=/d,rw", Mount("bind", "a", "/s", "/d", readonly=False)),
        ("type=cache,target=/c,id=$ID", Mount("cache", target="/c", readonly=False, id="expanded")),
        ("type=tmpfs,target=/t,size=2m", Mount("tmpfs", target="/t", readonly=False, size=2 << 20)),
        ("type=secret,id=s,required", Mount("secret", readonly=True, id="s", required=True)),
        (
            "type=secret,id=s,env=TOKEN,mode=0400,uid=5",
            Mount("secret", readonly=True, id="s", env="TOKEN", mode=0o400, uid=5),
        ),
    ],
)
def test_fields_and_defaults(text: str, expected: Mount) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type=bnd", 'unsupported mount type "bnd" (did you mean bind?)'),
        ("type=cache,sharing=no", 'unsupported sharing value "no"'),
        ("tpye=bind", "unexpected key 'tpye' in 'tpye=bind' (did you mean type?)"),
        ("target", "invalid field 'target' must be a key=value pair"),
        ("required=true", "unexpected key 'required' for mount type 'bind'"),
        ("size=1", "unexpected key 'size' for mount type 'bind'"),
        ("type=tmpfs,size=x", "invalid value for size: x"),
        ("type=cache,mode=9", "invalid value 9 for mode"),
        ("uid=1", 'uid not allowed for "bind" type mounts'),
        ("ro=maybe", "invalid value for ro: maybe"),
        ("type=secret", "invalid secret mount. one of source, target required"),
        ("type=secret,from=a,id=b", "secret mount should not have a from"),
        ("sharing=locked", "invalid cache sharing set for bind mount"),
    ],
)
def test_refuses_in_buildkits_words(text: str, message: str) -> None:
    with pytest.raises(DockerfileError) as problem:
        parse(text)
    assert problem.value.message == message


def test_the_stage_is_known_before_variables_are() -> None:
    assert stage_of("type=bind,from=base,target=$ID") == "base"
    with pytest.raises(DockerfileError, match="define alias stage instead"):
        stage_of("from=$X")

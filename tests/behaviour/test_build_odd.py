"""Dockerfiles that few write: what is in the way, triggers, working directories as written. Texts are those of Engine 28.5.2."""

import re

import pytest

from tests.behaviour.conftest import Client
from tests.behaviour.test_build import context
from tests.behaviour.test_build_posted import build, finished, said, traces


@pytest.fixture(autouse=True)
async def busybox(docker: Client) -> None:
    await docker.post("/images/create?fromImage=busybox&tag=latest")


INLINE = "[internal] preparing inline document"
FILES = {"f": b"a\n", "d/g": b"b\n", "k/f/i": b"c\n"}


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ("COPY f d /x", "cannot copy to non-directory: ROOT/x"),
        ("COPY k /x\nCOPY f /x", "cannot replace to directory ROOT/x/f with file"),
        ("COPY f /x\nCOPY f /x/y", "mkdir /x: not a directory"),
        ("COPY f /x\nWORKDIR /x", "mkdir /x: not a directory"),
        ("COPY f /x\nWORKDIR /x/y", "lstat /x/y: not a directory"),
    ],
)
async def test_what_is_in_the_way_of_buildkit(docker: Client, steps: str, error: str) -> None:
    messages = await build(docker, context(f"FROM busybox\n{steps}\n", **FILES))
    found = re.sub(r"/var/lib/docker/overlay2/\w{25}/merged", "ROOT", messages[-1]["error"])
    assert found == error


@pytest.mark.parametrize("steps", ["COPY f /x", "COPY f /x/", "COPY d /x", "WORKDIR /x/y"])
async def test_links_to_a_destination_are_followed(docker: Client, steps: str) -> None:
    dockerfile = f"FROM busybox\nRUN ln -s /later /x\n{steps}\nRUN ls -d /later\n"
    assert said(await build(docker, context(dockerfile, **FILES))) == b"/later\n"


async def test_triggers_are_called_so_and_all_count(docker: Client) -> None:
    dockerfile = "FROM busybox AS a\nONBUILD RUN echo hi\nONBUILD ENV a=1\nFROM a\nRUN true\n"
    names = finished(await build(docker, context(dockerfile)))
    assert {"[stage-1 1/3] ONBUILD RUN echo hi", "[stage-1 2/3] RUN true"} <= set(names)


async def test_working_directories_stay_as_written_in_buildkit(docker: Client) -> None:
    await build(docker, context("FROM busybox\nWORKDIR /a/../b/\nRUN pwd\n"), t="one")
    assert (await docker.get("/images/one/json")).json["Config"]["WorkingDir"] == "/a/../b/"


async def test_a_build_without_cache_makes_its_working_directory_anew(docker: Client) -> None:
    """What the earlier build made stands on layers that went with its image."""
    body = context(
        "FROM busybox\nRUN cat /proc/sys/kernel/random/uuid >/now\nWORKDIR /x\nRUN pwd\n"
    )
    for _ in range(2):
        assert said(await build(docker, body, nocache="1", t="one")) == b"/x\n"
        await docker.delete("/images/one")


async def test_every_inline_document_is_a_vertex(docker: Client) -> None:
    messages = await build(docker, context("FROM busybox\nCOPY <<a <<b /x/\n1\na\n2\nb\n"))
    vertexes = [vertex for trace in traces(messages) for vertex in trace.vertexes]
    digests = {one.digest for one in vertexes if one.name == INLINE}
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("mount", "error"),
    [
        ("type=foo", 'unsupported mount type "foo"'),
        ("foo", "invalid field 'foo' must be a key=value pair"),
        ("type=cache,target=/x,sharing=q", 'unsupported sharing value "q"'),
        ("type=cache,target=/x", "the --mount option requires BuildKit. "),
    ],
)
async def test_the_classic_builder_reads_a_mount_before_it_refuses_it(
    docker: Client, mount: str, error: str
) -> None:
    messages = await build(
        docker, context(f"FROM busybox\nRUN --mount={mount} true\n"), version="1"
    )
    assert messages[-1]["error"].startswith(error)


async def test_a_mount_that_says_nothing_is_no_mount(docker: Client) -> None:
    answer = await docker.post("/build", context("FROM busybox\nRUN --mount= true\n"))
    error = "dockerfile parse error on line 2: failed to parse csv mounts: EOF"
    assert answer.refusal == (400, error)


@pytest.mark.parametrize(
    ("chown", "owner"),
    [
        ("nope:1", "0:1"),
        ("1:nope", "1:1"),
        ("nope:nope", "0:0"),
        ("5:", "5:0"),
        (":5", "0:5"),
        ("u", "7:8"),
        ("u:nope", "7:8"),
        ("3:g", "3:9"),
    ],
)
async def test_names_that_nobody_has_count_for_nothing(
    docker: Client, chown: str, owner: str
) -> None:
    people = 'echo "u:x:7:8::/:" >>/etc/passwd; echo "g:x:9:" >>/etc/group'
    dockerfile = f"FROM busybox\nRUN {people}\nCOPY --chown={chown} f /f\nRUN stat -c %u:%g /f\n"
    assert said(await build(docker, context(dockerfile, **FILES))).decode() == f"{owner}\n"


@pytest.mark.parametrize(
    "step", ["COPY --chown=u f /", "COPY --link --chown=1:g f /", "USER u\nWORKDIR /x"]
)
async def test_names_mean_nothing_where_there_are_no_files(docker: Client, step: str) -> None:
    messages = await build(docker, context(f"FROM scratch\n{step}\n", **FILES))
    assert messages[-1]["error"] == "invalid user index: -1"


@pytest.mark.parametrize(
    ("mode", "shown"), [("7777", "755 755 7777"), ("2750", "750 750 2750"), ("600", "600 600 600")]
)
async def test_folders_above_a_file_get_its_mode_under_the_umask(
    docker: Client, mode: str, shown: str
) -> None:
    dockerfile = (
        f"FROM busybox\nCOPY --chmod={mode} f /a/b/f\nRUN echo $(stat -c %a /a /a/b /a/b/f)\n"
    )
    assert said(await build(docker, context(dockerfile, **FILES))).decode() == f"{shown}\n"


async def test_a_folder_that_is_there_takes_the_time_of_the_one_that_goes_into_it(
    docker: Client,
) -> None:
    dockerfile = "FROM busybox\nRUN mkdir -m 700 /x\nCOPY d /x\nCOPY d /y\nRUN stat -c '%a %Y' /x; stat -c '%Y' /y\n"
    there, made = said(await build(docker, context(dockerfile, **FILES))).split(b"\n")[:2]
    assert there == b"700 " + made


@pytest.mark.parametrize(
    ("links", "source", "error"),
    [
        ("ln -s /nope /l", "/l", '"/l": not found'),
        ("ln -s /nope /l; ln -s l /m", "/m", '"/m": not found'),
        ("mkdir /d; ln -s /nope /d/l", "/d/*", '"/d/l": not found'),
        ("ln -s l /l", "/l", "too many links"),
    ],
)
async def test_a_source_that_is_a_link_must_lead_somewhere(
    docker: Client, links: str, source: str, error: str
) -> None:
    dockerfile = f"FROM busybox AS a\nRUN {links}\nFROM busybox\nCOPY --from=a {source} /x/\n"
    messages = await build(docker, context(dockerfile))
    found = re.sub(r"\w{8}-[-\w]{27}::\w{25}", "REF", messages[-1]["error"])
    wanted = f"failed to compute cache key: failed to calculate checksum of ref REF: {error}"
    assert found == wanted


UNKNOWN = "failed to compute cache key: failed to calculate checksum of ref REF: "
PROCESS = 'process "/bin/sh -c true" did not complete successfully: '


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ("FROM busybox\nCOPY --from=busybox /m /", "lstat /m: no such file or directory"),
        ("FROM busybox AS a\nFROM busybox\nCOPY --from=a /m /", "lstat /m: no such file or directory"),
        ("FROM scratch\nCOPY --from=busybox /m /", UNKNOWN + '"/m": not found'),
        ("FROM busybox\nRUN true\nCOPY --from=busybox /m /", UNKNOWN + '"/m": not found'),
        ("FROM busybox AS a\nRUN true\nFROM a\nCOPY --from=a /m /", "lstat /m: no such file or directory"),
        ("FROM busybox AS a\nRUN ln -s /n /l\nFROM a\nCOPY --from=a /l /", "lstat /n: no such file or directory"),
        ("FROM busybox AS a\nRUN ln -s l /l\nFROM a\nCOPY --from=a /l /", "too many links"),
        ("FROM busybox\nRUN --mount=from=busybox,source=/m,target=/x true", PROCESS + "open /m: no such file or directory"),
        ("FROM busybox\nRUN --mount=from=busybox,source=/etc/passwd/m,target=/x true", PROCESS + "lstat /etc/passwd/m: not a directory"),
        ("FROM busybox\nRUN :\nRUN --mount=from=busybox,source=/m,target=/x true", UNKNOWN + '"/m": not found'),
    ],
)  # fmt: skip
async def test_nobody_takes_a_checksum_of_what_a_step_stands_on(
    docker: Client, steps: str, error: str
) -> None:
    messages = await build(docker, context(f"{steps}\n"))
    assert re.sub(r"\w{8}-[-\w]{27}::\w{25}", "REF", messages[-1]["error"]) == error


@pytest.mark.parametrize(
    "step", ["COPY --from=a /m /", "RUN --mount=from=a,source=/m,target=/x true", "COPY /m /"]
)
async def test_what_an_input_lacks_ends_a_build_before_its_turn(docker: Client, step: str) -> None:
    dockerfile = f"FROM busybox AS a\nRUN true\nFROM busybox\nRUN sleep 600\n{step}\n"
    messages = await build(docker, context(dockerfile))
    assert messages[-1]["error"].endswith('"/m": not found')


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ("FOO\nENV A", "ENV must have two arguments"),
        ("HEALTHCHECK --interval=0.1ms CMD x\nLABEL a", "LABEL must have two arguments"),
        ("WORKDIR\nRUN [1]", "when using JSON array syntax, arrays must be comprised of strings only"),
    ],
)  # fmt: skip
async def test_lines_that_cannot_be_split_are_told_of_first(
    docker: Client, steps: str, error: str
) -> None:
    body = context("", **{"sub/D": f"FROM busybox\n{steps}\n".encode()})
    assert (await build(docker, body, dockerfile="sub/D"))[-1]["error"] == error
    refused = await docker.post("/build?dockerfile=sub/D", body)
    assert refused.refusal == (400, f"failed to parse sub/D: {error}")


@pytest.mark.parametrize(
    ("to", "error"),
    [("/f", "mkdir /f: not a directory"), ("/f/g", "lstat /f/g: not a directory")],
)
async def test_an_archive_does_not_replace_a_file(docker: Client, to: str, error: str) -> None:
    archive = context("inside")
    body = context(f"FROM busybox\nCOPY f /f\nADD t.tar {to}\n", **{"t.tar": archive}, **FILES)
    assert (await build(docker, body))[-1]["error"] == error


async def test_what_a_context_lacks_is_told_before_a_process_fails_at_once(docker: Client) -> None:
    body = context("FROM busybox\nRUN exit 3\nCOPY nope /\n")
    assert (await build(docker, body))[-1]["error"].endswith('"/nope": not found')


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("COPY f /f/g", "lstat ROOT/f/g: not a directory"),
        ("COPY d /f/g/h", "lstat ROOT/f/g: not a directory"),
        ("COPY d /f", "failed to copy directory: mkdir ROOT/f: not a directory"),
        ("ADD t.tar /f/g", "lstat ROOT/f/g: not a directory"),
        ("ADD t.tar /f", "error setting up pivot dir: mkdir ROOT/f/.pivot_root: not a directory"),
    ],
)
async def test_what_is_in_the_way_of_the_classic_builder(
    docker: Client, step: str, error: str
) -> None:
    files = {"t.tar": context("inside"), **FILES}
    answer = await docker.post("/build", context(f"FROM busybox\nCOPY f /f\n{step}\n", **files))
    said = re.sub(r"/var/lib/docker/overlay2/\w{64}/merged", "ROOT", answer.body.decode())
    assert f"failed to copy files: {error}" in re.sub(r"(pivot_root)\d+", r"\1", said)

"""Any context and ignore file: what the docker CLI sends and COPY takes is the same here and on a real engine.

`HYPOTHESIS_EXAMPLES=300 DOCKER_REFERENCE_HOST=unix:///var/run/docker.sock pytest tests/fuzz/test_build_contexts.py`
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import Matcher, Verdict, read_patterns
from mockerd import MockDaemon
from tests.clients.present import find_client

REFERENCE = os.environ.get("DOCKER_REFERENCE_HOST", "")
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "25"))
DOCKER = find_client("docker")
TIME = 1_600_000_000
FOLDER = repr(tarfile.DIRTYPE)
DOCKERFILE, IGNORE_FILE = "Dockerfile", ".dockerignore"

# --- contexts


@dataclass(frozen=True)
class Link:
    target: str


@dataclass(frozen=True)
class File:
    content: bytes
    mode: int


@dataclass(frozen=True)
class Folder:
    mode: int
    entries: dict[str, Entry]


Entry = Link | File | Folder
NAMES = ["a", "b", "ab", "a.b", "x.md", ".h", "a b", "é", "a-b", "[a]", "a*", "^a", "d", "7"]
NAME = st.sampled_from(NAMES)
LINK = st.sampled_from(["a", "../a", "/a", "nowhere", ".", "d/b"]).map(Link)
FILE = st.builds(
    File,
    st.sampled_from([b"", b"1", b"22"]),
    st.sampled_from([0o644, 0o600, 0o755, 0o4755, 0o2711]),
)
MODES = st.sampled_from([0o755, 0o700, 0o750, 0o1777])
TREE: st.SearchStrategy[Folder] = st.recursive(
    st.builds(Folder, MODES, st.just({})),
    lambda inner: st.builds(
        Folder, MODES, st.dictionaries(NAME, FILE | LINK | inner, min_size=1, max_size=4)
    ),
    max_leaves=6,
)
PART = (
    NAME
    | st.sampled_from(["**", "*", "?", "..", ".", "a*", "*b", "?.b", "[a-c]", "[^a]", r"\[a\]", r"a\*",
                       "**b", "a**", "[", "[a-]", "[*]", r"\d", "", "Dockerfile", ".dockerignore", "*.*"])
)  # fmt: skip
PATTERN = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "", "!", "! ", "/", "!/", " ", "#"]),
        st.lists(PART, min_size=1, max_size=3).map("/".join),
        st.sampled_from(["", "", "", "/", " ", "/**", "\r"]),
    ),
)
IGNORE = st.builds(
    lambda mark, lines: mark + "\n".join(lines).encode(),
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.lists(PATTERN, max_size=5),
)


def write(folder: Path, tree: Folder) -> None:
    for name, entry in tree.entries.items():
        path = folder / name
        if isinstance(entry, Link):
            path.symlink_to(entry.target)
        elif isinstance(entry, File):
            path.write_bytes(entry.content)
            path.chmod(entry.mode)
            os.utime(path, (TIME, TIME))
        else:
            path.mkdir()
            write(path, entry)
            path.chmod(entry.mode)


# --- what becomes of them


def built(host: str, context: Path) -> dict[str, str] | str:
    """What the image says of each file, or what the CLI says instead of building one."""
    build = _docker(host, "build", "-q", "--no-cache", str(context))
    if build.returncode:
        return build.stderr.decode().splitlines()[-1].replace(str(context), "CONTEXT")
    image = build.stdout.decode().strip()
    save = _docker(host, "save", image)
    _docker(host, "rmi", "-f", image)
    if save.returncode:
        assert b"empty export" in save.stderr, save.stderr
        return {}
    with tarfile.open(fileobj=io.BytesIO(save.stdout)) as tar:
        [manifest] = json.loads(_read(tar, "manifest.json"))
        return dict(pair for name in manifest["Layers"] for pair in _described(_read(tar, name)))


def _described(layer: bytes) -> Iterator[tuple[str, str]]:
    """Everything but the times of folders: those that were not sent are as old as the build."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        for one in tar:
            text = f"{one.type!r} {one.mode:o} {one.uid}:{one.gid} {one.linkname}"
            if one.isreg():
                text += f" {one.mtime} {_read(tar, one.name)!r}"
            yield one.name, text


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def _docker(host: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    assert DOCKER
    env = {**os.environ, "DOCKER_HOST": host, "DOCKER_BUILDKIT": "0"}
    return subprocess.run([DOCKER, *words], env=env, capture_output=True, timeout=60)


def named(found: dict[str, str] | str) -> set[str] | str:
    if isinstance(found, str):
        return found
    return {name for name, said in found.items() if not said.startswith(FOLDER)}


def expected(context: Path, ignore: bytes) -> set[str] | str:
    """Names of what is no folder, or the CLI's refusal of a pattern: by the Matcher."""
    patterns = read_patterns(ignore)
    try:
        own = [name for name in (IGNORE_FILE, DOCKERFILE) if Matcher(patterns).excludes(name)]
        matcher = Matcher([*patterns, *(f"!{name}" for name in own)])
        return set(_walked(context, matcher)).difference(own)
    except DockerfileError as problem:
        return f"checking context: {problem.message}"


def _walked(
    context: Path, matcher: Matcher, at: str = "", above: Verdict | None = None
) -> Iterator[str]:
    for entry in sorted(os.scandir(context / at), key=lambda entry: entry.name):
        name = f"{at}/{entry.name}" if at else entry.name
        verdict = matcher.walked(name, above)
        if entry.is_dir(follow_symlinks=False):
            if not verdict.excluded or matcher.enters(name):
                yield from _walked(context, matcher, name, verdict)
        elif not verdict.excluded:
            yield name


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    with MockDaemon.running(seed=1) as running:
        yield running.docker_host


@pytest.mark.skipif(not DOCKER, reason="it is the docker CLI that reads a context")
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tree=TREE, ignore=IGNORE)
def test_a_context_gives_the_same_files(mock: str, tree: Folder, ignore: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        write(context, tree)
        (context / DOCKERFILE).write_text("FROM scratch\nCOPY . /\n")
        (context / IGNORE_FILE).write_bytes(ignore)
        found = built(mock, context)
        event("refused" if isinstance(found, str) else "built")
        if REFERENCE:
            assert found == built(REFERENCE, context)
        assert named(found) == expected(context, ignore)

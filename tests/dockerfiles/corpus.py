"""The cases of corpus.toml, the context that all of them have, and the result of a build as it is compared."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CLASSIC, BUILDKIT = "classic", "buildkit"
TIME = 1_600_000_000
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nbuilder:x:1001:1002::/home/builder:/bin/sh\n"
GROUP = b"root:x:0:\nwheel:x:77:builder\nbuilders:x:1002:\n"

Result = dict[str, Any]


@dataclass(frozen=True)
class Case:
    name: str
    dockerfile: str
    args: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    target: str = ""
    ignore: str | None = None
    builders: tuple[str, ...] = (CLASSIC, BUILDKIT)


def cases(builder: str) -> list[Case]:
    """What that builder was given."""
    document = tomllib.loads((HERE / "corpus.toml").read_text())
    found = [Case(name, **options) for name, options in document.items()]
    return [case for case in found if builder in case.builders]


def recorded(builder: str) -> dict[str, Result]:
    """What the real engine made of them, by name."""
    found: dict[str, Result] = json.loads((HERE / f"{builder}.json").read_text())
    return found


# --- the context


def context(case: Case) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Every entry of the context, root's, with fixed times."""
    archive = _tar([_entry("in-archive", b"x\n", uid=5), _entry("deep/file", b"y\n", 0o600)])
    found = [
        _entry("Dockerfile", case.dockerfile.encode()),
        _entry("archive.tar", archive),
        _entry("archive.tar.gz", gzip.compress(archive, mtime=0)),
        _entry("d", mode=0o755),
        _entry("d/a", b"a\n"),
        _entry("d/b", mode=0o750),
        _entry("d/b/c", b"c\n", 0o600),
        _entry("d/link", link="a"),
        _entry("empty", mode=0o700),
        _entry("f.txt", b"hi\n"),
        _entry("group", GROUP),
        _entry("passwd", PASSWD),
        _entry("run.sh", b'#!/bin/sh\necho "script $1"\n', 0o755),
        _entry("with space.txt", b"spaced\n"),
    ]
    if case.ignore is not None:
        found.insert(0, _entry(".dockerignore", case.ignore.encode()))
    return found


def _entry(
    name: str, data: bytes | None = None, mode: int = 0o644, *, link: str = "", uid: int = 0
) -> tuple[tarfile.TarInfo, bytes]:
    """A file, a link, or with neither a folder."""
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.uid, info.gid = mode, TIME, uid, uid
    info.size, info.linkname = len(data or b""), link
    info.type = tarfile.SYMTYPE if link else tarfile.DIRTYPE if data is None else tarfile.REGTYPE
    return info, data or b""


def _tar(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def context_tar(case: Case) -> bytes:
    """The context as the classic builder takes it."""
    return _tar(context(case))


def write_context(case: Case, folder: Path) -> None:
    """The context as a client of BuildKit reads it."""
    folder.mkdir(parents=True)
    for info, data in context(case):
        path = folder / info.name
        if info.isdir():
            path.mkdir()
        elif info.issym():
            path.symlink_to(info.linkname)
        else:
            path.write_bytes(data)
        if not info.issym():
            path.chmod(info.mode)


# --- the result

_MASKS = [
    (re.compile(r"/\S+/overlay2/[0-9a-f]{64}/(?:merged|diff)"), ""),
    (re.compile(r"/\S+/overlay2/[0-9a-f]{64}"), "LAYER"),
    (re.compile(r"\.pivot_root\d+"), ".pivot_root"),
    (re.compile(r"\b(dir|file|multi):[0-9a-f]{64}"), r"\1:CHECKSUM"),
    (re.compile(r"sha256:[0-9a-f]{12,64}"), "sha256:DIGEST"),
    (re.compile(r"\b[0-9a-z]{25}::[0-9a-z]{25}\b|[0-9a-f-]{36}::[0-9a-z]{25}"), "REF"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])"), "ID"),
]
"""Checksums depend on how a builder hashes, ids and digests on time and chance, paths on where the engine's data lie."""

CONFIG = (
    "User", "ExposedPorts", "Env", "Cmd", "Entrypoint", "Volumes", "WorkingDir", "Labels",
    "StopSignal", "Healthcheck", "OnBuild", "Shell", "ArgsEscaped",
)  # fmt: skip
"""Members of an image's config that a Dockerfile decides on."""


def masked(text: str) -> str:
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def image_result(archive: bytes, base_layers: tuple[str, ...]) -> Result:
    """An image of `docker save`: config, history and layers above those of the base."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        manifest = json.loads(_read(tar, "manifest.json"))[0]
        document = json.loads(_read(tar, manifest["Config"]))
        diff_ids = tuple(document["rootfs"]["diff_ids"])
        below = len(base_layers) if diff_ids[: len(base_layers)] == base_layers else 0
        layers = [_layer(_read(tar, name)) for name in manifest["Layers"][below:]]
    history = document["history"]
    above = _above(history, below)
    config = document.get("config") or {}
    return {
        "config": {name: config[name] for name in CONFIG if config.get(name)},
        "author": document.get("author", ""),
        "history": [_history(entry) for entry in above],
        "layers": layers,
    }


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None, name
    return file.read()


def _above(history: list[Result], layers: int) -> list[Result]:
    """The entries behind the base's: those of its layers, and what has no layer right behind them."""
    if not layers:
        return history
    seen = 0
    for at, entry in enumerate(history):
        if seen == layers and not _of_base(entry):
            return history[at:]
        seen += not entry.get("empty_layer", False)
    return []


def _of_base(entry: Result) -> bool:
    return entry.get("created_by", "").startswith(("CMD", '/bin/sh -c #(nop)  CMD ["sh"]'))


def _history(entry: Result) -> list[Any]:
    created_by = masked(entry.get("created_by", ""))
    return [created_by, entry.get("comment", ""), bool(entry.get("empty_layer"))]


SHORT = 200
BASE_FOLDERS = ("dev", "etc", "proc", "sys")
"""Made by the first RUN where the base has none: the busybox that was recorded with is bare."""


def _layer(data: bytes) -> list[str]:
    """One line a file: name, kind, mode, owner, and its content or where it leads."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return sorted(_line(tar, info) for info in tar if info.name not in BASE_FOLDERS)


def _line(tar: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    kind = {tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hard"}
    line = f"{info.name} {kind.get(info.type, 'file')} {info.mode:o} {info.uid}:{info.gid}"
    if info.linkname:
        return f"{line} -> {info.linkname}"
    if not info.isreg():
        return line
    content = _read(tar, info.name)
    if content.startswith(b"\x7fELF"):
        return f"{line} program"
    if len(content) > SHORT or not content.isascii():
        return f"{line} {hashlib.sha256(content).hexdigest()[:12]}"
    return f"{line} {content.decode()!r}"


_PASSING = re.compile(
    r"DONE|CACHED|WARN:|\.\.\.|building with|transferring|resolve |(writing|exporting l|naming|sending t|copying f|pushing l)(?!.* done$)"
)
"""What is told of a step on its way, or by chance: warnings come again in a summary.

busybox says `/bin/sh: ` in a piece of its own, which buildx may print alone: it is left out.
"""


def plain_lines(text: str) -> Iterator[str]:
    """What buildx says with --progress plain that no clock, and no order of parallel steps, decides on."""
    for line in text.splitlines():
        line = re.sub(r"\x1b\[\d+m", "", line)
        line = re.sub(r"^#\d+ (-?\d+\.\d+ )?", "", line)
        line = re.sub(r"^-?\d+\.\d+ |^\d{4}/\d\d/\d\d [\d:]{8} ", "", line)
        line = re.sub(r"( \d+\.\d+s)? done$", " done", line).removeprefix("/bin/sh: ")
        line = re.sub(r"\d+(\.\d+)?[kM]?B( / \d+(\.\d+)?[kM]?B)?( \d+\.\d+s)?", "SIZE", line)
        if line and not _PASSING.match(line):
            yield masked(line)

"""Tars that contradict themselves, lead out, or are broken; and what a daemon makes of each."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
from pathlib import Path

from tests.tars import Engine, listing, tar_of

RECORDS = Path(__file__).with_name("engine.json")
PLAIN = tar_of(("a", "f"))
LONG = tar_of(("a", "f", bytes(range(256)) * 12))


def _spoiled(tar: bytes, at: int, field: bytes) -> bytes:
    return tar[:at] + field + tar[at + len(field) :]


def _chain(length: int) -> list[tuple[str, ...]]:
    """Symlinks 0, 1, …, each to the one before it; the first to a folder."""
    return [("d", "d"), ("0", "s", "d"), *((str(n), "s", str(n - 1)) for n in range(1, length))]


def _flipped(packed: bytes, at: int) -> bytes:
    """With one bit changed."""
    broken = bytearray(packed)
    broken[at] ^= 4
    return bytes(broken)


TARS: dict[str, bytes] = {
    "file over folder": tar_of(("a", "d"), ("a/b", "f"), ("a", "f")),
    "folder over file": tar_of(("a", "f"), ("a", "d"), ("a/b", "f")),
    "file below a file": tar_of(("a", "f"), ("a/b", "f")),
    "file below a link to a file": tar_of(("t", "f"), ("a", "s", "t"), ("a/b", "f")),
    "file over a link": tar_of(("d", "d"), ("a", "s", "d"), ("a", "f")),
    "link over a folder": tar_of(("a", "d"), ("a/x", "f"), ("a", "s", "/b")),
    "file twice": tar_of(("a", "f", b"1"), ("a", "f", b"22")),
    "folder twice": tar_of(("a", "d"), ("a", "d")),
    "whiteout of nothing": tar_of((".wh.gone", "f", b"")),
    "whiteout in a missing folder": tar_of(("d/.wh.gone", "f", b"")),
    "opaque in a missing folder": tar_of(("d/.wh..wh..opq", "f", b"")),
    "opaque root": tar_of((".wh..wh..opq", "f", b""), ("x", "f")),
    "whiteout after its file": tar_of(("d/a", "f"), ("d/.wh.a", "f", b"")),
    "whiteout before its file": tar_of((".wh.a", "f", b""), ("a", "f")),
    "whiteout of no name": tar_of((".wh.", "f", b"")),
    "whiteout of the folder": tar_of((".wh..", "f", b"")),
    "whiteout of what is above": tar_of(("d", "d"), ("d/.wh...", "f", b"")),
    "whiteout that is a folder": tar_of((".wh.a", "d"), (".wh.a/b", "f")),
    "old metadata": tar_of((".wh..wh.aufs", "f"), ("x", "f")),
    "hard link to nothing": tar_of(("h", "h", "nope")),
    "hard link to itself": tar_of(("h", "h", "h")),
    "hard link to an absolute name": tar_of(("a", "f"), ("h", "h", "/a")),
    "hard link out": tar_of(("h", "h", "../../../etc/passwd")),
    "hard link to a folder": tar_of(("d", "d"), ("h", "h", "d")),
    "hard link to a symlink": tar_of(("a", "f"), ("s", "s", "a"), ("h", "h", "s")),
    "hard link over a file": tar_of(("a", "f"), ("h", "f", b"y"), ("h", "h", "a")),
    "hard link over the folder of its target": tar_of(("a", "d"), ("a/x", "f"), ("a", "h", "a/x")),
    "hard link to the root": tar_of(("h", "h", "/")),
    "hard link below a file": tar_of(("c", "f"), ("h", "h", "c/x")),
    "hard link deep below a file": tar_of(("c", "f"), ("h", "h", "c/x/y")),
    "hard link through a symlink to nothing": tar_of(("s", "s", "no/more"), ("h", "h", "s/x")),
    "hard link through an absolute symlink": tar_of(
        ("c", "f"), ("s", "s", "/c"), ("h", "h", "s/x")
    ),
    "hard link to a whiteout": tar_of((".wh.c", "f", b""), ("h", "h", "c"), ("h/x", "f")),
    "hard link to an opaque mark": tar_of(
        ("d/.wh..wh..opq", "f", b""), ("h", "h", "d/.wh..wh..opq")
    ),
    "hard link to nothing, below a file": tar_of(("c", "f"), ("c/h", "h", "no")),
    "hard link to nowhere, below a file": tar_of(("c", "f"), ("c/h", "h", "no/no")),
    "file deep below a file": tar_of(("c", "f"), ("c/x/y", "f")),
    "folder below a file": tar_of(("c", "f"), ("c/x", "d")),
    "device below a file": tar_of(("c", "f"), ("c/x", "c", 1, 3)),
    "whiteout below a file": tar_of(("c", "f"), ("c/.wh.x", "f", b"")),
    "opaque file": tar_of(("c", "f"), ("c/.wh..wh..opq", "f", b"")),
    "whiteout below a whiteout": tar_of((".wh.c", "f", b""), ("c/.wh.x", "f", b"")),
    "symlink to an absolute name": tar_of(("s", "s", "/etc/passwd")),
    "symlink out": tar_of(("s", "s", "../../../etc/passwd")),
    "symlink to nothing": tar_of(("s", "s", "")),
    "through a symlink out": tar_of(("s", "s", "../../.."), ("s/x", "f")),
    "through an absolute symlink": tar_of(("s", "s", "/tmp"), ("s/x", "f")),
    "through a symlink to a folder": tar_of(("d", "d"), ("s", "s", "d"), ("s/x", "f")),
    "through a loop": tar_of(("s", "s", "s"), ("s/x", "f")),
    "through a loop out": tar_of(("s", "s", "../s"), ("s/x/y", "f")),
    "through an absolute loop": tar_of(("s", "s", "/s"), ("s/x/y", "f")),
    "through a symlink beside the root": tar_of(("b", "d"), ("s", "s", "../b"), ("s/x", "f")),
    "through an absolute symlink that climbs": tar_of(
        ("b", "d"), ("s", "s", "/../b"), ("s/x", "f")
    ),
    "through nothing and out": tar_of(("b", "d"), ("s", "s", "no/../../b"), ("s/x", "f")),
    "through nothing and back": tar_of(("s", "s", "no/../s"), ("s/x", "f")),
    "through eight symlinks": tar_of(*_chain(8), ("7/x", "f")),
    "through nine symlinks": tar_of(*_chain(9), ("8/x", "f")),
    "a dated folder's folder is a symlink now": tar_of(("c/d", "d"), ("c", "s", "y"), ("y", "d")),
    "a dated folder's folder is an absolute symlink now": tar_of(
        ("c/d", "d"), ("c", "s", "/y"), ("y/d", "d")
    ),
    "a dated folder's folder leads out now": tar_of(("c/d", "d"), ("c", "s", "../..")),
    "a dated folder's folder leads to itself now": tar_of(("c/d", "d"), ("c", "s", "c")),
    "a dated folder was reached by what is a file now": tar_of(
        ("c/a", "d"), ("b", "s", "c/a"), ("b/a", "d"), ("b", "f")
    ),
    "a dated folder, made through a symlink, is below a file now": tar_of(
        ("c/a", "d"), ("b", "s", "c/a"), ("b/a/x", "d"), ("b/a", "f")
    ),
    "absolute name": tar_of(("/abs", "f")),
    "name above": tar_of(("../x", "f")),
    "name that comes back": tar_of(("d", "d"), ("d/../x", "f")),
    "name that leads out": tar_of(("a/../../x", "f")),
    "the root as a file": tar_of((".", "f")),
    "no name": tar_of(("", "f")),
    "file with a folder's name": tar_of(("a/", "f")),
    "file with a folder's name, below": tar_of(("b", "d"), ("./b/a/", "f", b"")),
    "link with a folder's name": tar_of(("a/", "s", "b")),
    "long name": tar_of(("n" * 256, "f")),
    "long path": tar_of(("/".join(["d" * 200] * 25), "f")),
    "backslash": tar_of(("a\\b", "f")),
    "character device": tar_of(("c", "c", 1, 3)),
    "whiteout device": tar_of(("c", "c", 0, 0)),
    "block device": tar_of(("b", "b", 8, 0)),
    "fifo": tar_of(("p", "p")),
    "contiguous file": tar_of(("a", "7")),
    "unknown type": tar_of(("a", "Z")),
    "zeros": bytes(1024),
    "nothing": b"",
    "short garbage": b"x" * 100,
    "garbage": b"x" * 1024,
    "cut in a header": PLAIN[:300],
    "cut in a file": LONG[:1024],
    "no end": PLAIN[:1024],
    "something behind the end": PLAIN + tar_of(("b", "f")),
    "wrong checksum": _spoiled(PLAIN, 148, b"0000000\0"),
    "negative size": _spoiled(PLAIN, 124, b"-0000000001\0"),
    "gzip of garbage": b"\x1f\x8bgarbage-garbage",
    "gzip, cut": gzip.compress(LONG, mtime=0)[:100],
    "gzip with a wrong checksum": gzip.compress(PLAIN, mtime=0)[:-8] + bytes(8),
    "gzip with junk behind it": gzip.compress(PLAIN, mtime=0) + b"junkjunk",
    "gzip of another method": _flipped(gzip.compress(PLAIN, mtime=0), 2),
    "gzip, broken in its head": _flipped(gzip.compress(LONG, mtime=0), 3),
    "gzip, broken where it begins": _flipped(gzip.compress(LONG, mtime=0), 12),
    "gzip, broken in its codes": _flipped(gzip.compress(LONG, mtime=0), 40),
    "gzip, broken in a file": _flipped(gzip.compress(LONG, mtime=0), -60),
    "gzip, broken behind the end": _flipped(gzip.compress(LONG, mtime=0), -9),
    "bzip2 of garbage": b"BZh9garbage-garbage-garbage",
    "bzip2 with a wrong checksum": _flipped(bz2.compress(LONG), 10),
    "bzip2, broken where a block begins": _flipped(bz2.compress(LONG), 14),
    "bzip2, broken in its codes": _flipped(bz2.compress(LONG), 24),
    "bzip2, broken in a file": _flipped(bz2.compress(LONG), -60),
    "bzip2 with junk behind it": bz2.compress(LONG) + b"junkjunk",
    "bzip2, cut": bz2.compress(LONG)[:100],
    "xz of garbage": b"\xfd7zXZ\0garbage-garbage",
    "xz, cut": lzma.compress(LONG)[:100],
    "xz with junk behind it": lzma.compress(PLAIN) + b"junkjunk",
    "zstd of garbage": b"\x28\xb5\x2f\xfdgarbage-garbage",
}


def _refusal(status: int, answer: bytes) -> str:
    return f"{status} {json.loads(answer)['message']}"


def imported(engine: Engine, tar: bytes) -> str:
    """The refusal, or what is in a container of the image."""
    status, answer = engine.ask("POST", f"/images/create?fromSrc=-&repo={engine.name}&tag=1", tar)
    return _refusal(status, answer) if status != 200 else " ".join(listing(engine.exported()))


def loaded(engine: Engine, tar: bytes) -> str:
    return engine.load(tar) or " ".join(listing(engine.exported()))


def copied_in(engine: Engine, tar: bytes) -> str:
    """The refusal, if any, and what has changed below /tmp."""
    engine.create("busybox")
    status, answer = engine.ask("PUT", f"/containers/{engine.name}/archive?path=/tmp", tar)
    refusal = _refusal(status, answer).replace(engine.name, "NAME") if status != 200 else ""
    changes = json.loads(engine.ask("GET", f"/containers/{engine.name}/changes")[1]) or []
    return " ".join([refusal, *sorted(f"{change['Kind']}{change['Path']}" for change in changes)])


def built(engine: Engine, tar: bytes) -> str:
    """COPY of everything, by the classic builder."""
    if len(tar) >= 1024 and not any(tar[-512:]):
        tar = tar_of(("Dockerfile", "f", b"FROM scratch\nCOPY . /\n"))[:1024] + tar
    status, answer = engine.ask("POST", f"/build?nocache=1&t={engine.image}", tar)
    if status != 200:
        return _refusal(status, answer)
    last = json.loads(answer.splitlines()[-1])
    return str(last["error"]) if "error" in last else " ".join(listing(engine.exported()))


WAYS = {"import": imported, "load": loaded, "archive": copied_in, "build": built}


def taken(engine: Engine, way: str, name: str) -> str:
    """What a daemon says, and has, of one tar that comes one way."""
    engine.forget()
    try:
        # The digests of what was packed tell nothing here.
        return re.sub("sha256:[0-9a-f]{64}", "DIGEST", WAYS[way](engine, TARS[name]))
    finally:
        engine.forget()

"""Where a Dockerfile came from, as BuildKit's low-level definition: `--call check,format=json` shows it."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
from typing import Any

from daemon.engine.build.options import Options

Caps = dict[str, bool]
DEFAULT = "Dockerfile"
POINTER_CAPS = ("constraints", "meta.description", "platform")
SOURCE_CAPS = (
    "source.local",
    "source.local.followpaths",
    "source.local.sessionid",
    "source.local.sharedkeyhint",
)
INPUTS, SOURCE, CONSTRAINTS = 1, 3, 11
"""Field numbers of an operation."""


def definition(options: Options, session: str, name: str) -> dict[str, Any]:
    """A local source called `name` of the client's session, and the operation that points to it."""
    source = _source(options, session)
    pointer = _field(INPUTS, _field(1, _digest(source).encode()))
    metadata = {
        _digest(pointer): {"caps": dict.fromkeys(POINTER_CAPS, True)},
        _digest(source): {
            "description": {"llb.customname": name},
            "caps": dict.fromkeys(SOURCE_CAPS, True),
        },
    }
    return {
        "def": [base64.b64encode(data).decode() for data in (source, pointer)],
        "metadata": dict(sorted(metadata.items())),
        "Source": {"locations": {_digest(source): {}}},
    }


def wanted_files(filename: str) -> list[str]:
    """What is asked of the client's folder: the Dockerfile under both spellings, and its own ignore file."""
    first, *others = spellings(filename)
    return [first, f"{first}.dockerignore", *others]


def spellings(filename: str) -> list[str]:
    """The names that a Dockerfile is looked for under: only the usual one may be in lower case."""
    folder, name = posixpath.split(filename)
    return [filename, posixpath.join(folder, name.lower())] if name == DEFAULT else [filename]


def _source(options: Options, session: str) -> bytes:
    key = options.dockerfile_key
    attributes = {
        "local.differ": "none",
        "local.followpaths": json.dumps(wanted_files(options.filename), separators=(",", ":")),
        "local.session": session,
        "local.sharedkeyhint": key,
    }
    fields = _field(1, f"local://{key}".encode())
    for name, value in attributes.items():
        fields += _field(2, _field(1, name.encode()) + _field(2, value.encode()))
    return _field(CONSTRAINTS, b"") + _field(SOURCE, fields)


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited field of a protobuf message."""
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

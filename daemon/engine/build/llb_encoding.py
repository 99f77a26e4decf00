"""BuildKit's operations in protobuf's wire format, from the members of their JSON: what their digests are taken of.

Fields go by number, but for a choice between fields, which goes last: so Go's protobuf writes them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

TEXT, NUMBER, SHOWN_NUMBER, DATA, ATTRIBUTES = (
    "text",
    "number",
    "shown number",
    "data",
    "attributes",
)
"""A number is left out if it is 0, unless it is one of a choice."""
MANY = "*"
CHOICES = ("Op", "Action", "User")
"""Members of Go's structs that stand for one of several fields, and are none themselves."""
Fields = Mapping[str, tuple[int, str]]
Value = Any
"""Of one member of JSON, whose form its field knows."""

MESSAGES: Mapping[str, Fields] = {
    "Op": {
        "inputs": (1, "*Input"),
        "platform": (10, "Platform"),
        "constraints": (11, "Constraints"),
        "exec": (2, "Exec"),
        "source": (3, "Source"),
        "file": (4, "File"),
    },
    "Input": {"digest": (1, TEXT), "index": (2, NUMBER)},
    "Platform": {"Architecture": (1, TEXT), "OS": (2, TEXT), "Variant": (3, TEXT)},
    "Constraints": {},
    "Source": {"identifier": (1, TEXT), "attrs": (2, ATTRIBUTES)},
    "Exec": {
        "meta": (1, "Meta"),
        "mounts": (2, "*Mount"),
        "network": (3, NUMBER),
        "secretenv": (5, "*SecretEnv"),
    },
    "Meta": {
        "args": (1, "*text"),
        "env": (2, "*text"),
        "cwd": (3, TEXT),
        "user": (4, TEXT),
        "proxy_env": (5, "ProxyEnv"),
        "extraHosts": (6, "*HostIP"),
        "hostname": (7, TEXT),
        "ulimit": (9, "*Ulimit"),
        "removeMountStubsRecursive": (11, NUMBER),
    },
    "ProxyEnv": {
        "http_proxy": (1, TEXT),
        "https_proxy": (2, TEXT),
        "ftp_proxy": (3, TEXT),
        "no_proxy": (4, TEXT),
        "all_proxy": (5, TEXT),
    },
    "HostIP": {"Host": (1, TEXT), "IP": (2, TEXT)},
    "Ulimit": {"Name": (1, TEXT), "Soft": (2, NUMBER), "Hard": (3, NUMBER)},
    "SecretEnv": {"ID": (1, TEXT), "name": (2, TEXT), "optional": (3, NUMBER)},
    "Mount": {
        "input": (1, NUMBER),
        "selector": (2, TEXT),
        "dest": (3, TEXT),
        "output": (4, NUMBER),
        "readonly": (5, NUMBER),
        "mountType": (6, NUMBER),
        "TmpfsOpt": (19, "Tmpfs"),
        "cacheOpt": (20, "Cache"),
        "secretOpt": (21, "Secret"),
        "SSHOpt": (22, "Secret"),
    },
    "Tmpfs": {"size": (1, NUMBER)},
    "Cache": {"ID": (1, TEXT), "sharing": (2, NUMBER)},
    "Secret": {
        "ID": (1, TEXT),
        "uid": (2, NUMBER),
        "gid": (3, NUMBER),
        "mode": (4, NUMBER),
        "optional": (5, NUMBER),
    },
    "File": {"actions": (2, "*Action")},
    "Action": {
        "input": (1, NUMBER),
        "secondaryInput": (2, NUMBER),
        "output": (3, NUMBER),
        "copy": (4, "Copy"),
        "mkfile": (5, "MakeFile"),
        "mkdir": (6, "MakeFolder"),
    },
    "Copy": {
        "src": (1, TEXT),
        "dest": (2, TEXT),
        "owner": (3, "Owner"),
        "mode": (4, NUMBER),
        "followSymlink": (5, NUMBER),
        "dirCopyContents": (6, NUMBER),
        "attemptUnpackDockerCompatibility": (7, NUMBER),
        "createDestPath": (8, NUMBER),
        "allowWildcard": (9, NUMBER),
        "allowEmptyWildcard": (10, NUMBER),
        "timestamp": (11, NUMBER),
        "include_patterns": (12, "*text"),
        "exclude_patterns": (13, "*text"),
        "modeStr": (15, TEXT),
    },
    "MakeFile": {
        "path": (1, TEXT),
        "mode": (2, NUMBER),
        "data": (3, DATA),
        "timestamp": (5, NUMBER),
    },
    "MakeFolder": {
        "path": (1, TEXT),
        "mode": (2, NUMBER),
        "makeParents": (3, NUMBER),
        "owner": (4, "Owner"),
        "timestamp": (5, NUMBER),
    },
    "Owner": {"user": (1, "Who"), "group": (2, "Who")},
    "Who": {"byName": (1, "Named"), "byId": (2, SHOWN_NUMBER)},
    "Named": {"name": (1, TEXT), "input": (2, NUMBER)},
}
_VARINT, _LENGTH = 0, 2


def digest(op: Mapping[str, Any], inputs: list[str]) -> str:
    """The digest of an operation whose inputs are the first results of those digests."""
    whole = {**op, "inputs": [{"digest": one} for one in inputs]} if inputs else op
    return f"sha256:{hashlib.sha256(encode('Op', whole)).hexdigest()}"


def encode(message: str, members: Mapping[str, Any]) -> bytes:
    found = dict(members)
    for choice in CHOICES:
        if isinstance(chosen := found.pop(choice, None), Mapping):
            found |= chosen or ({"byId": 0} if choice == "User" else {})
    return b"".join(
        _field(number, kind, found[name])
        for name, (number, kind) in MESSAGES[message].items()
        if name in found
    )


def _field(number: int, kind: str, value: Value) -> bytes:
    if kind.startswith(MANY):
        return b"".join(_with_length(number, _content(kind[1:], one)) for one in value)
    if kind == ATTRIBUTES:
        pairs = (
            _with_length(1, k.encode()) + _with_length(2, value[k].encode()) for k in sorted(value)
        )
        return b"".join(_with_length(number, pair) for pair in pairs)
    if kind in (NUMBER, SHOWN_NUMBER):
        shown = value or kind == SHOWN_NUMBER
        return _varint(number << 3 | _VARINT) + _varint(int(value)) if shown else b""
    if kind == TEXT and not value:
        return b""
    return _with_length(number, _content(kind, value))


def _content(kind: str, value: Value) -> bytes:
    if kind == TEXT:
        return str(value).encode("utf-8", "surrogateescape")
    return base64.b64decode(value) if kind == DATA else encode(kind, value)


def _with_length(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])

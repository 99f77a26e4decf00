"""mongod: its log, its port, and the commands by which drivers and healthchecks look whether it is there."""

import json
import struct
from itertools import pairwise
from typing import Any

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ProcessExit
from daemon.programs.services.http_server import accept_for_ever
from daemon.programs.services.kit import NANOSECONDS, moment

PORT = 27017
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
MESSAGE_LIMIT = 48_000_000
Document = dict[str, Any]


def version(proc: Process) -> str:
    return proc.env.get("MONGO_VERSION", "8.2.1")


async def mongod(proc: Process) -> int:
    words = proc.argv[1:]
    if "--version" in words:
        await proc.out(f"db version v{version(proc)}\n")
        return 0
    port = next(
        (int(after) for word, after in pairwise(words) if word == "--port"),
        PORT,
    )
    for signum in (Signal.SIGTERM, Signal.SIGINT):
        proc.on_signal(signum, _leave)
    await _log(
        proc,
        4615611,
        "CONTROL",
        "initandlisten",
        "MongoDB starting",
        {"pid": proc.pid, "port": port, "dbPath": "/data/db", "host": proc.machine.hostname},
    )
    listener = await proc.listen(port, "::")
    await _log(proc, 23015, "NETWORK", "listener", "Listening on", {"address": "0.0.0.0"})
    await _log(
        proc, 23016, "NETWORK", "listener", "Waiting for connections", {"port": port, "ssl": "off"}
    )
    await accept_for_ever(proc, [listener], _connection)
    return 0


def _leave(_signum: int) -> None:
    raise ProcessExit(0)


async def _log(
    proc: Process, number: int, part: str, context: str, text: str, attributes: Document
) -> None:
    line = {
        "t": {"$date": moment(proc, "%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+00:00"},
        "s": "I", "c": part, "id": number, "ctx": context, "msg": text, "attr": attributes,
    }  # fmt: skip
    await proc.out(json.dumps(line, separators=(",", ":")) + "\n")


async def _connection(proc: Process, fd: int) -> int:
    buffer = b""
    while data := await proc.read(fd):
        buffer += data
        while len(buffer) >= 16:
            length, number, _, kind = struct.unpack("<iiii", buffer[:16])
            if not 16 <= length <= MESSAGE_LIMIT:
                return 0
            if len(buffer) < length:
                break
            body, buffer = buffer[16:length], buffer[length:]
            reply = _answer(proc, kind, body)
            if reply is not None:
                await proc.write(fd, _message(number, kind, reply))
    return 0


def _message(number: int, kind: int, reply: Document) -> bytes:
    encoded = encode(reply)
    if kind == OP_QUERY:
        body, kind = struct.pack("<iqii", 8, 0, 0, 1) + encoded, OP_REPLY
    else:
        body = struct.pack("<i", 0) + b"\0" + encoded
    return struct.pack("<iiii", 16 + len(body), number + 1, number, kind) + body


def _answer(proc: Process, kind: int, body: bytes) -> Document | None:
    """The reply to a command, whose name is the first key of its document."""
    if kind == OP_MSG:
        name = first_key(body[5:])
    elif kind == OP_QUERY:
        name = first_key(body[body.index(b"\0", 4) + 9 :])
    else:
        return None
    if name.lower() in ("hello", "ismaster"):
        return _hello(proc)
    known = KNOWN.get(name.lower())
    if known is not None:
        return {**known, **({"version": version(proc)} if name == "buildInfo" else {}), "ok": 1.0}
    text = f"no such command: '{name}' (mockerd's MongoDB keeps no data; forward the port to a real server)"
    return {"ok": 0.0, "errmsg": text, "code": 59, "codeName": "CommandNotFound"}


KNOWN: dict[str, Document] = {
    "ping": {},
    "buildinfo": {},
    "endsessions": {},
    "getparameter": {"featureCompatibilityVersion": {"version": "8.0"}},
    "listdatabases": {"databases": [], "totalSize": 0},
    "getlog": {"totalLinesWritten": 0, "log": []},
}


def _hello(proc: Process) -> Document:
    return {
        "helloOk": True,
        "ismaster": True,
        "isWritablePrimary": True,
        "topologyVersion": {"counter": Long(0)},
        "maxBsonObjectSize": 16777216,
        "maxMessageSizeBytes": MESSAGE_LIMIT,
        "maxWriteBatchSize": 100000,
        "localTime": Moment(proc.machine.clock.now() // (NANOSECONDS // 1000)),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": proc.pid,
        "minWireVersion": 0,
        "maxWireVersion": 25,
        "readOnly": False,
        "ok": 1.0,
    }


class Long(int):
    """A 64-bit integer."""


class Moment(int):
    """Milliseconds since the epoch."""


def encode(document: Document) -> bytes:
    """BSON, as far as these replies need it."""
    body = b"".join(_element(key, value) for key, value in document.items())
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def _element(key: str, value: Any) -> bytes:  # noqa: ANN401 - any BSON value
    name = key.encode() + b"\0"
    if isinstance(value, bool):
        return b"\x08" + name + bytes([value])
    if isinstance(value, Moment):
        return b"\x09" + name + struct.pack("<q", value)
    if isinstance(value, Long):
        return b"\x12" + name + struct.pack("<q", value)
    if isinstance(value, int):
        return b"\x10" + name + struct.pack("<i", value)
    if isinstance(value, float):
        return b"\x01" + name + struct.pack("<d", value)
    if isinstance(value, str):
        data = value.encode()
        return b"\x02" + name + struct.pack("<i", len(data) + 1) + data + b"\0"
    if isinstance(value, list):
        return b"\x04" + name + encode({str(index): item for index, item in enumerate(value)})
    return b"\x03" + name + encode(value)


def first_key(document: bytes) -> str:
    """The first key of a BSON document; empty if there is none."""
    return document[5:].partition(b"\0")[0].decode("utf-8", "replace")


async def mongosh(proc: Process) -> int:
    """--eval of a ping; other JavaScript is not simulated."""
    words = proc.argv[1:]
    if "--version" in words:
        await proc.out("2.5.8\n")
        return 0
    code = next((after for word, after in pairwise(words) if word == "--eval"), "")
    host = next((word for word in words if word.startswith("mongodb://")), "")
    name, _, port = (
        host.removeprefix("mongodb://").partition("/")[0].rpartition("@")[2].partition(":")
    )
    try:
        proc.close(await proc.connect(name or "127.0.0.1", int(port or PORT)))
    except OSError:
        await proc.err(
            f"MongoNetworkError: connect ECONNREFUSED {name or '127.0.0.1'}:{port or PORT}\n"
        )
        return 1
    if "ping" in code:
        await proc.out("1\n" if ".ok" in code else "{ ok: 1 }\n")
        return 0
    await proc.err("mongosh: mockerd's MongoDB keeps no data, only a ping is simulated\n")
    return 1

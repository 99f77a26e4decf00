"""rabbitmq-server and its tools: the log, the port, AMQP's greeting up to a polite refusal."""

import os
import struct

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ProcessExit
from daemon.programs.services.http_server import accept_for_ever
from daemon.programs.services.kit import moment

PORT = 5672
HEADER = b"AMQP\x00\x00\x09\x01"
METHOD = 1
CONNECTION = 10
START, START_OK, CLOSE = 10, 11, 50
NOT_IMPLEMENTED = 540


def version(proc: Process) -> str:
    return proc.env.get("RABBITMQ_VERSION", "4.2.0")


async def server(proc: Process) -> int:
    for signum in (Signal.SIGTERM, Signal.SIGINT):
        proc.on_signal(signum, _leave)
    await proc.out(
        f"\n  ##  ##      RabbitMQ {version(proc)}\n  ##  ##\n  ##########  Copyright (c) 2007-2025 Broadcom Inc and/or its subsidiaries\n  ######  ##\n  ##########  Licensed under the MPL 2.0. Website: https://rabbitmq.com\n\n"
    )
    await _log(proc, f" Starting RabbitMQ {version(proc)} on Erlang 27.3.4")
    listener = await proc.listen(PORT, "::")
    await _log(proc, f"started TCP listener on [::]:{PORT}")
    await _log(proc, "Server startup complete; 4 plugins started.")
    await _log(proc, "Time to start RabbitMQ: 1234 ms")
    await accept_for_ever(proc, [listener], _connection)
    return 0


def _leave(_signum: int) -> None:
    raise ProcessExit(0)


async def _log(proc: Process, text: str) -> None:
    await proc.out(f"{moment(proc, '%Y-%m-%d %H:%M:%S.%f+00:00')} [info] <0.9.0> {text}\n")


async def _connection(proc: Process, fd: int) -> int:
    head = b""
    while len(head) < 8:
        data = await proc.read(fd, 8 - len(head))
        if not data:
            return 0
        head += data
    if head != HEADER:
        await proc.write(fd, HEADER)
        return 0
    await proc.write(
        fd,
        _method(
            START, b"\x00\x09" + struct.pack(">I", 0) + _long(b"PLAIN AMQPLAIN") + _long(b"en_US")
        ),
    )
    await proc.read(fd)
    text = (
        b"NOT_IMPLEMENTED - mockerd's RabbitMQ keeps no queues; forward the port to a real server"
    )
    await proc.write(
        fd,
        _method(
            CLOSE,
            struct.pack(">H", NOT_IMPLEMENTED)
            + bytes([len(text)])
            + text
            + struct.pack(">HH", CONNECTION, START_OK),
        ),
    )
    await proc.read(fd)
    return 0


def _method(number: int, arguments: bytes) -> bytes:
    payload = struct.pack(">HH", CONNECTION, number) + arguments
    return struct.pack(">BHI", METHOD, 0, len(payload)) + payload + b"\xce"


def _long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


async def tool(proc: Process) -> int:
    """rabbitmqctl, rabbitmq-diagnostics and rabbitmq-plugins: whether the server runs; the rest is not simulated."""
    name, words = (
        os.path.basename(proc.argv[0]),
        [w for w in proc.argv[1:] if not w.startswith("-")],
    )
    verb = words[0] if words else ""
    if verb == "version":
        await proc.out(f"{version(proc)}\n")
        return 0
    try:
        proc.close(await proc.connect("127.0.0.1", PORT))
    except OSError:
        node = f"rabbit@{proc.machine.hostname}"
        await proc.err(
            f"Error: unable to perform an operation on node '{node}'. Please see diagnostics information and suggestions below.\n"
        )
        return 69
    if verb in (
        "ping",
        "status",
        "check_running",
        "check_port_connectivity",
        "await_startup",
        "is_running",
        "check_local_alarms",
    ):
        if "-q" not in proc.argv:
            await proc.out("Ping succeeded\n" if verb == "ping" else "")
        return 0
    await proc.err(f"{name}: {verb or 'no command'} is not simulated by mockerd\n")
    return 64

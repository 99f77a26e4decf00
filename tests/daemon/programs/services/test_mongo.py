"""mongod's log, its greeting, its ping."""

import struct

from daemon.process.process import Process
from daemon.programs.services.mongo import encode, first_key
from tests.daemon.programs.network import Lan


async def test_it_greets_and_answers_a_ping(lan: Lan) -> None:
    db = lan.container("db", bin_mongod="mongo/mongod", bin_mongosh="mongo/mongosh")
    assert (await db.run("mongosh", "--eval", "db.runCommand('ping').ok"))[0] == 1
    await (await db.start("mongod")).said('"msg":"Waiting for connections"')
    assert await db.run("mongosh", "--quiet", "--eval", "db.runCommand('ping').ok") == (
        0,
        "1\n",
        "",
    )


async def test_replies_are_messages_of_the_same_kind(lan: Lan) -> None:
    db = lan.container("db", bin_mongod="mongo/mongod")
    await (await db.start("mongod")).said('"msg":"Waiting for connections"')
    replies = []

    async def driver(proc: Process) -> int:
        fd = await proc.connect("db", 27017)
        for command in ({"hello": 1}, {"insert": "things"}):
            body = struct.pack("<i", 0) + b"\0" + encode(command)
            await proc.write(fd, struct.pack("<iiii", 16 + len(body), 7, 0, 2013) + body)
            replies.append(await proc.read(fd))
        return 0

    lan.container("client").install("/bin/driver", driver)
    await lan.containers["client"].run("driver")
    assert [struct.unpack("<iiii", reply[:16])[2:] for reply in replies] == [(7, 2013)] * 2
    assert first_key(replies[0][21:]) == "helloOk"
    assert b"no such command: 'insert'" in replies[1]

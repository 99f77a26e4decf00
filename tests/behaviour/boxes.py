"""Containers for tests: made, started, attached to and read, in a line each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.behaviour.conftest import Client

PATIENCE = 10.0


class Box:
    """One container, by name, and what a test asks of it."""

    def __init__(self, docker: Client, name: str, container_id: str) -> None:
        self.docker = docker
        self.name = name
        self.id = container_id

    async def post(self, verb: str, body: Any = None) -> tuple[int, str]:
        """Status and refusal (or nothing) of `POST /containers/NAME/VERB`."""
        answer = await self.docker.post(f"/containers/{self.name}/{verb}", body)
        return answer.status, answer.message if answer.status >= 400 else ""

    async def start(self) -> Box:
        assert await self.post("start") == (204, "")
        return self

    async def inspect(self) -> Any:
        return (await self.docker.get(f"/containers/{self.id}/json")).json

    async def state(self) -> Any:
        return (await self.inspect())["State"]

    async def status(self) -> str:
        found: str = (await self.state())["Status"]
        return found

    async def wait(self, condition: str = "not-running") -> int:
        answer = await self.docker.post(f"/containers/{self.name}/wait?condition={condition}")
        code: int = answer.json["StatusCode"]
        return code

    async def until(self, holds: Callable[[Any], bool]) -> Any:
        """The first inspect for which `holds`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                shown = await self.inspect()
                if holds(shown):
                    return shown
                await asyncio.sleep(0.005)

    async def logs(self, query: str = "stdout=1&stderr=1") -> list[tuple[int, str]]:
        """Frames: stream number and text."""
        answer = await self.docker.get(f"/containers/{self.name}/logs?{query}")
        assert answer.status == 200, answer.body
        return frames(answer.body)

    async def output(self) -> str:
        """Everything it has written, in order."""
        return "".join(text for _, text in await self.logs())

    async def until_output(self, text: str) -> str:
        """Everything it has written, once `text` is in it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if text in (output := await self.output()):
                    return output
                await asyncio.sleep(0.005)

    async def exec(self, *command: str, **request: Any) -> tuple[int, str]:
        """Run a command in it; exit code and output."""
        body = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True, **request}
        made = await self.docker.post(f"/containers/{self.name}/exec", body)
        assert made.status == 201, made.body
        started = await self.docker.post(f"/exec/{made.json['Id']}/start", {})
        inspected = await self.docker.get(f"/exec/{made.json['Id']}/json")
        return inspected.json["ExitCode"], "".join(text for _, text in frames(started.body))


def frames(data: bytes) -> list[tuple[int, str]]:
    """The frames of a multiplexed stream; neighbours of one stream are joined."""
    found: list[tuple[int, str]] = []
    while data:
        length = int.from_bytes(data[4:8], "big")
        stream, text = data[0], data[8 : 8 + length].decode()
        if found and found[-1][0] == stream:
            text = found.pop()[1] + text
        found.append((stream, text))
        data = data[8 + length :]
    return found


class Boxes:
    """Makes containers of busybox."""

    def __init__(self, docker: Client, socket: str) -> None:
        self.docker = docker
        self.socket = socket

    async def create(self, *command: str, name: str = "box", **config: Any) -> Box:
        body = {"Image": "busybox", "Cmd": list(command), **config}
        answer = await self.docker.post(f"/containers/create?name={name}", body)
        assert answer.status == 201, answer.body
        return Box(self.docker, name, answer.json["Id"])

    async def run(self, *command: str, name: str = "box", **config: Any) -> Box:
        return await (await self.create(*command, name=name, **config)).start()

    async def finished(self, *command: str, name: str = "box", **config: Any) -> Box:
        box = await self.run(*command, name=name, **config)
        await box.wait()
        return box

    async def listed(self, query: str = "all=1", **filters: list[str]) -> Any:
        extra = f"&filters={quote(json.dumps(filters))}" if filters else ""
        return (await self.docker.get(f"/containers/json?{query}{extra}")).json

    async def hijack(self, path: str, body: Any = None, *, upgrade: bool = True) -> Wire:
        """A connection that has been taken over by POSTing to `path`; its head is not read yet."""
        reader, writer = await asyncio.open_unix_connection(self.socket)
        data = json.dumps(body).encode() if body is not None else b""
        head = f"POST {path} HTTP/1.1\r\nHost: docker\r\nContent-Length: {len(data)}\r\n"
        head += "Content-Type: application/json\r\n" if data else ""
        head += "Upgrade: tcp\r\nConnection: Upgrade\r\n" if upgrade else ""
        writer.write(head.encode() + b"\r\n" + data)
        return Wire(reader, writer)

    async def hijack_get(self, path: str) -> Wire:
        """A GET whose body is read as it comes."""
        reader, writer = await asyncio.open_unix_connection(self.socket)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: docker\r\n\r\n".encode())
        return Wire(reader, writer)


class Wire:
    """Both directions of a hijacked connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def head(self) -> str:
        return (await self._reader.readuntil(b"\r\n\r\n")).decode()

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def half_close(self) -> None:
        self._writer.write_eof()

    def hold(self) -> None:
        """Read nothing for now."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def go_on(self) -> None:
        """Read again."""
        self._writer.transport.resume_reading()  # type: ignore[attr-defined]

    async def until(self, text: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self._reader.readuntil(text)

    async def exactly(self, size: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self._reader.readexactly(size)

    async def rest(self) -> bytes:
        """What comes until the daemon ends its half; closes ours."""
        async with asyncio.timeout(PATIENCE):
            data = await self._reader.read()
        await self.close()
        return data

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

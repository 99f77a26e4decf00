"""The protocol of an SSH agent, from the side of who asks it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from daemon.process.process import Process
from daemon.programs.net.openssh.wire import Malformed, Reader, string
from daemon.programs.tools.kit import reason

VARIABLE = "SSH_AUTH_SOCK"
FAILURES = (5, 30, 102)
SUCCESS = 6
LIST, IDENTITIES = 11, 12
SIGN, SIGNATURE = 13, 14
ADD, ADD_CONSTRAINED = 17, 25
REMOVE, REMOVE_ALL = 18, 19
ADD_CARD, REMOVE_CARD = 20, 21
LOCK, UNLOCK = 22, 23
LIFETIME, CONFIRM = b"\x01", b"\x02"
LONGEST = 256 * 1024
"""Bytes of an answer."""
MOST = 2048
"""Identities of an agent."""


class AgentError(Exception):
    """Why the agent did not do it, as OpenSSH says it."""


class NoAgent(AgentError):
    """There is none to ask."""


class Identity(NamedTuple):
    """A public key that an agent holds the private half of."""

    key: bytes
    comment: str


class Agent:
    """A connection to an agent."""

    def __init__(self, proc: Process, fd: int) -> None:
        self._proc = proc
        self._fd = fd

    async def identities(self) -> list[Identity]:
        answer = Reader(await self._ask(bytes([LIST]), IDENTITIES))
        try:
            count = answer.number()
            if count > MOST:
                raise Malformed
            return [Identity(answer.string(), answer.text()) for _ in range(count)]
        except Malformed:
            raise AgentError("invalid format") from None

    async def sign(self, key: bytes, data: bytes) -> None:
        """Let it sign something; AgentError if it cannot. What it says is believed."""
        flags = bytes(4)
        await self._ask(bytes([SIGN]) + string(key) + string(data) + flags, SIGNATURE)

    async def add(self, private: bytes, constraints: bytes) -> None:
        kind = ADD_CONSTRAINED if constraints else ADD
        await self._ask(bytes([kind]) + private + constraints, SUCCESS)

    async def remove(self, key: bytes) -> None:
        await self._ask(bytes([REMOVE]) + string(key), SUCCESS)

    async def remove_all(self) -> None:
        await self._ask(bytes([REMOVE_ALL]), SUCCESS)

    async def lock(self, password: str, *, unlock: bool) -> None:
        kind = UNLOCK if unlock else LOCK
        await self._ask(bytes([kind]) + string(password.encode()), SUCCESS)

    async def card(self, library: str, pin: str, *, remove: bool) -> None:
        kind = REMOVE_CARD if remove else ADD_CARD
        words = string(library.encode()) + string(pin.encode())
        await self._ask(bytes([kind]) + words, SUCCESS)

    async def _ask(self, request: bytes, expected: int) -> bytes:
        """What the answer has behind its kind."""
        answer = await self._talk(string(request))
        kind = answer[:1]
        if kind and kind[0] in FAILURES:
            raise AgentError("agent refused operation")
        if kind != bytes([expected]):
            raise AgentError("invalid format")
        return answer[1:]

    async def _talk(self, request: bytes) -> bytes:
        try:
            await self._proc.write(self._fd, request)
            size = int.from_bytes(await self._exactly(4), "big")
            if size > LONGEST:
                raise AgentError("invalid format")
            return await self._exactly(size)
        except OSError:
            raise AgentError("communication with agent failed") from None

    async def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = await self._proc.read(self._fd, size - len(data))
            if not more:
                raise AgentError("communication with agent failed")
            data += more
        return data


@asynccontextmanager
async def the_agent(proc: Process) -> AsyncIterator[Agent]:
    """That of the environment. NoAgent says why there is none."""
    path = proc.env.get(VARIABLE, "")
    if not path:
        raise NoAgent("Could not open a connection to your authentication agent.")
    try:
        fd = await proc.connect_unix(path)
    except OSError as error:
        raise NoAgent(f"Error connecting to agent: {reason(error)}") from None
    try:
        yield Agent(proc, fd)
    finally:
        proc.close(fd)
